"""Where tiles stand: rows that share the height, tiles that share their row, by their sizes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from textual.geometry import NULL_OFFSET, Region, Size, Spacing
from textual.layout import ArrangeResult, Layout, WidgetPlacement

from tui.deck.layout import shares

if TYPE_CHECKING:
    from textual.widget import Widget

_LEAST = (24, 6)
"""No tile gets smaller than this by making another one larger (columns, rows)."""
_NO_MARGIN = Spacing()


@dataclass(frozen=True, slots=True)
class Seam:
    """A line between tiles that can be moved: the tiles on its two sides, by their places."""

    before: tuple[int, ...]
    after: tuple[int, ...]
    upright: bool


class TileRows(Layout):
    """Lays children out in rows. `in_rows`: how many each has; `size_of`: a child's size."""

    name = "tile-rows"

    def __init__(self, size_of: Callable[[Widget], tuple[float, float]]) -> None:
        self.size_of = size_of
        self.in_rows: list[int] = [1]

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> ArrangeResult:
        """A region for each child; together they fill the whole."""
        parent.pre_layout(self)
        regions = self.regions([self.size_of(child) for child in children], size)
        return [
            WidgetPlacement(region, NULL_OFFSET, _NO_MARGIN, child)
            for region, child in zip(regions, children, strict=True)
        ]

    def regions(self, sizes: Sequence[tuple[float, float]], room: Size) -> list[Region]:
        """Where so many children stand."""
        rows = self.rows(len(sizes))
        tall = [sum(sizes[n][1] for n in row) / len(row) for row in rows]
        heights = shares(room.height, tall, _LEAST[1])
        found: list[Region] = []
        for row, height, y in zip(rows, heights, accumulate(heights, initial=0), strict=False):
            widths = shares(room.width, [sizes[n][0] for n in row], _LEAST[0])
            across = accumulate(widths, initial=0)
            found += [Region(x, y, w, height) for w, x in zip(widths, across, strict=False)]
        return found

    def rows(self, count: int) -> list[tuple[int, ...]]:
        """The places of so many children, row by row; those of no row stand in the last."""
        rows: list[tuple[int, ...]] = []
        first = 0
        for number in self.in_rows:
            if first < count:
                rows.append(tuple(range(first, min(first + number, count))))
            first += number
        if first < count:
            rows[-1:] = [(*(rows[-1] if rows else ()), *range(first, count))]
        return rows

    def border(self, at: int, count: int, edge: str) -> Seam | None:
        """The line on one side of a child, None where there is only the grid's end."""
        rows = self.rows(count)
        row = next((n for n, places in enumerate(rows) if at in places), 0)
        beside = {"left": (at - 1, at), "right": (at, at + 1)}.get(edge)
        if beside is not None:
            inside = all(place in rows[row] for place in beside)
            return Seam(beside[:1], beside[1:], True) if inside else None
        above = row - 1 if edge == "top" else row
        if 0 <= above < len(rows) - 1:
            return Seam(rows[above], rows[above + 1], False)
        return None
