"""What a terminal printed as text: without its sequences, and without what was overwritten."""

from __future__ import annotations

import re

from sessions.safety.sanitise import clean

_SEQUENCE = re.compile(
    r"\x1b(?:\[[\x20-\x3f]*[\x40-\x7e]|[\]P^_X][^\x07\x1b\x18\x1a]*(?:\x07|\x1b\\)?"
    r"|[\x20-\x2f]+[\x30-\x7e]|[\x30-\x7e])"
)
_EDIT = re.compile(
    r"\x1b\[(\d{0,4})([CDKPJ@])|\x1b\[\?[\d;]*[hl]|\x1b\[[\d;]*m|([\x00-\x1a\x1c-\x1f\x7f])|."
)

_ENTERED = re.compile(r"(?:[\r\n]|\x1b\[\?\d+[hl])+\Z")
"""What is printed when a line is entered."""


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


def typed(raw: bytes, prompt: int = 0) -> str:
    """A command as its line shows it behind a prompt, "" where that can't be told."""
    line: list[str] = []
    at = 0
    for found in _EDIT.finditer(_ENTERED.sub("", raw.decode("utf-8", "replace"))):
        how, control = found[2], found[3]
        number = int(found[1] or 1)
        if control == "\r":
            at = -prompt
        elif control == "\b" or how == "D":
            at -= 1 if control else number
        elif how == "C":
            at += number
        elif how in ("K", "J") and not int(found[1] or 0):
            del line[max(0, at) :]
        elif how == "P":
            del line[max(0, at) : max(0, at + number)]
        elif how == "@":
            line[max(0, at) : max(0, at)] = " " * number
        elif (control and control != "\a") or how in ("K", "J") or found[0] == "\x1b":
            return ""  # more than one line, or what is not known
        elif not control and not found[0].startswith("\x1b"):
            at = _written(line, at, found[0])
    return clean("".join(line)).strip()


def _written(line: list[str], at: int, char: str) -> int:
    """Put a character there, if that is behind the prompt; where the next one comes."""
    if at >= 0:
        line.extend(" " * (at - len(line)))
        line[at : at + 1] = [char]
    return at + 1
