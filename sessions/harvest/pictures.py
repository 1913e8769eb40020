"""PNG and JPEG pictures for a skill's folder: small, and without what they tell of the person."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

MOST = 2**20
"""Bytes of one picture."""
MOST_OF_ALL = 4 * 2**20
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
_TELLS = {b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME"}
"""Chunks of a PNG that hold words, places and times."""
_SEGMENTS = {*range(0xE1, 0xEE), 0xEF, 0xFE} - {0xE2}
"""Segments of a JPEG that do: all of programs' own, but for its frame and its colours."""


def picture_at(path: Path) -> bytes:
    """A file's bytes, b"" if it is no plain file, too long or can't be read."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as file:
            data = file.read(MOST + 1)
    except (OSError, ValueError):
        return b""
    return data if len(data) <= MOST else b""


def bare(data: bytes) -> bytes:
    """The picture without notes on who made it, where and when; b"" if it is none."""
    try:
        if data.startswith(_PNG):
            return _PNG + b"".join(_chunks(data))
        if data.startswith(_JPEG):
            return _JPEG + b"".join(_parts(data))
    except (IndexError, ValueError):
        pass
    return b""


def _chunks(data: bytes) -> Iterator[bytes]:
    at = len(_PNG)
    while True:
        kind, end = data[at + 4 : at + 8], at + 12 + int.from_bytes(data[at : at + 4], "big")
        if len(kind) < 4 or end > len(data):
            raise ValueError("a PNG that is cut off")
        if kind not in _TELLS:
            yield data[at:end]
        if kind == b"IEND":
            return  # what stands behind it is no part of the picture
        at = end


def _parts(data: bytes) -> Iterator[bytes]:
    at = len(_JPEG)
    while data[at] == 0xFF and data[at + 1] != 0xDA:
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        if size < 2 or at + 2 + size > len(data):
            raise ValueError("a JPEG that is cut off")
        if data[at + 1] not in _SEGMENTS:
            yield data[at : at + 2 + size]
        at += 2 + size
    if data[at] != 0xFF:
        raise ValueError("no JPEG")
    last = data.rindex(b"\xff\xd9")
    yield data[at : last + 2]
