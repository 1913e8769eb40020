"""Pictures for a skill's folder: small, and without what they tell of the person."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

from sessions.record.pictures import hush

MOST = 2**20
"""Bytes of one picture, or of another file that a command made."""
MOST_OF_ALL = 4 * 2**20
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
_GIF = (b"GIF87a", b"GIF89a")
_LOOKS = frozenset(
    b"tRNS gAMA cHRM sRGB iCCP sBIT bKGD pHYs hIST acTL fcTL fdAT cICP mDCV cLLI sPLT".split()
)
"""Chunks of a PNG beside those that every PNG has, which say how it looks."""
_SEGMENTS = {*range(0xE1, 0xEE), 0xEF, 0xFE} - {0xE2}
"""Segments of a JPEG that tell other things: all of programs' own, but for frame and colours."""
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_WEBP_TELLS = {b"EXIF": 0x08, b"XMP ": 0x04}
"""Chunks of a WebP that hold words, places and times, with the bit of its head that says so."""
_WEBP_KEPT = frozenset([b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"])
_EXIF = b"Exif\0\0"
_ORIENTATION = 0x0112


def plain_bytes(folder: Path, name: str) -> bytes:
    """A folder's file, b"" if it lies elsewhere, is no plain file, too long or can't be read."""
    path = folder / name
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            return b""
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as file:
            data = file.read(MOST + 1)
    except (OSError, ValueError, RuntimeError):  # links in a circle
        return b""
    return data if len(data) <= MOST else b""


def bare(data: bytes) -> bytes:
    """The picture without notes on who made it, where and when; b"" if it is none.

    Of its EXIF notes only the side that is up stays.
    """
    try:
        if data.startswith(_PNG):
            return _PNG + b"".join(_chunks(data))
        if data.startswith(_JPEG):
            return _JPEG + b"".join(_parts(data))
        if data.startswith(_GIF):
            return b"".join(_blocks(data)) + b";"
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data)
    except (IndexError, ValueError):
        pass
    return b""


def _upright(exif: bytes) -> bytes:
    """EXIF notes that say which side is up and nothing else; b"" where that is the top."""
    from PIL.Image import Exif

    hush()
    told, kept = Exif(), Exif()
    try:
        told.load(exif)
        side = told.get(_ORIENTATION)
    except (
        ArithmeticError,
        LookupError,
        OSError,
        SyntaxError,
        TypeError,
        ValueError,
        struct.error,
    ):
        return b""
    if not isinstance(side, int) or not 1 < side < 9:
        return b""
    kept[_ORIENTATION] = side
    return kept.tobytes().removeprefix(_EXIF)


def _chunks(data: bytes) -> Iterator[bytes]:
    at = len(_PNG)
    while True:
        kind, end = data[at + 4 : at + 8], at + 12 + int.from_bytes(data[at : at + 4], "big")
        if len(kind) < 4 or end > len(data):
            raise ValueError("a PNG that is cut off")
        if kind[:1].isupper() or kind in _LOOKS:
            yield data[at:end]
        elif kind == b"eXIf" and (kept := _upright(data[at + 8 : end - 4])):
            yield len(kept).to_bytes(4, "big") + kind + kept + crc32(kind + kept).to_bytes(4, "big")
        if kind == b"IEND":
            return  # what stands behind it is no part of the picture
        at = end


def _parts(data: bytes) -> Iterator[bytes]:
    at = len(_JPEG)
    while data[at] == 0xFF and data[at + 1] != 0xDA:
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        if size < 2 or at + 2 + size > len(data):
            raise ValueError("a JPEG that is cut off")
        told = data[at + 4 : at + 2 + size]
        if data[at + 1] not in _SEGMENTS:
            yield data[at : at + 2 + size]
        elif told.startswith(_EXIF) and (kept := _upright(told)):
            yield b"\xff\xe1" + (2 + len(_EXIF + kept)).to_bytes(2, "big") + _EXIF + kept
        at += 2 + size
    if data[at] != 0xFF:
        raise ValueError("no JPEG")
    last = data.rindex(b"\xff\xd9")
    yield data[at : last + 2]


def _blocks(data: bytes) -> Iterator[bytes]:
    """A GIF's head, its pictures and what says how they follow each other."""
    at = 13 + _table(data[10])
    yield data[:at]
    while data[at] != 0x3B:
        if data[at] == 0x2C:
            first = at + 11 + _table(data[at + 9])
        elif data[at] == 0x21:
            first = at + 2
        else:
            raise ValueError("no GIF")
        end = first
        while data[end]:
            end += 1 + data[end]
        own = data[first + 1 : first + 12] in _LOOPS
        if data[at] == 0x2C or data[at + 1] == 0xF9 or (data[at + 1] == 0xFF and own):
            yield data[at : end + 1]
        at = end + 1


def _table(packed: int) -> int:
    """How long a GIF's table of colours is."""
    return 3 * 2 ** ((packed & 7) + 1) if packed & 0x80 else 0


def _webp(data: bytes) -> bytes:
    at, kept = 12, bytearray()
    end = min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    head, flags = -1, 0
    while at + 8 <= end:
        kind, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        chunk = data[at + 8 : at + 8 + size]
        if len(chunk) < size:
            raise ValueError("a WebP that is cut off")
        if kind == b"EXIF":
            chunk = _upright(chunk)
        if kind in _WEBP_KEPT or (kind == b"EXIF" and chunk):
            head = len(kept) + 8 if kind == b"VP8X" else head
            flags |= _WEBP_TELLS.get(kind, 0)
            kept += kind + len(chunk).to_bytes(4, "little") + chunk + b"\0" * (len(chunk) % 2)
        at += 8 + size + size % 2
    if not kept:
        raise ValueError("no WebP")
    if head >= 0:
        kept[head] = kept[head] & ~sum(_WEBP_TELLS.values()) | flags
    return b"RIFF" + (4 + len(kept)).to_bytes(4, "little") + b"WEBP" + bytes(kept)
