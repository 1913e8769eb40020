"""A picture as it is drawn on screen, in the best form that the terminal has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.pictures import kitty
from tui.pictures.decode import small
from tui.pictures.pixels import Pixels, flat, pixels_of, read
from tui.pictures.sixels import Sixels
from tui.pictures.strips import Overlay, PictureStrip
from tui.pictures.terminal_support import BLOCKS, PictureSupport

_LONG_S = 0.05
_MOST_CELLS = 290
"""Rows and columns that kitty has marks for."""


@dataclass(slots=True)
class Shown:
    """A picture in cells. `first`: what the terminal is to be sent."""

    cells: Pixels
    sixels: Sixels | None = None
    number: int = 0
    """By which kitty knows it; 0 = it does not."""
    first: str = ""

    @property
    def size(self) -> tuple[int, int]:
        """Its own pixels."""
        return self.cells.size

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


def make(
    data: bytes,
    width: int,
    height: int,
    powers: PictureSupport = BLOCKS,
    soon: Callable[[Shown], None] | None = None,
) -> Shown:
    """The picture within so many cells. Raises NotDrawn; for a thread.

    Half blocks need Pillow alone: they stand in for the other forms without textual-image. Of one
    that takes long, `soon` gets them as soon as they are there: sixels take a third of the time.
    """
    if powers.form != "blocks":
        try:
            return _make_finer(data, width, height, powers, soon)
        except ImportError:
            pass
    return Shown(read(data, width, height))


def _make_finer(
    data: bytes,
    width: int,
    height: int,
    powers: PictureSupport,
    soon: Callable[[Shown], None] | None,
) -> Shown:
    began = monotonic()
    width, height = min(width, _MOST_CELLS), min(height, _MOST_CELLS)
    wide, high = powers.cell
    image, size = small(data, width * wide, height * high)
    columns = min(width, max(1, round(image.width / wide)))
    rows = min(height, max(1, round(image.height / high)))
    image = image.resize((columns * wide, rows * high))
    beneath = pixels_of(image.resize((columns, 2 * rows)), size)
    if powers.form == "kitty":
        kitty.marks()  # imported here, not when the first row is painted
        number = kitty.new_id()
        first = kitty.sent(number, image, columns, rows, in_tmux=powers.in_tmux)
        return Shown(beneath, number=number, first=first)
    if soon is not None and monotonic() - began > _LONG_S:
        soon(Shown(beneath))
    return Shown(beneath, sixels=Sixels(flat(image), columns, rows, powers.colours))
