"""The last of what a terminal printed, as bytes, with its sizes in their places.

A screen is drawn from it by whoever shows the terminal: from the beginning, or, where that is
gone, from the first line that is left, after the modes that were set before it (`preamble`).
"""

from __future__ import annotations

import bisect
from collections import deque
from collections.abc import Iterator

from sessions.terminals.modes import Modes

MOST = 2 * 2**20
"""Bytes kept of a terminal: more than ten thousand lines of a hundred."""
_BLOCK = 2**15


class PrintedBytes:
    """What was printed from `start` to `end`, both counted from the program's first byte."""

    def __init__(self, size: tuple[int, int], most: int = MOST) -> None:
        self.most = most
        self.start = self.end = 0
        self._blocks: deque[bytearray] = deque()
        self._sizes: list[tuple[int, tuple[int, int]]] = [(0, size)]
        self._before = Modes()
        """Those at `start`."""

    @property
    def whole(self) -> bool:
        """Whether it reaches back to the first byte."""
        return self.start == 0

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows at the end."""
        return self._sizes[-1][1]

    def size_at(self, at: int) -> tuple[int, int]:
        """Columns and rows as they were there."""
        found = bisect.bisect_right(self._sizes, at, key=lambda entry: entry[0])
        return self._sizes[max(0, found - 1)][1]

    def preamble(self) -> bytes:
        """What sets the modes that were set before `start`."""
        return self._before.sequence()

    def begin(self, start: int, preamble: bytes) -> None:
        """Nothing was kept before `start`; what sets the modes that were set there."""
        self.start = self.end = start
        self._sizes = [(start, self.size)]
        self._before.read(preamble)

    def add(self, data: bytes) -> None:
        """It printed that."""
        if self._blocks and len(self._blocks[-1]) + len(data) <= _BLOCK:
            self._blocks[-1] += data
        else:
            self._blocks.append(bytearray(data))
        self.end += len(data)
        while self.end - self.start > self.most and len(self._blocks) > 1:
            self._drop()

    def resized(self, columns: int, rows: int) -> None:
        """From here on it draws at that size."""
        if self._sizes[-1][0] == self.end:
            self._sizes[-1] = (self.end, (columns, rows))
        else:
            self._sizes.append((self.end, (columns, rows)))

    def _drop(self) -> None:
        """The first block goes, and of the next one the rest of a line that it began."""
        gone = self._blocks.popleft()
        rest = self._blocks[0].find(b"\n", 0, 4096) + 1
        if rest:
            gone += self._blocks[0][:rest]
            del self._blocks[0][:rest]
        self._before.read(bytes(gone))
        self.start += len(gone)
        there = bisect.bisect_right(self._sizes, self.start, key=lambda entry: entry[0])
        del self._sizes[: max(0, there - 1)]

    def since(self, at: int, most: int) -> tuple[bytes, tuple[int, int] | None]:
        """What was printed from `at`, at most so much and at one size, which is told if it is new.

        `at` is not before `start`.
        """
        later = bisect.bisect_left(self._sizes, at, key=lambda entry: entry[0])
        new = None
        if later < len(self._sizes) and self._sizes[later][0] == at:
            new = self._sizes[later][1]
            later += 1
        if later < len(self._sizes):
            most = min(most, self._sizes[later][0] - at)
        return b"".join(self._parts(at, most)), new

    def _parts(self, at: int, most: int) -> Iterator[bytes]:
        here = self.start
        for block in self._blocks:
            if most <= 0:
                return
            if here + len(block) > at:
                part = bytes(block[max(0, at - here) : max(0, at - here) + most])
                most -= len(part)
                yield part
            here += len(block)
