"""What a terminal printed as text: without its sequences, and without what was overwritten."""

from __future__ import annotations

import re

from sessions.safety.sanitise import clean

_SEQUENCE = re.compile(
    r"\x1b(?:\[[\x20-\x3f]*[\x40-\x7e]|[\]P^_X][^\x07\x1b\x18\x1a]*(?:\x07|\x1b\\)?"
    r"|[\x20-\x2f]+[\x30-\x7e]|[\x30-\x7e])"
)
_EDIT = re.compile(r"\x1b\[(\d*)([CDKPJ@mhl])|\x1b\[\?[\d;]*[hl]|\x1b\[[\d;]*m|([\x00-\x1f\x7f])|.")


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


def typed(raw: bytes) -> str:
    """A command as its line shows it between prompt and output, "" where that can't be told."""
    line: list[str] = []
    at = 0
    for found in _EDIT.finditer(raw.decode("utf-8", "replace").rstrip("\r\n")):
        count, how, control = found[1], found[2], found[3]
        number = int(count or 1)
        if control == "\b" or how == "D":
            at = max(0, at - (1 if control else number))
        elif how == "C":
            at += number
        elif how in ("K", "J") and count in ("", "0"):
            del line[at:]
        elif how == "P":
            del line[at : at + number]
        elif how == "@":
            line[at:at] = " " * number
        elif control == "\a":
            continue
        elif control or how in ("K", "J"):
            return ""  # more than one line, or a line that is drawn anew
        elif not found[0].startswith("\x1b"):
            line[len(line) :] = " " * (at - len(line))
            line[at : at + 1] = [found[0]]
            at += 1
        elif len(found[0]) == 1:
            return ""
    return clean("".join(line)).strip()
