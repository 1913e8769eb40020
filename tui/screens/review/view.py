"""The rows of a change on screen: only what is in view is drawn, only what was seen is coloured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from sessions.api.worktrees import FileShown
from tui.pictures.strips import joined
from tui.screens.review.colours import Colours
from tui.screens.review.pictures import Pair
from tui.screens.review.rows import Cell, DiffRow, RowKind
from tui.terminal import glyphs
from tui.terminal.output_guard import printable
from tui.view.line import Span, cells
from tui.view.palette import Palette, palette_of

_NUMBER = 5
_STEP = 8
_FILL = {"+": "row-added", "-": "row-removed"}


class ChangeView(ScrollView, can_focus=True):
    """Rows with a cursor. Long lines are cut; left and right move what is seen of them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "move(-1000000)", show=False),
        Binding("end", "move(1000000)", show=False),
        Binding("left", "aside(-1)", show=False),
        Binding("right", "aside(1)", show=False),
    ]

    @dataclass
    class Moved(Message):
        """The cursor is on another row."""

        row: DiffRow

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.rows: list[DiffRow] = []
        self.cursor = 0
        self.aside = 0
        self.empty = "…"
        self.pictures: dict[str, Pair] = {}
        self._files: list[FileShown] = []
        self._colours = Colours([])
        self._palette: Palette | None = None

    @property
    def row(self) -> DiffRow | None:
        """The row under the cursor."""
        return self.rows[self.cursor] if self.rows else None

    def show(self, files: list[FileShown], rows: list[DiffRow]) -> None:
        """Show these; the cursor stays as near as it can to where it was."""
        before = self.row
        self.rows = rows
        self._files, self._colours = files, Colours(files)
        self.cursor = self._near(before)
        self._resize()
        self._into_view()
        self.refresh()

    def _near(self, before: DiffRow | None) -> int:
        if before is None or not self.rows:
            return 0
        cell = before.cell
        for at, row in enumerate(self.rows):
            if row.file == before.file and row.hunk == before.hunk and row.kind == before.kind:
                here = row.cell
                if cell is None or (here is not None and here.new >= cell.new):
                    return at
        return min(self.cursor, len(self.rows) - 1)

    # -- moving

    def go(self, at: int) -> None:
        """Put the cursor on a row."""
        if self.rows:
            self.cursor = min(max(at, 0), len(self.rows) - 1)
            self._into_view()
            self.refresh()
            self.post_message(self.Moved(self.rows[self.cursor]))

    def to(self, kind: RowKind, by: int) -> bool:
        """To the next (`by` 1) or previous row of a kind; whether there is one."""
        at = self.cursor + by
        while 0 <= at < len(self.rows):
            if self.rows[at].kind == kind:
                self.go(at)
                # A heading is of no use at the lower edge.
                self.scroll_to(y=max(0, at - 2), animate=False)
                return True
            at += by
        return False

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        self.go(self.cursor + by)

    def action_page(self, by: int) -> None:
        """By a screenful."""
        self.go(self.cursor + by * max(1, self.size.height - 2))

    def action_aside(self, by: int) -> None:
        """See more of long lines."""
        self.aside = max(0, self.aside + by * _STEP)
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """A click puts the cursor there."""
        self.go(event.y + self.scroll_offset.y)

    def on_resize(self) -> None:
        """The cursor stays in view."""
        self._resize()
        self._into_view()

    def _resize(self) -> None:
        self.virtual_size = Size(max(1, self.size.width), max(1, len(self.rows)))

    def _into_view(self) -> None:
        top, height = self.scroll_offset.y, self.size.height
        if height and self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False)
        elif height and self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False)

    # -- drawing

    def notify_style_update(self) -> None:
        """The theme changed."""
        super().notify_style_update()
        self._palette = None

    def _colors(self) -> Palette:
        if self._palette is None:
            self._palette = palette_of(self)
        return self._palette

    def render_line(self, y: int) -> Strip:
        """One row."""
        palette = self._colors()
        width = self.scrollable_content_region.width
        at = y + self.scroll_offset.y
        if at >= len(self.rows):
            words = self.empty if not self.rows and y == 0 else ""
            return _fit([(words, "muted")], width, "", palette)
        row = self.rows[at]
        here = at == self.cursor
        mark = glyphs.mark("cursor") if here else " "
        front = _fit([(mark, "cursor")], 1, "", palette)
        return joined([front, *self._row(row, width - 1, palette)])

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows on screen; what lies over the cells of a picture goes with them."""
        strips = super().render_lines(crop)
        for at, y in enumerate(range(crop.y, min(crop.bottom, crop.y + len(strips)))):
            number = y + self.scroll_offset.y
            if number < len(self.rows) and self.rows[number].kind == "picture":
                strips[at] = self.render_line(y).crop_extend(crop.x, crop.right, None)
        return strips

    def _row(self, row: DiffRow, width: int, palette: Palette) -> list[Strip]:
        if row.kind == "picture":
            pair = self.pictures[self._files[row.file]["path"]]
            return [pair.strip(int(row.text), width, palette)]
        if row.kind != "line":
            style = {"file": "row-head", "hunk": "muted block", "comment": "warning"}.get(
                row.kind, "muted"
            )
            before = f"    {glyphs.mark('user')} " if row.kind == "comment" else ""
            text = before + row.text.replace("\n", " ")
            fill = "block" if row.kind in ("file", "hunk") else ""
            return [_fit([(text, style)], width, fill, palette)]
        if len(row.cells) == 1:
            return [self._cell(row, row.cells[0], width, palette, both=True)]
        left = (width - 1) // 2
        return [
            self._cell(row, row.cells[0], left, palette, old=True),
            _fit([("│" if not glyphs.is_ascii() else "|", "muted")], 1, "", palette),
            self._cell(row, row.cells[1], width - 1 - left, palette),
        ]

    def _cell(
        self, row: DiffRow, cell: Cell | None, width: int, palette: Palette, *,
        both: bool = False, old: bool = False,
    ) -> Strip:  # fmt: skip
        if cell is None:
            return _fit([], width, "block", palette)
        numbers = (cell.old, cell.new) if both else (cell.old if old else cell.new,)
        told = "".join(f"{n or '':>{_NUMBER}}" for n in numbers)
        mark = cell.mark if cell.mark in "+-" else " "
        fill = _FILL.get(cell.mark, "")
        sign = {"+": "added", "-": "removed"}.get(cell.mark, "muted")
        head = _fit([(f"{told} ", f"muted {fill}"), (f"{mark} ", f"{sign} {fill}")],
                    len(told) + 3, fill, palette)  # fmt: skip
        if cell.mark == "\\":
            spans: list[Span] = [(cell.text, "muted")]
        else:
            spans = self._colours.line(row.file, row.hunk, cell.at)
        room = max(0, width - len(told) - 3)
        body = _fit([(t, f"{s} {fill}") for t, s in spans], room, fill, palette, self.aside)
        return Strip.join([head, body]).adjust_cell_length(width, palette[fill])


def _fit(
    spans: list[Span], width: int, fill: str, palette: Palette, start: int = 0
) -> Strip:  # fmt: skip
    """The cells from `start` on, exactly `width` of them."""
    segments: list[Segment] = []
    used = 0
    for text, style in spans:
        if used >= start + width:
            break
        text = printable(text[: start + width - used + 8])
        segments.append(Segment(text, palette[style]))
        used += cells(text)
    strip = Strip(segments, used)
    if start:
        strip = strip.crop(min(start, used), used)
    return strip.adjust_cell_length(width, palette[fill])
