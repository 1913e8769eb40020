"""Names and sizes that may come into a skill folder: one set of rules for folders and archives.

What is refused is refused with the offending entry named. Names are judged for every system at
once (Windows keeps `CON` for itself and reads `\\` as a separator, macOS does not tell `é` from
`e` with an accent nor `A` from `a`), since a skill travels.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

from skills import text as unseen
from skills.errors import Refused

MAX_FILES = 2_000
MAX_BYTES = 50 * 1024 * 1024
MAX_DEPTH = 16
MAX_RATIO = 100
"""Unpacked size over packed size; measured for entries beyond 1 MiB."""
SKIPPED = frozenset({".git", "__pycache__", ".DS_Store", "__MACOSX"})
"""What every system leaves lying about; never taken in."""
_RESERVED = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?\Z", re.IGNORECASE
)
_FORBIDDEN = re.compile(r'[<>:"|?*\\]')
SAFE_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}\Z")


def skill_name(name: str) -> str:
    """`name`, if a folder of my skills may be called so.

    Raises:
        Refused: it may not; the name is the entry.
    """
    if not SAFE_NAME.match(name) or _RESERVED.match(name) or name.endswith("-"):
        raise Refused(
            f"`{shown(name)}` can't be the name of a skill's folder.",
            "Use lowercase letters, digits and hyphens, at most 64: --as NAME.",
            entry=shown(name),
        )
    return name


def shown(name: str) -> str:
    """A name as it may be printed: cut, without control characters."""
    visible = "".join(c if c.isprintable() and not unseen.kind_of(c) else "�" for c in name)
    return visible[:120] + ("…" if len(visible) > 120 else "")


class Entries:
    """Counts what comes in, and refuses what may not."""

    def __init__(self) -> None:
        self.files = 0
        self.bytes = 0
        self._folders: dict[str, str] = {}
        self._names: dict[str, str] = {}

    def file(self, path: str, size: int) -> PurePosixPath:
        """Take note of a file; its path in the folder.

        Raises:
            Refused: its name, its place, its size or its double.
        """
        clean = check_path(path)
        self._parents(clean)
        key = _folded(str(clean))
        if key in self._names or key in self._folders:
            other = self._names.get(key) or self._folders[key]
            if other == str(clean):
                raise refused(path, "stands there twice")
            raise refused(path, f"and {shown(other)} are one name to some systems")
        self._names[key] = str(clean)
        self.files += 1
        if self.files > MAX_FILES:
            raise refused(path, f"is one file too many ({MAX_FILES:,} may be)")
        self.grow(path, size)
        return clean

    def folder(self, path: str) -> PurePosixPath:
        """Take note of a folder.

        Raises:
            Refused: its name or its place.
        """
        clean = check_path(path)
        self._parents(clean / "x")
        return clean

    def grow(self, path: str, size: int) -> None:
        """Count bytes that came in with `path`.

        Raises:
            Refused: they are too many.
        """
        self.bytes += size
        if self.bytes > MAX_BYTES:
            raise refused(path, f"brings it beyond {MAX_BYTES >> 20} MiB")

    def _parents(self, path: PurePosixPath) -> None:
        for parent in list(path.parents)[:-1]:
            key = _folded(str(parent))
            other = self._folders.setdefault(key, str(parent))
            if other != str(parent):
                raise refused(str(path), f"and {shown(other)} are one name to some systems")
            if key in self._names:
                raise refused(str(path), f"lies in {shown(self._names[key])}, which is a file")


def check_path(path: str) -> PurePosixPath:
    """`path` as a relative path that stays where it is unpacked, on every system.

    Raises:
        Refused: it does not.
    """
    if not path or "\0" in path:
        raise refused(path, "is no name")
    if path.startswith(("/", "~")):
        raise refused(path, "leaves the folder")
    parts = path.rstrip("/").split("/")
    if len(parts) > MAX_DEPTH:
        raise refused(path, f"lies more than {MAX_DEPTH} folders deep")
    for part in parts:
        _check_part(path, part)
    return PurePosixPath(*parts)


def _check_part(path: str, part: str) -> None:
    if part in ("", ".", ".."):
        raise refused(path, "leaves the folder" if part == ".." else "is no plain path")
    if any(ord(c) < 32 or unseen.kind_of(c) or 0xD800 <= ord(c) <= 0xDFFF for c in part):
        raise refused(path, "has characters that are not seen")
    if _FORBIDDEN.search(part):
        raise refused(path, "has characters that some systems keep for themselves")
    if part != part.strip() or part.endswith("."):
        raise refused(path, "ends in a blank or a dot, which some systems drop")
    if _RESERVED.match(part):
        raise refused(path, "is a device on Windows")
    if len(part.encode("utf-8", "surrogatepass")) > 255:
        raise refused(path, "is too long a name")
    if part.casefold() == ".git":
        raise refused(path, "belongs to a repository")


def skipped(path: str) -> bool:
    """Whether an entry is of the kind that is silently left out."""
    return any(part in SKIPPED for part in path.split("/"))


def refused(entry: str, why: str) -> Refused:
    """The refusal of one entry."""
    name = shown(entry)
    return Refused(f"{name or '(an entry without a name)'} {why}; nothing was taken.", entry=name)


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
