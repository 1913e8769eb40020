"""The modes of a terminal that a program has set: told again to whoever begins in the middle."""

from __future__ import annotations

import re

BRACKETED = 2004
"""What is pasted comes between two marks."""
ALTERNATE = (1049, 1047, 47)
"""The screen of a program that draws all of it."""
_SET = re.compile(rb"\x1b(?:\[\?([\d;]{1,80})([hl])|(c)|\[!(p)|([=>])|\[([\d;]{0,9})r)")
_BEGINS = (b"\x1b[?", b"\x1bc", b"\x1b[!p", b"\x1b=", b"\x1b>")
_REGION = re.compile(rb"\x1b\[[\d;]{0,9}r")
_MOST = 64


class Modes:
    """The private modes that are on or off otherwise than at the beginning, and a few others."""

    def __init__(self) -> None:
        self._private: dict[int, bool] = {}
        self._keypad = b""
        self._region = b""

    def read(self, data: bytes) -> None:
        """A program printed that; it does not end within a sequence."""
        if not any(begin in data for begin in _BEGINS) and not _REGION.search(data):
            return
        for numbers, how, full, soft, keypad, region in _SET.findall(data):
            if full or soft:
                self._private.clear()
                self._keypad = self._region = b""
            elif keypad:
                self._keypad = b"\x1b" + keypad
            elif how:
                self._put(numbers, how == b"h")
            else:
                self._region = region

    def _put(self, numbers: bytes, on: bool) -> None:
        for word in numbers.split(b";"):
            mode = int(word or 0)
            if 0 < mode < 2**16 and (mode in self._private or len(self._private) < _MOST):
                self._private[mode] = on

    def on(self, *modes: int) -> bool:
        """Whether one of these private modes is set."""
        return any(self._private.get(mode, False) for mode in modes)

    def sequence(self) -> bytes:
        """What sets them."""
        told = [b"\x1b[?%d%s" % (n, b"h" if on else b"l") for n, on in self._private.items()]
        if self._region:
            told.append(b"\x1b[" + self._region + b"r")
        return b"".join([*told, self._keypad])
