"""Pictures as a model's server takes them: whole, of a known kind, neither too large nor too heavy.

One that a server refuses ends every later request of its session, so each is looked at before
it is sent. The extra `pictures` (Pillow) decodes them and makes smaller what is too large;
without it their structure is looked at, and what is too large is told by a sentence. The limits
are docs.claude.com/en/docs/build-with-claude/vision's, which other servers take over.
"""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

MOST_BASE64 = 5 * 2**20
"""Bytes of one picture, as base64."""
MOST_BYTES = MOST_BASE64 // 4 * 3
MOST_SIDE = 8000
"""Pixels of its longer side."""
MANY = 20
MOST_SIDE_OF_MANY = 2000
"""The same where one request holds more than `MANY`."""
_MOST_PIXELS = 200_000_000
_SVG_START = 1000
_INSTALL = "the extra `pictures` (Pillow) would make it smaller"
_KINDS = (
    (b"\x89PNG\r\n\x1a\n", "image/png", ".png"),
    (b"\xff\xd8\xff", "image/jpeg", ".jpg"),
    (b"GIF87a", "image/gif", ".gif"),
    (b"GIF89a", "image/gif", ".gif"),
)


@dataclass(frozen=True, slots=True)
class PictureVerdict:
    """How a picture is sent. `reason`: why it can't be; `data`: in place of the file's own."""

    media_type: str = ""
    reason: str = ""
    data: bytes | None = None


def image_kind(data: bytes) -> tuple[str, str] | None:
    """Media type and file ending, if the bytes begin like an image that models take."""
    for magic, media_type, suffix in _KINDS:
        if data.startswith(magic):
            return media_type, suffix
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp", ".webp"
    return None


def is_svg(data: bytes) -> bool:
    """Whether it is written as SVG, which people look at and no model takes."""
    start = data[:_SVG_START].lstrip(b"\xef\xbb\xbf \r\n\t")
    return start.startswith(b"<") and b"<svg" in start


def is_convertible(data: bytes) -> bool:
    """Whether the bytes begin like a BMP, TIFF or icon, which models take as a PNG."""
    # "BM" alone begins words too: what follows a bitmap's size is kept zero.
    bitmap = data.startswith(b"BM") and data[6:10] == bytes(4)
    icon = data.startswith(b"\0\0\1\0") and data[4:6] != b"\0\0" and data[9:10] == b"\0"
    return bitmap or icon or data.startswith((b"II*\0", b"MM\0*"))


def most_side(count: int) -> int:
    """Pixels of the longer side, in a request with so many pictures."""
    return MOST_SIDE if count <= MANY else MOST_SIDE_OF_MANY


def look(path: Path, side: int = MOST_SIDE) -> PictureVerdict:
    """How the picture in a file is sent. Raises OSError: it can't be read."""
    stat = path.stat()
    return _looked(path, stat.st_mtime_ns, stat.st_size, side)


def unfit(folder: Path, names: Iterable[str], side: int) -> dict[str, str]:
    """Those of the files in a folder that can't be sent, with the reason."""
    found: dict[str, str] = {}
    for name in names:
        try:
            verdict = look(folder / name, side)
        except OSError:
            continue  # one that is gone is named in its place
        if verdict.reason:
            found[name] = verdict.reason
    return found


@lru_cache(maxsize=256)
def _looked(path: Path, changed: int, size: int, side: int) -> PictureVerdict:
    del changed, size  # a file that was changed is looked at again
    return judge(path.read_bytes(), side)


def judge(data: bytes, side: int = MOST_SIDE) -> PictureVerdict:
    """How a picture is sent; it is decoded where Pillow is installed."""
    kind = image_kind(data)
    if kind is None and is_svg(data):
        return PictureVerdict(reason="it is a drawing in SVG")
    pillow = _pillow()
    if pillow is None:
        return _by_structure(data, kind, side)
    try:
        with pillow.open(io.BytesIO(data)) as image:
            if image.width * image.height > _MOST_PIXELS:
                return PictureVerdict(reason=f"it has {image.width} x {image.height} pixels")
            image.load()
            if kind is not None and _fits(data, image.size, side) and _is_whole(data, kind[0]):
                return PictureVerdict(kind[0])
            return _smaller(image, side, len(data) > MOST_BYTES)
    except (OSError, SyntaxError, ValueError, EOFError, struct.error):
        return PictureVerdict(
            reason="it is no picture" if kind is None else "it is broken or cut off"
        )
    except pillow.DecompressionBombError:
        return PictureVerdict(reason="it has too many pixels")


