"""Tables: columns that share the width there is, cells wrapped, or records where it is narrow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tui.terminal import glyphs
from tui.view.line import Line, Span, cells, wrap

Cell = list[Span]
NARROWEST = 5
"""Columns narrower than this many cells can't be read: rows become records then."""


@dataclass(slots=True)
class Table:
    """Rows of cells, the first one the header. `align`: left, right or center, per column."""

    rows: list[list[Cell]] = field(default_factory=list)
    align: list[str] = field(default_factory=list)

    @property
    def columns(self) -> int:
        """How many columns the widest row has."""
        return max((len(row) for row in self.rows), default=0)


def _text(cell: Cell) -> str:
    return "".join(text for text, _ in cell)


def _natural(cell: Cell) -> int:
    return max((cells(line) for line in _text(cell).split("\n")), default=0)


def _widths(table: Table, room: int) -> list[int] | None:
    """The columns' widths, or None if they can't all be read in `room` cells."""
    wanted = [
        max(1, *(_natural(row[column]) for row in table.rows if column < len(row)))
        for column in range(table.columns)
    ]
    if sum(wanted) <= room:
        return wanted
    if room < NARROWEST * len(wanted):
        return None
    # The widest give way first, until all fit.
    low, high = NARROWEST, max(wanted)
    while low < high:
        middle = (low + high + 1) // 2
        if sum(min(width, middle) for width in wanted) <= room:
            low = middle
        else:
            high = middle - 1
    widths = [min(width, low) for width in wanted]
    spare = room - sum(widths)
    for column in sorted(range(len(widths)), key=lambda c: -wanted[c]):
        if spare > 0 and widths[column] < wanted[column]:
            widths[column] += 1
            spare -= 1
    return widths


def draw(table: Table, width: int, before: Sequence[Span] = ()) -> list[Line]:
    """The table's lines, `width` cells wide at most, each with the decoration `before` it."""
    columns = table.columns
    if not columns:
        return []
    lead = sum(cells(text) for text, _ in before)
    room = width - lead - 3 * (columns - 1)
    widths = _widths(table, room)
    if widths is None:
        return _records(table, width, before)
    lines: list[Line] = []
    for number, row in enumerate(table.rows):
        lines += _row(row, widths, table.align, before)
        if number == 0:
            rule = f"{glyphs.mark('rule')}{glyphs.mark('cross')}{glyphs.mark('rule')}"
            text = rule.join(glyphs.mark("rule") * each for each in widths)
            lines.append(Line((*before, (text, "muted")), len(_text(list(before)))))
    return lines


def _row(
    row: list[Cell], widths: list[int], align: list[str], before: Sequence[Span]
) -> list[Line]:
    wrapped = [
        wrap(row[column] if column < len(row) else [], each) for column, each in enumerate(widths)
    ]
    bar = (f" {glyphs.mark('column')} ", "muted")
    lines = []
    for number in range(max(len(cell) for cell in wrapped)):
        spans: list[Span] = list(before)
        for column, each in enumerate(widths):
            if column:
                spans.append(bar)
            cell = wrapped[column]
            body = list(cell[number].spans) if number < len(cell) else []
            spare = max(0, each - sum(cells(text) for text, _ in body))
            how = align[column] if column < len(align) else "left"
            left = spare if how == "right" else spare // 2 if how == "center" else 0
            if left:
                spans.append((" " * left, ""))
            spans += body
            if spare - left and column < len(widths) - 1:
                spans.append((" " * (spare - left), ""))
        lines.append(Line(tuple(spans), len(_text(list(before)))))
    return lines


def _records(table: Table, width: int, before: Sequence[Span]) -> list[Line]:
    """Each row as lines `header: cell`, for tiles too narrow for columns."""
    header, *rows = table.rows
    lines: list[Line] = []
    for number, row in enumerate(rows or [header]):
        if number:
            lines.append(Line(tuple(before), len(_text(list(before)))))
        for column, cell in enumerate(row):
            name = [(text, f"{style} muted".strip()) for text, style in header[column]]
            label = [*name, (": ", "muted")] if rows and column < len(header) and name else []
            lines += wrap([*label, *cell], width, rest=before)
    return lines
