"""Which paths hold secrets, and which steer programs: names, and why each is kept.

Names are compared folded (`fold`): case, Unicode form, invisible characters and the endings
that some file systems drop make no difference, so `.GIT`, `.git.` and `.g<U+200C>it` are `.git`.
"""

from __future__ import annotations

import fnmatch
import functools
import re
import unicodedata
from pathlib import Path

from sessions.tools import credentials
from sessions.tools import steering_files as steering_names

# Code points that HFS+ ignores in names (git's CVE-2014-9390), and other unseen ones.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\U000e0000-\U000e0fff]"
)


def names(text: str) -> frozenset[str]:
    """A set of names that are written as one text."""
    return frozenset(text.split())


@functools.lru_cache(maxsize=4096)  # the same few names in every path
def fold(name: str) -> str:
    """One component of a path as the most forgiving file system would take it."""
    seen = unicodedata.normalize("NFKC", _UNSEEN.sub("", name)).casefold()
    seen = unicodedata.normalize("NFKC", _UNSEEN.sub("", seen)).split(":", 1)[0].rstrip(" .")
    return ".git" if seen == "git~1" else seen or name


def folded(path: Path) -> tuple[str, ...]:
    """A path's components, folded."""
    return tuple(fold(part) for part in path.parts)


_CREDENTIALS = frozenset(credentials.NAMES)
_DEEPEST = max(name.count("/") for name in _CREDENTIALS) + 1

_SECRET_NAMES = (
    ".env", ".env.*", "*.env", ".envrc", "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore",
    "*.kdbx", "*.ppk", "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", "id_xmss*", ".netrc",
    "_netrc", ".pgpass", ".npmrc", ".pypirc", ".git-credentials", ".dockercfg", "credentials",
    "credentials.*", "credentials-*", "secrets", "secrets.*", ".htpasswd", ".vault-token",
    "service-account*.json", "*.tfstate", "shadow", "gshadow", "cookies.sqlite", "login data",
    "key4.db", "environ", "auth.json", "oauth_creds.json", ".credentials.json", ".claude.json",
    "mcp-auth.json", "secrets.yaml", "google_accounts.json",
)  # fmt: skip
_NOT_SECRET = ("*.pub", ".env.example", ".env.sample", ".env.template", ".env.dist", "*.example")
_SECRET_PARTS = {
    ".ssh", ".aws", ".gnupg", ".azure", ".kube", ".password-store", "keyrings", "keychains",
}  # fmt: skip


def secret(path: Path) -> str:
    """Why reading this path is asked for, or ""."""
    parts = folded(path)
    for part in parts[:-1]:
        if part in _SECRET_PARTS:
            return f"{part} holds secrets"
    if known := _credential(_below_home(parts)):
        return f"~/{known} holds secrets"
    name = parts[-1]
    if any(fnmatch.fnmatchcase(name, p) for p in _NOT_SECRET):
        return ""
    if name in _SECRET_PARTS or any(fnmatch.fnmatchcase(name, p) for p in _SECRET_NAMES):
        return f"files named {path.name} often hold secrets"
    return ""


def _credential(home: tuple[str, ...]) -> str:
    """The entry of the table that a path below the home folder is, or lies in; or ""."""
    for depth in range(1, min(len(home), _DEEPEST) + 1):
        if (known := "/".join(home[:depth])) in _CREDENTIALS:
            return known
    return ""


def _below_home(parts: tuple[str, ...]) -> tuple[str, ...]:
    home = folded(Path.home().resolve())
    return parts[len(home) :] if parts[: len(home)] == home else ()


_START_FILES = {
    ".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".bash_aliases", ".profile",
    ".zshrc", ".zshenv", ".zprofile", ".zlogin", ".zlogout", ".kshrc", ".cshrc", ".tcshrc",
    ".login", ".logout", ".inputrc", ".envrc", ".xinitrc", ".xprofile", ".xsession", ".xsessionrc",
    ".pam_environment", ".tmux.conf", ".screenrc", ".vimrc", ".exrc", ".nvimrc", ".gvimrc",
    ".emacs", ".gdbinit", ".lldbinit", ".pythonrc", ".pdbrc", ".wgetrc", ".curlrc", ".hgrc",
    ".gitconfig", ".gitmodules", "crontab", "usercustomize.py", "sitecustomize.py",
}  # fmt: skip
_HOME_CONFIG = (
    ".config/fish", ".config/nvim", ".config/systemd", ".config/autostart", ".config/git",
    ".config/environment.d", ".config/opencode", ".config/goose", ".config/zsh",
    ".local/share/systemd", ".local/bin", "bin", "library/launchagents",
)  # fmt: skip
KEPT_FROM_COMMANDS = steering_names.AT_THE_TOP
"""In the top of a workspace: read-only for commands, or set aside where they make it."""


def steering(path: Path) -> str:
    """Why changing this path is asked for in every mode, or ""; it need not exist."""
    parts = folded(path)
    for part in parts:
        if part == ".git" or (part.endswith(".git") and part != parts[-1]):
            return "git runs hooks and programs that its own files name"
        if why := steering_names.why(part):
            return why
    if parts[-1] in _START_FILES:
        return f"{path.name} is read and run by other programs when they start"
    if bare_git(path):
        return "git runs hooks and programs that its own files name"
    home = _below_home(parts)
    for known in _HOME_CONFIG:
        if home[: known.count("/") + 1] == tuple(known.split("/")):
            return f"~/{known} steers what runs on this machine"
    if known := _credential(home):
        return f"~/{known} steers what runs on this machine"
    return ""


def bare_git(path: Path) -> bool:
    """Whether the path lies in a bare git repository's own folder (HEAD, objects, refs)."""
    for parent in list(path.parents)[:3]:
        if (parent / "HEAD").is_file() and (parent / "objects").is_dir():
            return (parent / "refs").is_dir()
    return False
