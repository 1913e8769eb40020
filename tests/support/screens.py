"""pyte's terminal, for programs that paint much and whose screen is looked at after every read.

It shows what pyte's own does (`tests/unit/test_screens.py`). That makes every cell anew, measures
each character when it is drawn and when it is read, and parses character by character: a deck cost
its terminal as much as itself. What nearly every frame is made of takes a shorter way here, the
rest pyte's, and a row is read again when it has changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import pyte
from pyte import charsets, modes
from wcwidth import wcwidth

_CONTROL = re.compile(r"\x1b\[(\??)([0-9;]*)([A-Za-z`@])")
"""A control sequence without any of the oddities that pyte's parser knows."""
_MOST = 9999


@lru_cache(4096)
def _numbers(text: str) -> tuple[int, ...]:
    return tuple(min(int(number or 0), _MOST) for number in text.split(";"))


class _Cells(dict[str, Any]):
    """The cells of one look, by what stands in them."""

    def __init__(self, look: Any) -> None:
        super().__init__()
        self._look = look

    def __missing__(self, char: str) -> Any:
        made = self[char] = self._look._replace(data=char)
        return made


class Screen(pyte.Screen):
    """A screen of `columns` x `rows`."""

    def __init__(self, columns: int, rows: int) -> None:
        self._narrow = {" "}
        """Characters known to fill one cell."""
        self._cells: dict[Any, _Cells] = {}
        self._looks: dict[tuple[Any, ...], Any] = {}
        self._read: list[str] = []
        super().__init__(columns, rows)

    @property
    def display(self) -> list[str]:
        """The rows as text."""
        if len(self._read) != self.lines:
            self._read = [""] * self.lines
            self.dirty.update(range(self.lines))
        for y in self.dirty:
            if y < self.lines:
                self._read[y] = self._row(self.buffer[y])
        self.dirty.clear()
        return list(self._read)

    def _row(self, line: Any) -> str:
        row = "".join([line[x].data for x in range(self.columns)])
        return row if self._narrow.issuperset(row) else "".join(self._wide_row(line))

    def _wide_row(self, line: Any) -> Iterator[str]:
        """As pyte: what stands in the second cell of a wide character is not there."""
        hidden = False
        for x in range(self.columns):
            char = line[x].data
            if not hidden:
                yield char
            hidden = not hidden and wcwidth(char[:1]) == 2

    def draw(self, data: str) -> None:
        """Text where the cursor is."""
        cursor, after = self.cursor, self.cursor.x + len(data)
        if after > self.columns or modes.IRM in self.mode or not self._all_narrow(data):
            self.dirty.add(max(0, cursor.y - 1))  # an accent may go to the end of the row above
            super().draw(data)
            return
        cells = self._cells.get(cursor.attrs)
        if cells is None:
            cells = self._cells[cursor.attrs] = _Cells(cursor.attrs)
        places = range(cursor.x, after)
        self.buffer[cursor.y].update(zip(places, map(cells.__getitem__, data), strict=True))
        self.dirty.add(cursor.y)
        cursor.x = after

    def _all_narrow(self, data: str) -> bool:
        if self.charset or self.g0_charset is not charsets.LAT1_MAP:
            return False
        if not self._narrow.issuperset(data):
            self._narrow.update(char for char in data if wcwidth(char) == 1)
            return self._narrow.issuperset(data)
        return True

    def select_graphic_rendition(self, *attrs: int) -> None:
        """How what is drawn from here on looks."""
        key = (self.cursor.attrs, attrs, modes.DECSCNM in self.mode)
        look = self._looks.get(key)
        if look is None:
            super().select_graphic_rendition(*attrs)
            self._looks[key] = self.cursor.attrs
        else:
            self.cursor.attrs = look


class Stream(pyte.Stream):
    """What a program writes, as text, on its way to a screen."""

    def feed(self, data: str) -> None:
        """Take more of it."""
        screen: Any = self.listener
        text, control = self._text_pattern.match, _CONTROL.match
        at = 0
        while at < len(data):
            if self._taking_plain_text:
                if found := text(data, at):
                    at = found.end()
                    screen.draw(found[0])
                    continue
                if found := control(data, at):
                    at = found.end()
                    private, numbers, kind = found.groups()
                    does = getattr(screen, self.csi.get(kind, "debug"))
                    does(*_numbers(numbers), **({"private": True} if private else {}))
                    continue
            self._taking_plain_text = self._send_to_parser(data[at])
            at += 1


class ByteStream(pyte.ByteStream, Stream):
    """The same of bytes."""
