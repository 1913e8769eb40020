"""The user's keys, known by value, so that they stay out of all that is written down or shown.

`config.load` tells which values those are: keys of backends, passwords in addresses, what looks
like a key in the environment of agents and MCP servers, and every variable of this process whose
name says so. The journal, the output that commands leave, the log and the exports replace them.
A shape is not guessed at: only a value that is known is replaced, so the record stays true.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

MARK = "[key hidden]"
# Words of a variable's name that say that it holds a key; AUTHOR is not AUTH, KEYCLOAK no KEY.
_NAMES = re.compile(
    r"(?:.*(?:API|ACCESS|PRIVATE|SECRET|SIGNING|ENCRYPTION|MASTER|LICENSE|SSH|AUTH|SERVICE))?KEYS?\d*"
    r"|.*TOKENS?\d*|.*SECRETS?\d*|.*PASSWORDS?\d*|.*PASSWD|PASS|.*PASSPHRASE|PWD|.*CREDENTIALS?"
    r"|O?AUTH\d?|BASICAUTH|COOKIES?|DSN|SESSIONID|PAT|BEARER|CREDS?",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
# Shorter values are words that stand in any text.
_MIN_CONFIGURED, _MIN_ENVIRONMENT = 8, 12
_QUERY_SECRET = re.compile(r"(?i)([?&][\w.-]*(?:key|token|secret|passw|sig)[\w.-]*=)[^&#\s]+")
_USER = re.compile(r"(?<=://)[^\s/@]+(?=@)")
_FLAG = re.compile(r"(?i)^--?[\w-]*(key|token|secret|passw|credential|bearer)[\w-]*(=|$)")


class HiddenValues:
    """The values that are to be hidden. Replaced as a whole whenever a configuration is read."""

    def __init__(self) -> None:
        self._values: tuple[str, ...] | None = None
        self._lines: tuple[bytes, ...] = ()

    @property
    def values(self) -> tuple[str, ...]:
        """The longest first; those of the environment if nothing has been said yet."""
        if self._values is None:
            self.remember(())
        return self._values or ()

    @property
    def lines(self) -> tuple[bytes, ...]:
        """The same as they stand in a line of JSON."""
        return self._lines if self._values is not None else self._encoded()

    @property
    def bytewise(self) -> tuple[str, ...]:
        """The same, each byte of their UTF-8 as one character."""
        return tuple(v.encode("utf-8", "surrogatepass").decode("latin-1") for v in self.values)

    def _encoded(self) -> tuple[bytes, ...]:
        from sessions.safety import json_text  # not wanted before the first frame

        return tuple(json_text.encode(value)[1:-2] for value in self.values)

    def remember(self, configured: Iterable[str]) -> None:
        """From now on: these, and what the environment holds."""
        found = {value for value in configured if len(value) >= _MIN_CONFIGURED}
        found.update(_of_environment(os.environ))
        self._values = tuple(sorted(found, key=lambda v: (-len(v), v)))
        self._lines = self._encoded()


known = HiddenValues()


def _of_environment(environment: Mapping[str, str]) -> Iterator[str]:
    for name, value in environment.items():
        if not keyish(name):
            continue
        if "://" in value:
            yield from of_address(value)  # an address without credentials is no key
        elif len(value) >= _MIN_ENVIRONMENT and _looks_secret(value):
            yield value
            if "\n" in value:  # a key of several lines, such as PEM: each may be shown alone
                yield from (line for line in value.split("\n") if _key_line(line))


def _looks_secret(value: str) -> bool:
    """No path, and no plain word that a text may hold by itself."""
    if value.startswith(("/", "~", "./")):
        return False
    return len(value) >= 20 or any(c.isdigit() for c in value) or not value.islower()


def _key_line(line: str) -> bool:
    line = line.strip()
    return len(line) >= 20 and not line.startswith("-----") and " " not in line


def keyish(name: str) -> bool:
    """Whether a variable of this name is likely to hold a key, by the words that it is made of."""
    if name in ("PWD", "OLDPWD") or name.startswith("GIT_AUTHOR"):
        return False
    parts = [part for part in re.split(r"[_\W]+", name) if part]
    camel = [word for part in parts for word in _WORDS.findall(part)]
    whole = re.sub(r"[_\W]+", "", name)
    return any(_NAMES.fullmatch(word) for word in (*parts, *camel)) or whole.upper() in (
        "SESSIONID",
    )


def of_address(url: str) -> Iterator[str]:
    """The secrets in an address: the password of its user, and keys in its query."""
    try:
        password = urlsplit(url).password
    except ValueError:
        password = None
    if password:
        yield password
    for found in _QUERY_SECRET.finditer(url):
        yield found[0].partition("=")[2]


def of_command(words: Iterable[str]) -> Iterator[str]:
    """The values that a command's options name as keys: `--token X` and `--token=X`."""
    named = False
    for word in words:
        if named:
            yield word
        flag = _FLAG.match(word)
        named = flag is not None and "=" not in word
        if flag is not None and "=" in word:
            yield word.partition("=")[2]


def address(url: str) -> str:
    """An address as it may be shown: without user, password and keys."""
    return _QUERY_SECRET.sub(r"\1…", _USER.sub("…", url))


def hide(text: str) -> str:
    """The text without any value that is known."""
    for value in known.values:
        if value in text:
            text = text.replace(value, MARK)
    return text


def hide_bytes(data: bytes) -> bytes:
    """The same for what a command printed."""
    for value in known.values:
        raw = value.encode("utf-8", "surrogatepass")
        if raw in data:
            data = data.replace(raw, MARK.encode())
    return data


def in_line(line: bytes | bytearray) -> bool:
    """Whether a line of JSON holds a value that is known."""
    return any(value in line for value in known.lines)


def hide_in(value: Any) -> Any:
    """JSON data without any value that is known, in keys too."""
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, Mapping):
        return {hide(key): hide_in(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [hide_in(entry) for entry in value]
    return value


def begun(text: str, values: Iterable[str] | None = None) -> int:
    """How many characters at the end of `text` may be the beginning of a key.

    A stream holds them back, so that a key that comes in two pieces is seen whole.
    """
    longest = 0
    for value in known.values if values is None else values:
        tail = text[-(len(value) - 1) :]
        at = tail.find(value[0])
        while at >= 0:
            if value.startswith(tail[at:]):
                longest = max(longest, len(tail) - at)
                break
            at = tail.find(value[0], at + 1)
    return longest


class Formatter(logging.Formatter):
    """A log's lines without keys, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        """The line as usual, with every known value replaced."""
        return hide(super().format(record))
