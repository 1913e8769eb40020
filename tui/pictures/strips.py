"""Strips that carry more than cells: rows of a sixel picture that lies over some of them.

The cells beneath are the picture in half blocks. So whatever lies over a part of it, dims it, or
comes from a terminal that does not draw what it says it can, leaves a picture all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

if TYPE_CHECKING:
    from tui.pictures.sixels import Sixels


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """One row of a picture, over as many cells as it is wide, from `x` on."""

    x: int
    picture: Sixels
    row: int

    def same(self, other: Overlay) -> bool:
        """Whether it looks the same."""
        return (self.x, self.row) == (other.x, other.row) and self.picture is other.picture


class PictureStrip(Strip):
    """A row of cells, and what is drawn over them where they are seen whole."""

    __slots__ = ("overlays",)

    def __init__(
        self,
        segments: Iterable[Segment],
        cell_length: int | None = None,
        overlays: Sequence[Overlay] = (),
    ) -> None:
        super().__init__(segments, cell_length)
        self.overlays = tuple(overlays)

    def __eq__(self, other: object) -> bool:
        theirs = other.overlays if isinstance(other, PictureStrip) else ()
        return (
            len(self.overlays) == len(theirs)
            and all(a.same(b) for a, b in zip(self.overlays, theirs, strict=True))
            and super().__eq__(other)
        )

    __hash__ = None  # type: ignore[assignment]

    def crop(self, start: int, end: int | None = None) -> Strip:
        """A part of it; what lies over cells that are cut goes."""
        last = self.cell_length if end is None else min(self.cell_length, end)
        return self._part(super().crop(start, end), max(0, start), last)

    def divide(self, cuts: Iterable[int]) -> Sequence[Strip]:
        """Its parts between places."""
        places = [cut for cut in cuts if cut <= self.cell_length]
        starts = [0, *places]
        parts = super().divide(places)
        return [
            self._part(part, start, cut)
            for part, start, cut in zip(parts, starts, places, strict=False)
        ]

    def adjust_cell_length(self, cell_length: int, style: Style | None = None) -> Strip:
        """Longer or shorter."""
        made = super().adjust_cell_length(cell_length, style)
        return self._part(made, 0, min(cell_length, self.cell_length))

    def extend_cell_length(self, cell_length: int, style: Style | None = None) -> Strip:
        """At least so long."""
        made = super().extend_cell_length(cell_length, style)
        return self._part(made, 0, self.cell_length)

    def _part(self, part: Strip, start: int, end: int) -> Strip:
        if part is self:
            return self
        kept = [
            Overlay(each.x - start, each.picture, each.row)
            for each in self.overlays
            if start <= each.x and each.x + each.picture.width <= end
        ]
        return PictureStrip(part, part.cell_length, kept) if kept else part


def joined(strips: Sequence[Strip]) -> Strip:
    """One behind the other, with what lies over them."""
    overlays: list[Overlay] = []
    x = 0
    for strip in strips:
        if isinstance(strip, PictureStrip):
            overlays += [Overlay(x + o.x, o.picture, o.row) for o in strip.overlays]
        x += strip.cell_length
    whole = Strip.join(strips)
    return PictureStrip(whole, x, overlays) if overlays else whole


def copied(strip: Strip) -> Strip:
    """The same, without what was cut from it."""
    overlays = strip.overlays if isinstance(strip, PictureStrip) else ()
    if overlays:
        return PictureStrip(strip, strip.cell_length, overlays)
    return Strip(strip, strip.cell_length)


def drawn_over(rows: Iterable[tuple[int, int, Strip]], height: int) -> str:
    """What is sent after rows `(x, y, strip)` of the screen, for the pictures that lie over them.

    Rows of one picture that lie under each other go as one: terminals keep few pictures (xterm
    16, tmux 20). The screen's last row is left out: a picture that ends there would scroll it.
    """
    runs: list[tuple[int, int, Overlay, int]] = []
    open_runs: dict[tuple[int, int], int] = {}
    """Of each picture at a column, the run that its next row belongs to."""
    found = sorted(
        ((y, x + o.x, o) for x, y, s in rows if isinstance(s, PictureStrip) for o in s.overlays),
        key=lambda each: each[:2],
    )
    for y, x, overlay in found:
        if y >= height - 1:
            continue
        key = id(overlay.picture), x
        at = open_runs.get(key, -1)
        if at >= 0:
            run_x, run_y, first, count = runs[at]
            if run_y + count == y and first.row + count == overlay.row:
                runs[at] = (run_x, run_y, first, count + 1)
                continue
        open_runs[key] = len(runs)
        runs.append((x, y, overlay, 1))
    return "".join(
        f"\x1b[{y + 1};{x + 1}H{first.picture.rows(first.row, count)}"
        for x, y, first, count in runs
    )
