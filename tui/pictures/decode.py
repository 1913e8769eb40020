"""Picture files → pictures made small; what is hostile, or no picture, is refused in words.

Pillow decodes them (extra `pictures`); it is imported when the first picture is there. SVG is
drawn by resvg in a process of its own, see `tui.pictures.svg`. All of it is for threads.
"""

from __future__ import annotations

import io
import struct
from typing import Any

from sessions.record.pictures import hush, is_svg
from tui.pictures.not_drawn import NotDrawn as NotDrawn

MOST_BYTES = 40_000_000
MOST_PIXELS = 64_000_000
MOST_SIDE = 32_768
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "ICO")
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ico", ".svg")
"""How files are called that are drawn."""
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, struct.error, LookupError, TypeError,
           AttributeError, ArithmeticError, MemoryError)  # fmt: skip
"""What Pillow raises for files that are cut off or say what can't be."""


def small(data: bytes, width: int, height: int) -> tuple[Any, tuple[int, int]]:
    """A picture of at most so many pixels, in RGB or RGBA, and the size that it has itself.

    Scaled by averaging; of a moving picture the first frame. Raises NotDrawn.
    """
    try:
        from PIL import Image, ImageOps
    except ImportError:
        raise NotDrawn("pictures are drawn with the extra `pictures` (Pillow)") from None
    hush()
    if len(data) > MOST_BYTES:
        raise NotDrawn("the file is too large")
    drawn_of: tuple[int, int] | None = None
    if is_svg(data):
        from tui.pictures import svg

        data, drawn_of = svg.as_png(data, width, height), svg.own_size(data)
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            size = image.size
            if size[0] * size[1] > MOST_PIXELS or max(size) > MOST_SIDE:
                raise NotDrawn(f"it has {size[0]} × {size[1]} pixels")
            image.draft("RGB", (2 * width, 2 * height))
            clear = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
            image.load()
            wanted = "RGBA" if clear else "RGB"
            # Of one that is so already Pillow would make a copy, as large as it is.
            whole = image if image.mode == wanted else image.convert(wanted)
            if image.getexif().get(0x0112, 1) != 1:
                whole = ImageOps.exif_transpose(whole)
                size = size if whole.width >= whole.height == size[0] >= size[1] else whole.size
            whole.thumbnail((max(1, width), max(1, height)), Image.Resampling.BOX, reducing_gap=1.0)
            return whole, drawn_of or size
    except Image.DecompressionBombError:
        raise NotDrawn("it has too many pixels") from None
    except _BROKEN as error:
        raise NotDrawn("it is broken, or of no kind that is known") from error
