"""What a terminal printed as text: without its sequences, and without what was overwritten."""

from __future__ import annotations

import re

from sessions.safety.sanitise import clean

_SEQUENCE = re.compile(
    r"\x1b(?:\[[\x20-\x3f]*[\x40-\x7e]|[\]P^_X][^\x07\x1b\x18\x1a]*(?:\x07|\x1b\\)?"
    r"|[\x20-\x2f]+[\x30-\x7e]|[\x30-\x7e])"
)


def plain(raw: bytes) -> str:
    """The lines that are left to be read."""
    text = _SEQUENCE.sub("", raw.decode("utf-8", "replace").replace("\r\n", "\n"))
    lines = [_over(line) for line in text.split("\n")]
    return clean("\n".join(lines)).strip("\n")


def _over(line: str) -> str:
    """A line as it stands once everything has been printed over it."""
    if "\b" in line:
        line = "".join(_erased(line))
    if "\r" not in line:
        return line.rstrip()
    shown = ""
    for part in line.split("\r"):
        shown = part + shown[len(part) :]
    return shown.rstrip()


def _erased(line: str) -> list[str]:
    found: list[str] = []
    for char in line:
        if char != "\b":
            found.append(char)
        elif found:
            found.pop()
    return found


def width_of(prompt: bytes) -> int:
    """How many cells a prompt takes of the line in which a command is typed."""
    text = _SEQUENCE.sub("", prompt.decode("utf-8", "replace"))
    return len(text.replace("\r\n", "\n").rpartition("\n")[2].rpartition("\r")[2])
