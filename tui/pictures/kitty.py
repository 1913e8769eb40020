"""Pictures by kitty's protocol: sent once, then shown wherever the characters stand for them.

Each cell holds U+10EEEE with its row and column as combining marks, and names the picture by the
colour of its text. So they are cut, covered and scrolled like any text, in tmux too. The marks'
table is textual-image's (extra `pictures`), whose package asks the terminal when it is imported:
it is let see none.
"""

from __future__ import annotations

import base64
import sys
import zlib
from collections.abc import Iterable
from functools import cache
from itertools import count
from random import randrange
from typing import Any

from rich.color import Color
from rich.segment import Segment
from rich.style import Style

PLACE = "\U0010eeee"
_CHUNK = 4096
_ids = count((1 << 16) + randrange(1 << 23))


@cache
def marks() -> str:
    """The combining mark of each row and column, from 0 on. Raises ImportError."""
    out = sys.__stdout__
    sys.__stdout__ = None  # type: ignore[misc]
    try:
        from textual_image.renderable import tgp
    finally:
        sys.__stdout__ = out  # type: ignore[misc]
    return "".join(map(chr, tgp._NUMBER_TO_DIACRITIC))


def new_id() -> int:
    """A number of 24 bits, which a colour can say."""
    return next(_ids) % (1 << 24) or next(_ids)


def sent(number: int, image: Any, columns: int, rows: int, *, in_tmux: bool = False) -> str:
    """The picture (a Pillow image) and the place that it will take, for the terminal."""
    depth = 32 if image.mode == "RGBA" else 24
    packed = base64.b64encode(zlib.compress(image.tobytes(), 1)).decode("ascii")
    head = f"a=T,U=1,q=2,f={depth},o=z,i={number},s={image.width},v={image.height}"
    head += f",c={columns},r={rows},"
    parts = [packed[at : at + _CHUNK] for at in range(0, len(packed), _CHUNK)]
    told = []
    for part in parts[:-1]:
        told.append(_command(f"{head}m=1;{part}", in_tmux))
        head = "q=2,"
    return "".join([*told, _command(f"{head}m=0;{parts[-1]}", in_tmux)])


def forgotten(numbers: Iterable[int], *, in_tmux: bool = False) -> str:
    """What has the terminal let go of pictures."""
    return "".join(_command(f"a=d,d=I,q=2,i={number}", in_tmux) for number in numbers)


def _command(said: str, in_tmux: bool) -> str:
    command = f"\x1b_G{said}\x1b\\"
    if in_tmux:
        doubled = command.replace("\x1b", "\x1b\x1b")
        return f"\x1bPtmux;{doubled}\x1b\\"
    return command


def segment(number: int, row: int, columns: int) -> Segment:
    """One row of the cells that a picture takes."""
    table = marks()
    text = "".join(f"{PLACE}{table[row]}{table[column]}" for column in range(columns))
    colour = Color.from_rgb(number >> 16 & 255, number >> 8 & 255, number & 255)
    return Segment(text, Style(color=colour))
