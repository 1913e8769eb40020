"""What a terminal makes of a sixel picture: decoded, to be looked at."""

from __future__ import annotations

import re
from typing import Any

from PIL import Image

_WHOLE = re.compile(r'\x1bP[0-9;]*q"1;1;([0-9]+);([0-9]+)(.*)\x1b\\\Z', re.DOTALL)
_TOKEN = re.compile(
    r"#([0-9]+)(?:;2;([0-9]+);([0-9]+);([0-9]+))?|!([0-9]+)([?-~])|([$-])|([?-~])", re.DOTALL
)


def decoded(said: str) -> Any:
    """The picture (Pillow) of one sixel sequence; pixels that are not drawn are (1, 2, 3)."""
    whole = _WHOLE.match(said)
    assert whole is not None
    width, height = int(whole[1]), int(whole[2])
    image = Image.new("RGB", (width, height + 6), (1, 2, 3))
    colours: dict[str, tuple[int, ...]] = {}
    colour, x, y = "", 0, 0
    for token in _TOKEN.finditer(whole[3]):
        if token[1]:
            colour = token[1]
            if token[2]:
                colours[colour] = tuple(round(int(n) * 2.55) for n in token.groups()[1:4])
        elif token[7]:
            x, y = 0, y + 6 * (token[7] == "-")
        else:
            bits = ord(token[6] or token[8]) - 63
            count = int(token[5] or 1)
            for row in range(6):
                if bits >> row & 1:
                    image.paste(colours[colour], (x, y + row, min(x + count, width), y + row + 1))
            x += count
    return image.crop((0, 0, width, height))
