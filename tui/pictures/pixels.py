"""Pictures as two pixels a cell: the upper one as foreground, the lower as background of `▀`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice, repeat
from typing import Any

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.pictures.decode import NotDrawn as NotDrawn
from tui.pictures.decode import small

_DARK = (0, 0, 0)
Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Pixels:
    """A picture made small: rows of colours, transparency laid over black. `size`: its own."""

    rows: list[list[Colour]]
    size: tuple[int, int]

    @property
    def width(self) -> int:
        """Cells."""
        return len(self.rows[0]) if self.rows else 0

    @property
    def height(self) -> int:
        """Lines of cells."""
        return (len(self.rows) + 1) // 2

    def cells(self, line: int) -> Iterable[tuple[Colour, Colour]]:
        """The upper and the lower colour of each cell of a line; none below the picture."""
        two = self.rows[2 * line : 2 * line + 2]
        if not two:
            return ()
        return zip(two[0], two[1] if len(two) == 2 else repeat(_DARK), strict=False)

    def strip(self, line: int, width: int, empty: Style) -> Strip:
        """One line of cells, exactly `width` of them."""
        segments = []
        for top, bottom in islice(self.cells(line), width):
            style = Style(color=Color.from_rgb(*top), bgcolor=Color.from_rgb(*bottom))
            segments.append(Segment("▀", style))
        return Strip(segments).adjust_cell_length(width, empty)


def read(data: bytes, width: int, height: int) -> Pixels:
    """A picture of at most that many cells. Raises NotDrawn; for a thread."""
    return pixels_of(*small(data, max(1, width), max(2, 2 * height)))


def pixels_of(image: Any, size: tuple[int, int]) -> Pixels:
    """A Pillow image of as many pixels as it gets, as colours."""
    wide, high = image.size
    raw = flat(image).tobytes()
    pixels = [(raw[at], raw[at + 1], raw[at + 2]) for at in range(0, len(raw), 3)]
    return Pixels([pixels[y * wide : (y + 1) * wide] for y in range(high)], size)


def flat(image: Any) -> Any:
    """A Pillow image in RGB, transparency laid over black."""
    if image.mode == "RGBA":
        from PIL import Image

        under = Image.new("RGBA", image.size, (*_DARK, 255))
        under.alpha_composite(image)
        image = under
    return image.convert("RGB")
