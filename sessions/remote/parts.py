"""What both sides of a plan's task elsewhere hold to: parts of files, and names."""

from __future__ import annotations

from pathlib import Path

from sessions.errors import AgentdeckError, UsageError
from sessions.places import private_folder
from sessions.safety.sanitise import clean
from skills import private_files

ANSWER = "\x02answer.txt\x02"
"""Stands in a check's arguments for the file with the session's last answer."""
PART = 2 * 2**20
"""Bytes of a file in one answer."""


def written(target: Path, name: str, data: bytes) -> Path:
    """A file that came back, below a folder of here. Raises UsageError: its name leads out."""
    path = target / name
    parts = Path(name).parts
    if not parts or Path(name).is_absolute() or ".." in parts:
        raise UsageError(f"{clean(name)[:200]!r} is no name of a file.")
    try:
        private_folder(path.parent)
        private_files.write(path, data, synced=False)
    except OSError as error:
        raise AgentdeckError(f"{clean(name)} can't be kept: {error.strerror}.") from error
    return path
