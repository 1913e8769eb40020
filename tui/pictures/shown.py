"""A picture as it is drawn on screen, in the best form that the terminal has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.pictures import kitty
from tui.pictures.decode import small
from tui.pictures.powers import BLOCKS, Powers
from tui.pictures.sixels import Sixels
from tui.pictures.strips import Overlay, PictureStrip
from tui.view.pixels import Pixels, pixels_of

_MOST_CELLS = 290
"""Rows and columns that kitty has marks for."""


@dataclass(slots=True)
class Shown:
    """A picture in cells. `size`: its own pixels; `first`: what the terminal is to be sent."""

    cells: Pixels
    size: tuple[int, int]
    sixels: Sixels | None = None
    number: int = 0
    """By which kitty knows it; 0 = it does not."""
    first: str = ""

    @property
    def width(self) -> int:
        """Cells."""
        return self.cells.width

    @property
    def height(self) -> int:
        """Lines of cells."""
        return self.cells.height

    def strip(self, line: int, width: int, empty: Style) -> Strip:
        """One line of it, exactly `width` cells."""
        if not 0 <= line < self.height:
            return Strip([Segment(" " * width, empty)], width)
        if width < self.width:
            return self.cells.strip(line, width, empty)
        if self.number:
            placed = kitty.segment(self.number, line, self.width)
            return Strip([placed], self.width).adjust_cell_length(width, empty)
        beneath = self.cells.strip(line, width, empty)
        if self.sixels is None:
            return beneath
        return PictureStrip(beneath, width, [Overlay(0, self.sixels, line)])


def make(data: bytes, width: int, height: int, powers: Powers = BLOCKS) -> Shown:
    """The picture within so many cells. Raises NotDrawn; for a thread."""
    if powers.form == "blocks":
        image, size = small(data, width, 2 * height)
        return Shown(pixels_of(image, size), size)
    width, height = min(width, _MOST_CELLS), min(height, _MOST_CELLS)
    wide, high = powers.cell
    image, size = small(data, width * wide, height * high)
    columns = min(width, max(1, round(image.width / wide)))
    rows = min(height, max(1, round(image.height / high)))
    image = image.resize((columns * wide, rows * high))
    beneath = pixels_of(image.resize((columns, 2 * rows)), size)
    if powers.form == "kitty":
        number = kitty.new_id()
        first = kitty.sent(number, image, columns, rows, in_tmux=powers.in_tmux)
        return Shown(beneath, size, number=number, first=first)
    flat = image if image.mode == "RGB" else pixels_flat(image)
    return Shown(beneath, size, sixels=Sixels(flat, columns, rows, powers.colours))


def pixels_flat(image: Any) -> Any:
    """Transparency laid over black, as the cells have it."""
    from PIL import Image

    under = Image.new("RGBA", image.size, (0, 0, 0, 255))
    under.alpha_composite(image)
    return under.convert("RGB")
