"""Lines of a foreign program's stdout, however long they are, in bounded memory.

Of a line that is too long the beginning and the end are kept: enough to know what it was, to say
so, and to show the beginning of its text.
"""

from __future__ import annotations

import contextlib
import json
import re

KEPT = 2**20
"""Bytes of the beginning of a line that is too long."""
_TAIL = 4096
_TEXT = re.compile(rb'"text"\s*:\s*"((?:[^"\\]++|\\.)*+)', re.DOTALL)


class Lines:
    """Bytes to lines: `(line, its size)`, the size above the line's own where it was cut."""

    def __init__(self, most: int) -> None:
        """`most`: bytes of a line that is kept whole; not below KEPT."""
        self._most = most
        self._held = bytearray()
        self._tail = bytearray()
        self._size = 0

    def feed(self, data: bytes) -> list[tuple[bytes, int]]:
        """The lines that are complete now."""
        found: list[tuple[bytes, int]] = []
        *ends, rest = data.split(b"\n")
        for end in ends:
            self._take(end)
            found.append((bytes(self._held + self._tail), self._size))
            self._held, self._tail, self._size = bytearray(), bytearray(), 0
        self._take(rest)
        return found

    def _take(self, data: bytes) -> None:
        self._size += len(data)
        if self._size <= self._most:
            self._held += data
            return
        tail = bytes(self._tail) if self._tail else bytes(self._held[KEPT:])
        self._held += data[: max(0, KEPT - len(self._held))]
        del self._held[KEPT:]
        self._tail = bytearray((tail + data)[-_TAIL:])


def texts(line: bytes) -> list[str]:
    """The values of `"text"` in a piece of JSON; the last may be cut off anywhere."""
    return [_unescaped(found) for found in _TEXT.findall(line)]


def _unescaped(piece: bytes) -> str:
    text = piece.decode("utf-8", "ignore")
    for cut in range(13):  # two escapes of a surrogate pair, at most
        with contextlib.suppress(ValueError):
            whole = str(json.loads(f'"{text[: len(text) - cut]}"', strict=False))
            return whole.encode("utf-8", "ignore").decode()
    return ""
