"""How many tiles a terminal holds, and in which shape. Pure arithmetic, no widgets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from tui.options import MAX_TILES

MIN_TILE = (38, 10)
"""The smallest tile, frame included, in which an answer can be read (columns, rows)."""
TWO_COLUMNS_FROM = 100
"""Below this many columns tiles are stacked, never set side by side."""
COMPACT_TILE = (30, 7)
"""The smallest tile where as many as possible are wanted on a page."""

# Columns and rows, the fewest tiles first; where two shapes hold as many, wider tiles first.
_SHAPES = (
    (1, 1),
    (1, 2),
    (2, 1),
    (2, 2),
    (1, 4),
    (2, 3),
    (3, 2),
    (3, 3),
    (3, 4),
    (4, 3),
    (4, 4),
    (5, 4),
    (6, 4),
)


@dataclass(frozen=True, slots=True)
class Shape:
    """A grid of tiles."""

    columns: int
    rows: int

    @property
    def capacity(self) -> int:
        """How many tiles fit."""
        return self.columns * self.rows

    def in_rows(self, count: int) -> list[int]:
        """How many of `count` tiles each row has.

        Every row is filled, and no row has two tiles more than another: seven are 3, 2 and 2.
        """
        rows = self.rows_for(count)
        each, more = divmod(max(1, count), rows)
        return [each + 1 if row < more else each for row in range(rows)]

    def rows_for(self, count: int) -> int:
        """How many rows `count` tiles need."""
        return max(1, -(-count // self.columns))


def fit(
    width: int,
    height: int,
    count: int,
    max_tiles: int = MAX_TILES,
    columns: int = 0,
    least: tuple[int, int] = MIN_TILE,
) -> Shape:
    """The shape for `count` sessions in `width` columns and `height` rows.

    `columns`: so many tiles side by side, if they can be read; 0 = as it fits best. `least`: the
    smallest tile.

    The smallest shape that holds them all; if none that fits the terminal does, the largest
    that fits: the rest is on further pages.
    """
    if columns:
        beside = max(1, min(columns, max(1, width // least[0]), max_tiles))
        most = max(1, min(height // least[1], max_tiles // beside))
        return Shape(beside, max(1, min(most, -(-count // beside))))
    possible = [
        Shape(columns, rows)
        for columns, rows in _SHAPES
        if columns * rows <= max_tiles and _fits(columns, rows, width, height, least)
    ]
    if not possible:
        return Shape(1, 1)
    enough = [shape for shape in possible if shape.capacity >= count]
    if enough:
        fewest = min(shape.capacity for shape in enough)
        return _best([s for s in enough if s.capacity == fewest], width, height)
    most = max(shape.capacity for shape in possible)
    return _best([s for s in possible if s.capacity == most], width, height)


def _fits(columns: int, rows: int, width: int, height: int, least: tuple[int, int]) -> bool:
    if columns > 1 and width < TWO_COLUMNS_FROM:
        return False
    if columns == rows == 1:
        return True
    return width // columns >= least[0] and height // rows >= least[1]


def _best(shapes: list[Shape], width: int, height: int) -> Shape:
    """The one whose tiles come nearest to 80 by 24 in proportion (about 3.3 to 1)."""

    def strain(shape: Shape) -> float:
        ratio = (width / shape.columns) / (height / shape.rows)
        return max(ratio / 3.3, 3.3 / ratio)

    return min(shapes, key=strain)


def shares(total: int, weights: Sequence[float], least: int) -> list[int]:
    """`total` cells shared out by weight: all of them, and nobody less than `least` if that can be.

    Equal weights give shares that differ by one cell at most.
    """
    least = min(least, total // max(1, len(weights)))
    held: set[int] = set()
    while True:
        free = total - least * len(held)
        whole = sum(w for n, w in enumerate(weights) if n not in held) or 1.0
        small = {n for n, w in enumerate(weights) if n not in held and free * w / whole < least}
        if not small or len(held) + len(small) >= len(weights):
            break
        held |= small
    exact = [least if n in held else free * w / whole for n, w in enumerate(weights)]
    ends = [round(end) for end in accumulate(exact, initial=0.0)]
    ends[-1] = total
    return [after - before for before, after in pairwise(ends)]