def _pillow() -> Any:
    """Pillow, imported when the first picture is there; None where it is not installed."""
    try:
        import PIL.Image
    except ImportError:
        return None
    hush()
    return PIL.Image


def hush() -> None:
    """Let Pillow print no warnings: what is odd in a file is judged, and said, by who reads it.

    For all threads alike: to catch warnings for a while is not safe where several decode.
    """
    warnings.filterwarnings("ignore", module=r"PIL\.")


def _fits(data: bytes, size: tuple[int, int], side: int) -> bool:
    return len(data) <= MOST_BYTES and max(size) <= side


_AS_PNG = ("image/png", "PNG", {"compress_level": 6})
_AS_JPEG = ("image/jpeg", "JPEG", {"quality": 85})


def _smaller(image: Any, side: int, heavy: bool) -> PictureVerdict:
    """The picture as one that fits: as PNG, or as JPEG where that is too heavy.

    `heavy`: it was so already. What nothing shines through is then JPEG at once: to try a
    photograph as PNG first takes seconds, while a message waits to be sent.
    """
    import PIL.ImageOps

    image = PIL.ImageOps.exif_transpose(image)
    clear = "A" in image.getbands() or "transparency" in image.info
    image = image.convert("RGBA" if clear else "RGB")
    forms = (_AS_JPEG,) if heavy and not clear else (_AS_PNG, _AS_JPEG)
    while True:
        image.thumbnail((side, side))
        for media_type, form, options in forms:
            out = io.BytesIO()
            flat = image.convert("RGB") if form == "JPEG" else image
            flat.save(out, form, **options)
            if out.tell() <= MOST_BYTES:
                return PictureVerdict(media_type, data=out.getvalue())
        side = max(image.size) * 2 // 3


# -- without Pillow


def _by_structure(data: bytes, kind: tuple[str, str] | None, side: int) -> PictureVerdict:
    if kind is None:
        return PictureVerdict(reason="it is no PNG, JPEG, GIF or WebP")
    size = _size(data, kind[0])
    if size is None or min(size) < 1 or not _is_whole(data, kind[0]):
        return PictureVerdict(reason="it is broken or cut off")
    if max(size) > side:
        width, height = size
        return PictureVerdict(
            reason=f"it has {width} x {height} pixels, of {side} at most; {_INSTALL}"
        )
    if len(data) > MOST_BYTES:
        most = f"{MOST_BASE64 // 2**20} MiB as base64 at most"
        return PictureVerdict(reason=f"it has {len(data):,} bytes, of {most}; {_INSTALL}")
    return PictureVerdict(kind[0])


def _size(data: bytes, media_type: str) -> tuple[int, int] | None:
    """Width and height, from the head."""
    try:
        if media_type == "image/png":
            width, height = struct.unpack(">II", data[16:24])
        elif media_type == "image/gif":
            width, height = struct.unpack("<HH", data[6:10])
        elif media_type == "image/webp":
            return _size_of_webp(data)
        else:
            return _size_of_jpeg(data)
    except (struct.error, IndexError):
        return None
    return width, height


def _size_of_webp(data: bytes) -> tuple[int, int] | None:
    form = data[12:16]
    if form == b"VP8X":
        return (
            int.from_bytes(data[24:27], "little") + 1,
            int.from_bytes(data[27:30], "little") + 1,
        )
    if form == b"VP8L":
        (bits,) = struct.unpack("<I", data[21:25])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack("<HH", data[26:30])
    return width & 0x3FFF, height & 0x3FFF


def _size_of_jpeg(data: bytes) -> tuple[int, int] | None:
    place = 2
    while place + 9 < len(data):
        if data[place] != 0xFF:
            return None
        mark = data[place + 1]
        if mark == 0xFF:  # filling
            place += 1
        elif 0xC0 <= mark <= 0xCF and mark not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[place + 5 : place + 9])
            return width, height
        else:
            (length,) = struct.unpack(">H", data[place + 2 : place + 4])
            place += 2 + length
    return None


def _is_whole(data: bytes, media_type: str) -> bool:
    """Whether a picture has its end."""
    if media_type == "image/png":
        place = 8
        while place + 12 <= len(data):
            (length,) = struct.unpack(">I", data[place : place + 4])
            if data[place + 4 : place + 8] == b"IEND":
                return True
            place += 12 + length
        return False
    if media_type == "image/webp":
        return len(data) >= 8 + int.from_bytes(data[4:8], "little")
    return (b"\xff\xd9" if media_type == "image/jpeg" else b";") in data[-1024:]
