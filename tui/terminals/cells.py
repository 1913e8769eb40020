"""Characters as wide as their cells, whatever the terminal outside makes of them.

Programs count cells one character at a time. A terminal that joins characters (a family of
emoji, a flag, a skin's tone) would draw them narrower, and the rest of the row one or two
cells too far left; so what joins is left out.
"""

from __future__ import annotations

import unicodedata

from rich.cells import cell_len
from textual.strip import Strip

from sessions.safety.sanitise import clean

_FLAG = range(0x1F1E6, 0x1F200)
_TONE = range(0x1F3FB, 0x1F400)


def exactly(text: str, width: int) -> str:
    """What is drawn for a cell's text in `width` cells."""
    first = ord(text[0])
    if first in _FLAG:
        text = chr(ord("A") + first - _FLAG.start)
    elif first in _TONE:
        text = " "
    elif len(text) > 1:
        text = text[0] + "".join(c for c in text[1:] if unicodedata.category(c) in ("Mn", "Me"))
        text = text.replace("\ufe0f", "").replace("\ufe0e", "")
    text = clean(text)
    missing = width - cell_len(text)
    if missing < 0:
        return "\ufffd" + " " * (width - 1)
    return text + " " * missing


def whole(strip: Strip, start: int, end: int) -> tuple[int, int]:
    """The cells from `start` to `end`, and the other half of a wide character at either side."""
    if start >= end or strip.text.isascii():
        return start, end
    x = 0
    for char in strip.text:
        behind = x + cell_len(char)
        if x < start < behind:
            start = x
        if x < end < behind:
            return start, behind
        x = behind
    return start, end
