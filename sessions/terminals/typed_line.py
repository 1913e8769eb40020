"""A command as its line stands once it is entered, read from what was printed while it was typed.

As much of a terminal as line editors use of one: rows that wrap, moves from where the cursor
stands, what erases and inserts. Whatever else is printed makes the command unknown, not wrong.
"""

from __future__ import annotations

import re
from unicodedata import combining, east_asian_width

from sessions.safety.sanitise import clean

_EDIT = re.compile(
    r"\x1b\[(\d{0,4})([ABCDKPJ@])|\x1b\[\?[\d;]*[hl]|\x1b\[[\d;]*m|([\x00-\x1a\x1c-\x1f\x7f])|."
)
_ENTERED = re.compile(r"(?:[\r\n]|\x1b\[\?\d+[hl])+\Z")
"""What is printed when a line is entered."""
_ACCEPTED = "\x1b[?2004l"
"""Before the end: a line was entered, and the command goes on behind another prompt."""
_BESIDE = "\0"
"""Behind the left half of a wide character."""
_MOST_ROWS = 200


def typed(raw: bytes, prompt: int = 0, columns: int = 80, lines: bool = False) -> str:
    """A command as it is shown behind a prompt of so many cells, "" where that can't be told.

    `lines`: it may have several; else a further line is taken for another prompt's.
    """
    text = _ENTERED.sub("", raw.decode("utf-8", "replace"))
    rows = _Rows(prompt, max(1, columns))
    if _ACCEPTED in text or not all(rows.take(found) for found in _EDIT.finditer(text)):
        return ""
    found = rows.text()
    return found if lines or "\n" not in found else ""


class _Rows:
    """What stands there. Row 0 is the one in which the prompt ends."""

    def __init__(self, prompt: int, columns: int) -> None:
        self._columns = columns
        self._begin = prompt % columns
        self._rows: list[list[str]] = [[]]
        self._on: set[int] = set()
        """Rows that go on in the next one."""
        self._x, self._y = self._begin, 0

    def take(self, found: re.Match[str]) -> bool:
        """One thing that was printed; False: it is not known."""
        number, how, control = int(found[1] or 1), found[2], found[3]
        if how in ("K", "J"):
            return not int(found[1] or 0) and self._erase(how)
        if how:
            return self._move(how, number) if how in "ABCD" else self._shift(how, number)
        if control:
            return self._control(control)
        if not found[0].startswith("\x1b"):
            self._write(found[0])
            return True
        return found[0] != "\x1b"

    def _control(self, char: str) -> bool:
        if char == "\r":
            self._x = 0
        elif char == "\b":
            return self._move("D", 1)
        elif char == "\n":
            return self._move("B", 1)
        return char in "\r\a"

    def _move(self, how: str, number: int) -> bool:
        self._x = min(self._x, self._columns - 1)
        if how in "CD":
            self._x += number if how == "C" else -number
            self._x = min(max(0, self._x), self._columns - 1)
        else:
            self._y += number if how == "B" else -number
        if not 0 <= self._y < _MOST_ROWS:
            return False
        self._rows += [[] for _ in range(self._y + 1 - len(self._rows))]
        return True

    def _erase(self, how: str) -> bool:
        del self._rows[self._y][self._x :]
        self._on.discard(self._y)
        if how == "J":
            del self._rows[self._y + 1 :]
        return True

    def _shift(self, how: str, number: int) -> bool:
        row = self._rows[self._y]
        if how == "P":
            del row[self._x : self._x + number]
        else:
            row[self._x : self._x] = " " * number
            del row[self._columns :]
        return True

    def _write(self, char: str) -> None:
        if combining(char):
            if row := self._rows[self._y][: self._x]:
                self._rows[self._y][len(row) - 1] += char
            return
        cells = [char, _BESIDE] if east_asian_width(char) in "WF" else [char]
        if self._x + len(cells) > self._columns:
            self._on.add(self._y)
            self._x = 0
            self._move("B", 1)
        row = self._rows[self._y]
        row.extend(" " * (self._x - len(row)))
        row[self._x : self._x + len(cells)] = cells
        self._x += len(cells)

    def text(self) -> str:
        """The command."""
        told = ""
        for y, row in enumerate(self._rows):
            line = "".join(row[self._begin if y == 0 else 0 :]).replace(_BESIDE, "")
            told += line if y in self._on else line.rstrip() + "\n"
        return clean(told).strip()
