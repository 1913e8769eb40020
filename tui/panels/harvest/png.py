"""A small reader of PNG files, for pictures in half blocks: no dependency for one kind of file.

Follows https://www.w3.org/TR/png-3/ for what is not interlaced and has 8 bits a channel; other
pictures open outside.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

MAX_PIXELS = 16_000_000
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
Colour = tuple[int, int, int]


class NotDrawn(Exception):
    """This picture can't be drawn here; the message says why."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Rows of red, green, blue from 0 to 255, transparency laid over black."""

    width: int
    height: int
    rows: list[list[Colour]]

    def scaled(self, width: int, height: int) -> Picture:
        """At most that large, its proportions kept; the nearest pixel is taken."""
        factor = min(width / self.width, height / self.height, 1.0)
        wide, high = max(1, int(self.width * factor)), max(1, int(self.height * factor))
        xs = [x * self.width // wide for x in range(wide)]
        picked = (self.rows[y * self.height // high] for y in range(high))
        return Picture(wide, high, [[row[x] for x in xs] for row in picked])


def read_png(data: bytes) -> Picture:
    """The picture in a PNG file. Raises NotDrawn for anything else."""
    if not data.startswith(_SIGNATURE):
        raise NotDrawn("it is no PNG")
    header, palette, alpha, packed = _chunks(data)
    if len(header) != 13:
        raise NotDrawn("it has no header")
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    if depth != 8 or interlaced or kind not in _CHANNELS:
        raise NotDrawn("its kind of PNG is drawn outside only")
    if not 0 < width * height <= MAX_PIXELS:
        raise NotDrawn("it is too large")
    channels = _CHANNELS[kind]
    expected = height * (width * channels + 1)
    try:
        raw = zlib.decompressobj().decompress(packed, expected)
    except zlib.error as error:
        raise NotDrawn("it is damaged") from error
    if len(raw) < expected:
        raise NotDrawn("it is cut off")
    lines = _unfiltered(raw, height, width * channels, channels)
    return Picture(width, height, [_colours(line, kind, palette, alpha) for line in lines])


def _chunks(data: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """Header, palette, its transparency, and the packed rows."""
    header = palette = alpha = b""
    packed: list[bytes] = []
    at = len(_SIGNATURE)
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            header = body
        elif kind == b"PLTE":
            palette = body
        elif kind == b"tRNS":
            alpha = body
        elif kind == b"IDAT":
            packed.append(body)
        at += length + 12
    return header, palette, alpha, b"".join(packed)


def _unfiltered(raw: bytes, height: int, stride: int, step: int) -> list[bytearray]:
    """Undo the five filters of section 9."""
    before = bytearray(stride)
    lines: list[bytearray] = []
    for row in range(height):
        start = row * (stride + 1)
        kind, line = raw[start], bytearray(raw[start + 1 : start + 1 + stride])
        if kind > 4:
            raise NotDrawn("it is damaged")
        for i in range(stride) if kind else ():
            left = line[i - step] if i >= step else 0
            corner = before[i - step] if i >= step else 0
            line[i] = (line[i] + _predicted(kind, left, before[i], corner)) & 255
        lines.append(line)
        before = line
    return lines


def _predicted(kind: int, left: int, above: int, corner: int) -> int:
    if kind == 1:
        return left
    if kind == 2:
        return above
    if kind == 3:
        return (left + above) // 2
    guess = left + above - corner
    by_left, by_above, by_corner = abs(guess - left), abs(guess - above), abs(guess - corner)
    if by_left <= by_above and by_left <= by_corner:
        return left
    return above if by_above <= by_corner else corner


def _colours(line: bytearray, kind: int, palette: bytes, alpha: bytes) -> list[Colour]:
    if kind == 0:
        return [(v, v, v) for v in line]
    if kind == 2:
        return list(zip(line[0::3], line[1::3], line[2::3], strict=True))
    if kind == 3:
        table = [_over(palette[3 * n : 3 * n + 3], _alpha(alpha, n)) for n in range(256)]
        return [table[v] for v in line]
    if kind == 4:
        return [_over(bytes((v, v, v)), a) for v, a in zip(line[0::2], line[1::2], strict=True)]
    return [_over(bytes(line[i : i + 3]), line[i + 3]) for i in range(0, len(line), 4)]


def _alpha(alpha: bytes, index: int) -> int:
    return alpha[index] if index < len(alpha) else 255


def _over(colour: bytes, alpha: int) -> Colour:
    red, green, blue = (v * alpha // 255 for v in colour.ljust(3, b"\0"))
    return red, green, blue
