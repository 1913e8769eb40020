"""Takes out of a text what must not leave a session: secrets, user names, absolute paths.

Patterns follow those that gitleaks (https://github.com/gitleaks/gitleaks, MIT) documents for
each vendor. A redaction can't be complete: unknown shapes pass, and the review says so.
"""

from __future__ import annotations

import getpass
import hashlib
import math
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sessions.harvest.personal_data import Person, here, without_hosts

_PATTERNS: dict[str, str] = {
    "anthropic-key": r"sk-ant-[A-Za-z0-9_-]{16,}",
    "openai-key": r"sk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,}",
    "aws-access-key": r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b",
    "github-token": r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,})",
    "gitlab-token": r"\bgl(?:pat|ptt|dt|rt|cbt|soat)-[A-Za-z0-9_-]{16,}",
    "slack-token": r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}",
    "slack-webhook": r"https://hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/_-]{20,}",
    "google-api-key": r"\bAIza[A-Za-z0-9_-]{35}",
    "google-oauth": r"\bya29\.[A-Za-z0-9_-]{20,}|\bGOCSPX-[A-Za-z0-9_-]{20,}",
    "npm-token": r"\bnpm_[A-Za-z0-9]{30,}",
    "pypi-token": r"\bpypi-[A-Za-z0-9_-]{40,}",
    "huggingface-token": r"\bhf_[A-Za-z0-9]{30,}",
    "stripe-key": r"\b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}|\bwhsec_[A-Za-z0-9]{24,}",
    "twilio-key": r"\b(?:SK|AC)[0-9a-f]{32}\b",
    "sendgrid-key": r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
    "digitalocean-token": r"\bdo[opr]_v1_[0-9a-f]{64}\b",
    "telegram-token": r"\b\d{8,10}:AA[A-Za-z0-9_-]{32,34}\b",
    "discord-token": r"\b[MNO][A-Za-z0-9_-]{23,25}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38}",
    "azure-key": r"(?i:\b(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/=]{40,})",
    "databricks-token": r"\bdapi[0-9a-f]{32}\b",
    "shopify-token": r"\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}\b",
    "jwt": r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
    "private-key": (
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----.*?"
        r"(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\Z)"
    ),
    "url-password": r"(?<=://)[^\s/:@]+:[^\s/@]{3,}(?=@)",
    "bearer": r"(?i:(?<=bearer ))[A-Za-z0-9._~+/=-]{16,}",
}
_SECRETS = re.compile(
    "|".join(f"(?P<{name.replace('-', '_')}>{text})" for name, text in _PATTERNS.items()), re.S
)
# `password = "…"`: the name says what it is; the value must look like one.
_ASSIGNED = re.compile(
    r"(?i)\b([\w.-]*(?:password|passwd|secret|token|api_?key|access_?key|credential)[\w.-]*)"
    r"(['\"]?\s*(?:=>|[:=])\s*)(['\"]?)([^\s'\"]{8,})\3"
)
_SECRET_NAMES = re.compile(r"(?i)KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL")
_PLACEHOLDER = re.compile(
    r"(?i)^(\$|<|\{|\[|your|xxx|\*{3}|example|changeme|none|null|true|false|os\.|env|process\.|get|self\.|config)"
)
_HOME = re.compile(r"(?:/home|/Users|/root|[A-Z]:\\Users)(?:[/\\][\w.-]+)?")
_MIN_VALUE = 12
# Where people keep what is theirs. A list: `/v1/messages` is a path as well, and no file's.
_ELSEWHERE = re.compile(
    r"(?<![\w.:/~$}>-])/(?:srv|opt|mnt|media|data|var(?!/tmp|/log|/run)|Volumes|work|workspaces?|"
    r"scratch|nfs|private)(?:/[\w.@+-]+)+"
)


