"""What both sides of a plan's task elsewhere hold to: parts of files, and names."""

from __future__ import annotations

import base64
from pathlib import Path

from sessions.errors import AgentdeckError, UsageError
from sessions.paths import private_folder
from sessions.safety.sanitise import clean
from skills import private_files

ANSWER = "\x02answer.txt\x02"
"""Stands in a check's arguments for the file with the session's last answer."""
PART = 2 * 2**20
"""Bytes of a file in one answer."""

MOST_FILES = 200
MOST_BYTES = 50 * 2**20
"""What comes back as files; the rest is named."""


def unpacked(said: object) -> bytes:
    """One part of a file as it came, in base 64. Raises UsageError: it is none."""
    try:
        return base64.b64decode(str(said), validate=True)
    except ValueError as error:
        raise UsageError("What came is no part of a file.") from error


def written(target: Path, name: str, data: bytes) -> Path:
    """A file that came back, below a folder of here. Raises UsageError: its name leads out."""
    path = target / name
    parts = Path(name).parts
    inside = parts and not Path(name).is_absolute() and ".." not in parts
    # A folder on the way may be a link: it came with a branch from over there.
    if not inside or not path.parent.resolve().is_relative_to(target.resolve()):
        raise UsageError(f"{clean(name)[:200]!r} is no name of a file.")
    try:
        private_folder(path.parent)
        private_files.write(path, data, synced=False)
    except OSError as error:
        raise AgentdeckError(f"{clean(name)} can't be kept: {error.strerror}.") from error
    return path
