"""A list of one-line rows that draws only what is in view: thousands of sessions cost nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.style import Style
from textual.visual import Visual

_KEPT = 200
_SENTENCE = 48
"""Cells of a line of words, in the narrowest dialog that is no phone's."""
_MEASURED = 60
"""So many rows say how wide a list is."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `key` names it; `cells` are (text, style) from the left; `told`: all of it in
    words, where its cells are cut to their columns."""

    key: str
    cells: tuple[tuple[str, str], ...]
    told: str = ""

    def content(self) -> Content:
        """As it is drawn."""
        return Content.assemble(*self.cells)


class Rows(ScrollView, can_focus=True):
    """Rows with a cursor; enter or a click picks, space marks where marking is on."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"rows--cursor"}
    DEFAULT_CSS = """
    Rows { height: 1fr; overflow-x: hidden; }
    Rows > .rows--cursor { background: $block-cursor-background; color: $block-cursor-foreground; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "move(-1000000)", show=False),
        Binding("end", "move(1000000)", show=False),
        Binding("enter", "pick", show=False),
    ]

    @dataclass
    class Picked(Message):
        """Enter or a click on a row."""

        rows: Rows
        key: str

    @dataclass
    class Moved(Message):
        """The cursor is on another row."""

        rows: Rows
        key: str

    def __init__(self, empty: str = "Nothing here.", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.rows: list[Row] = []
        self.cursor = 0
        self.tallest = 1
        """The most rows it has had."""
        self.widest = 0
        """Cells of the widest of the first rows it has had."""
        self.grown: Callable[[], None] | None = None
        """Told when it could use more room than ever before."""
        self.empty = empty
        self._drawn: dict[object, Strip] = {}
        """What was drawn last of the rows in view: a screen that opens draws them twice."""

    @property
    def empty(self) -> str:
        """What is said where there is no row; it has the rows that it needs."""
        return self._empty

    @empty.setter
    def empty(self, words: str) -> None:
        self._empty = words
        self._could_use(cell_len(words) // _SENTENCE + 1)

    @property
    def key(self) -> str:
        """The key of the row under the cursor, "" without rows."""
        return self.rows[self.cursor].key if self.rows else ""

    def show(self, rows: Sequence[Row], keep: bool = True) -> None:
        """Show these rows; with `keep` the cursor stays on the row that it was on."""
        before, old, at, top = self.key, self.rows, self.cursor, self.scroll_offset.y
        self.rows = list(rows)
        keys = [row.key for row in self.rows]
        if keep and before and before in keys:
            self.cursor = keys.index(before)
        else:
            self.cursor = max(0, min(self.cursor, len(keys) - 1)) if keep else 0
        self.virtual_size = Size(max(1, self.size.width), max(1, len(self.rows)))
        self._measure()
        self._into_view()
        if (len(old), at, top) != (len(self.rows), self.cursor, self.scroll_offset.y) or not old:
            self.refresh()
            return
        for line in range(top, min(top + self.size.height, len(old))):
            if old[line] != self.rows[line]:
                self.refresh_line(line)

    def add(self, rows: Sequence[Row]) -> None:
        """More rows, below those that are there."""
        if not rows:
            return
        before = len(self.rows)
        self.rows += rows
        self.virtual_size = Size(max(1, self.size.width), len(self.rows))
        self._measure()
        if before < self.scroll_offset.y + self.size.height:
            self.refresh()

    def _measure(self) -> None:
        if self.grown is None:
            return
        first = self.rows[:_MEASURED]
        widest = max((sum(cell_len(t) for t, _ in row.cells) for row in first), default=0)
        self._could_use(len(self.rows), widest)

    def _could_use(self, rows: int, cells: int = 0) -> None:
        """So much room; it is told when that is more than ever before."""
        if rows > self.tallest or cells > self.widest:
            self.tallest = max(self.tallest, rows)
            self.widest = max(self.widest, cells)
            if self.grown is not None:
                self.grown()

    def _into_view(self) -> None:
        height = self.size.height
        if not height:
            return
        top = self.scroll_offset.y
        # By force: rows that have just come are more than was in view, before there is a scrollbar.
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, force=True)
        elif self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False, force=True)

    def render_line(self, y: int) -> Strip:
        """One row, or the sentence that says why there is none."""
        width = self.scrollable_content_region.width
        at = y + self.scroll_offset.y
        style = self.visual_style
        if not self.rows:
            lines = Content.styled(self.empty, "$text-muted").wrap(max(1, width))
            content = lines[at] if at < len(lines) else Content("")
        elif at < len(self.rows):
            return self._row(self.rows[at], at == self.cursor, width)
        else:
            content = Content("")
        return self._strip(content, width, style)

    def _row(self, row: Row, under: bool, width: int) -> Strip:
        style = self.get_visual_style("rows--cursor") if under else self.visual_style
        known = (row, under, width, style, self.app.theme)
        strip = self._drawn.get(known)
        if strip is None:
            # Plain under the cursor: a status' colour may not be readable on the cursor's.
            content = Content(row.content().plain) if under else row.content()
            strip = self._strip(content, width, style)
            if len(self._drawn) > _KEPT:
                self._drawn.clear()
            self._drawn[known] = strip
        return strip

    def _strip(self, content: Content, width: int, style: Style) -> Strip:
        content = content.truncate(width, ellipsis=True, pad=True)
        strips = Visual.to_strips(self, content, width, 1, style)
        return strips[0] if strips else Strip.blank(width, style.rich_style)

    def on_resize(self) -> None:
        """The cursor stays in view."""
        self.virtual_size = Size(max(1, self.size.width), max(1, len(self.rows)))
        self._into_view()

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        if self.rows:
            before, top = self.cursor, self.scroll_offset.y
            self.cursor = min(max(before + by, 0), len(self.rows) - 1)
            self._into_view()
            if self.scroll_offset.y == top:  # all other rows are as they were
                self.refresh_line(before)
                self.refresh_line(self.cursor)
            else:
                self.refresh()
            self.post_message(self.Moved(self, self.key))

    def go_to(self, key: str) -> None:
        """Move the cursor to a row, and show what follows it as well, as far as there is room."""
        found = [row.key for row in self.rows]
        if key not in found:
            return
        self.action_move(found.index(key) - self.cursor)
        self.scroll_to(y=self.cursor, animate=False, force=True)

    def action_page(self, by: int) -> None:
        """Move the cursor by a screenful."""
        self.action_move(by * max(1, self.size.height - 1))

    def action_pick(self) -> None:
        """Tell that the row was picked."""
        if self.rows:
            self.post_message(self.Picked(self, self.key))

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor and picks."""
        at = event.y + self.scroll_offset.y
        if 0 <= at < len(self.rows):
            self.cursor = at
            self.refresh()
            self.post_message(self.Picked(self, self.key))