@dataclass(frozen=True, slots=True)
class Redaction:
    """What was taken out: `kind` (a pattern's name, `user`, `path`) and how often."""

    kind: str
    count: int


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text without what must not leave, and what that was."""

    text: str
    redactions: tuple[Redaction, ...]


class Redactor:
    """Redacts by shape, by the values of the environment, and by who and where the user is."""

    def __init__(
        self,
        environment: Mapping[str, str] | None = None,
        user: str | None = None,
        home: Path | None = None,
        cwd: str | Iterable[str] = "",
    ) -> None:
        """`cwd`: the working directories whose paths become relative."""
        env = os.environ if environment is None else environment
        self._values = sorted(
            {
                value
                for name, value in env.items()
                if _SECRET_NAMES.search(name) and len(value) >= _MIN_VALUE
            },
            key=len,
            reverse=True,
        )
        self._user = _user() if user is None else user
        self._person = Person(*here()) if user is None else Person()
        self._home = str(home or Path.home())
        folders = {cwd} if isinstance(cwd, str) else set(cwd)
        self._folders = [
            _folder(folder)
            for folder in sorted((f.rstrip("/") for f in folders), key=len, reverse=True)
            if len(folder) > 1
        ]

    def learn(self, text: str) -> None:
        """Names that a text tells are taken out of every text from now on."""
        self._person.learn(text)

    def redact(self, text: str, *, places: bool = True) -> Redacted:
        """Take out secrets; with `places`, also who people are and where."""
        counts: Counter[str] = Counter()
        for value in self._values:
            if value in text:
                counts["environment"] += text.count(value)
                text = text.replace(value, _mark("environment", value))

        def known(found: re.Match[str]) -> str:
            kind = str(found.lastgroup).replace("_", "-")
            counts[kind] += 1
            return _mark(kind, found[0])

        def assigned(found: re.Match[str]) -> str:
            name, between, quote, value = found.groups()
            if _PLACEHOLDER.search(value) or "REDACTED" in value or _entropy(value) < 2.5:
                return found[0]
            counts["assigned"] += 1
            return f"{name}{between}{quote}{_mark('assigned', value)}{quote}"

        text = _ASSIGNED.sub(assigned, _SECRETS.sub(known, text))
        if places:
            text = self._person.without(self._places(text, counts), counts)
        return Redacted(text, tuple(Redaction(k, n) for k, n in sorted(counts.items()) if n))

    def _places(self, text: str, counts: Counter[str]) -> str:
        for folder in self._folders:
            text, found = folder.subn(lambda path: "" if path[1] else ".", text)
            counts["path"] += found
        if len(self._home) > 1:
            text, found = _folder(self._home).subn(lambda path: f"~{path[1]}", text)
            counts["path"] += found
        text, homes = _HOME.subn("~", text)
        counts["path"] += homes
        if len(self._user) > 2 and self._user != "root":
            pattern = rf"(?<![\w.-]){re.escape(self._user)}(?![\w-])"
            text, users = re.subn(pattern, "USER", text)
            counts["user"] += users
        return text


def elsewhere(text: str) -> list[str]:
    """Absolute paths in a text that another machine is not likely to have, each once."""
    return list(dict.fromkeys(_ELSEWHERE.findall(text)))


def general(text: str) -> str:
    """A sentence with such paths by their last part alone (`PATH/orders.csv`), and no host that
    only some know.
    """
    told = _ELSEWHERE.sub(lambda found: f"PATH/{found[0].rsplit('/', 1)[-1]}", text)
    return without_hosts(told)


def nearer(text: str) -> str:
    """The text of a file with such paths by their last part: looked for where it runs."""
    return _ELSEWHERE.sub(lambda found: found[0].rsplit("/", 1)[-1], text)


def _folder(path: str) -> re.Pattern[str]:
    """A folder where a text names it, and what is in it; not one whose name only begins so."""
    return re.compile(rf"(?<![\w./~-]){re.escape(path)}(/(?=[\w.@+-])|(?![\w-]|\.\w))")


def _mark(kind: str, value: str) -> str:
    """What stands in a secret's place: the same secret always gives the same mark."""
    digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"[REDACTED:{kind}:{digest}]"


def _entropy(value: str) -> float:
    """Shannon entropy in bits per character."""
    total = len(value)
    return -sum(n / total * math.log2(n / total) for n in Counter(value).values())


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
