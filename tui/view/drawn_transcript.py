"""A transcript on screen: one widget, drawn line by line, and its scrolling.

There is no widget per message, and nothing that streams touches layout or styles: a flush
renders the open piece again, compares the rows on screen with those before, and asks for the
changed ones to be painted (by `drawn_rows`).
"""

from __future__ import annotations

from pathlib import Path
from time import monotonic

from textual import events
from textual.selection import Selection
from textual.strip import Strip

from sessions.record.transcript import Block, Transcript
from tui.pictures.picture_cache import Found, shelf
from tui.terminal import glyphs
from tui.view.code import warm_up
from tui.view.drawn_rows import DrawnRows
from tui.view.paint import GUTTER, PLAIN, Look, bar, copied, paint
from tui.view.palette import Palette
from tui.view.picture import Pictures
from tui.view.scroll_position import ScrollPosition
from tui.view.search import Search
from tui.view.transcript_layout import BodyRow, TranscriptLayout

THUMB_EVERY_S = 2.0
"""While the view follows the end, the scrollbar is repainted no more often than this."""


class DrawnTranscript(DrawnRows):
    """Shows a transcript and follows its end until the user scrolls up.

    Call `mark_dirty` with every block that `Transcript.apply` returns and let a
    `clock.FrameClock` call `flush`. What hands do in it is in `transcript_view`.
    """

    def __init__(
        self, transcript: Transcript, *, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.transcript = transcript
        self.body = TranscriptLayout(transcript)
        self._with_pictures()
        self.following = True
        self.new_lines = 0
        """Lines that came since the user scrolled up."""
        self.searching: Search | None = None
        self.cursor: int | None = None
        """The block in hand."""
        self._rows: list[BodyRow] = []
        self._dirty: set[int] = set()
        self._thumb = (-1, -1)
        self._found_row = -1
        """The row of the match that the search is at."""

    # -- what the deck calls

    def mark_dirty(self, block: Block) -> None:
        """A block is new or changed; it is drawn at the next `flush`."""
        self._dirty.add(block.index)

    def _with_pictures(self) -> None:
        """Have pictures come from the app's."""
        self.body.pictures = Pictures(self.transcript.files, self._picture, self.transcript.folder)

    def _picture(self, path: Path, width: int, height: int, state: str = "") -> Found | None:
        if glyphs.is_ascii():
            return None
        kept = shelf(self.app)
        kept.watch(self)
        return kept.get(path, width, height, state)

    def picture_came(self) -> None:
        """Pictures have come: those here are drawn."""
        if self.body.picture_came():
            self.draw()

    def show_transcript(self, transcript: Transcript) -> None:
        """Show another transcript, from its end."""
        self.transcript = transcript
        self.body = TranscriptLayout(transcript, self.body.width)
        self._with_pictures()
        self.following, self.new_lines = True, 0
        self.searching = self.typing = self.cursor = None
        self._dirty.clear()
        self.draw()

    def flush(self) -> bool:
        """Draw what is new. Called by the clock; never leaves anything for later."""
        warm_up()
        before = self.body.total
        dirty, self._dirty = self._dirty, set()
        known = len(self.body.blocks)
        self.body.update()
        for index in dirty:
            if index < known:
                self.body.update(index)
        if not self.following:
            self.new_lines += max(0, self.body.total - before)
        self.draw()
        return False

    @property
    def place(self) -> ScrollPosition | None:
        """Where the view stands, to come back to; None while it follows the end."""
        if self.following or not self.body.blocks:
            return None
        index, row = self.body.heights.find(self._top)
        return ScrollPosition(index, row)

    def go_to(self, place: ScrollPosition | None) -> None:
        """Stand where `place` says; None: at the end."""
        self.body.update()
        if place is None or place.block >= len(self.body.blocks):
            self.follow()
            return
        self.body.row_of(place.block)
        self._stand(self.body.heights.before(place.block) + place.row)

    def follow(self) -> None:
        """Go to the end and stay there as it grows."""
        self.following, self.new_lines = True, 0
        self._thumb_at = 0.0
        self.draw()

    # -- drawing

    def _lay_out(self, width: int, height: int) -> list[Strip]:
        body = self.body
        if body.width != (inner := max(2, width - GUTTER)):
            place = self.place
            body.resize(inner)
            if place is not None:
                body.row_of(place.block)
                self._top = body.heights.before(place.block) + place.row
        body.update()
        if self.following:
            self._top = body.settle_end(height)
        else:
            self._top = body.settle(self._top)
        rows = body.rows(self._top, height)
        if len(rows) < height and self._top:
            self._top = body.settle_end(height)
            rows = body.rows(self._top, height)
        self._release(rows)
        body.trim(height, rows)
        self._move_scrollbar(width, height)
        return self._paint(rows, width, height)

    def _release(self, rows: list[BodyRow]) -> None:
        """Rows that left the screen keep their words, not their strips, which are heavy."""
        shown = {id(row.line) for row in rows}
        for row in self._rows:
            if id(row.line) not in shown:
                row.line.strip = row.line.painted = None
        self._rows = rows

    def _paint(self, rows: list[BodyRow], width: int, height: int) -> list[Strip]:
        palette = self._colors()
        selection = self.text_selection
        strips: list[Strip] = []
        old = self._strips
        for y, row in enumerate(rows):
            kept = row.line.strip
            strip = paint(row.line, self._look(row, self._top + y, selection), palette, width)
            # A row that was rendered again and looks the same need not be painted again.
            if strip is not kept and y < len(old) and old[y] == strip:
                row.line.strip = strip = old[y]
            strips.append(strip)
        blank = Strip.blank(width, palette[""])
        strips += [blank] * (height - len(strips))
        if (said := self._hint(palette, width)) is not None:
            strips[-1] = said
        return strips

    def _look(self, row: BodyRow, y: int, selection: Selection | None) -> Look:
        block = self.body.blocks[row.block].block
        gutter = "user" if block.kind == "user" and row.line.spans else ""
        if self.cursor == row.block and row.line.spans:
            gutter = "cursor"
        found = self.searching
        selected = selection.get_span(y) if selection is not None else None
        if not (gutter or block.undone or selected or found is not None):
            return PLAIN
        here = found is not None and found.current is not None and self._found_row == y
        pattern = found.pattern if found is not None and found.needle else None
        return Look(gutter, block.undone, pattern, here, selected)

    def _hint(self, palette: Palette, width: int) -> Strip | None:
        """The last row, where the view has something to say itself."""
        if self.typing is not None:
            return bar(f"/{self.typing}_", palette, width, "hint")
        if self.searching is not None:
            said = f"/{self.searching.needle}  {self.searching.said}"
            return bar(said, palette, width, "hint")
        if not self.following and self.new_lines > 0:
            noun = "line" if self.new_lines == 1 else "lines"
            said = f"{glyphs.mark('new')} {self.new_lines} new {noun}"
            return bar(said, palette, width, "hint")
        return None

    # -- scrolling

    def _move_scrollbar(self, width: int, height: int) -> None:
        """Say where we are; a scrollbar repaints at every change, so only what can be seen."""
        total = max(self.body.total, 1)
        self._say_place(width, total)
        steps = height * 8
        thumb = (self._top * steps // total, height * steps // total)
        if thumb != self._thumb and self.show_vertical_scrollbar:
            now = monotonic()
            if self.following and now - self._thumb_at < THUMB_EVERY_S:
                return
            self._thumb, self._thumb_at = thumb, now
            self.vertical_scrollbar.stand(total, height, self._top)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """The user scrolled: by key, wheel, or the scrollbar."""
        if self._moving or round(old_value) == round(new_value):
            return
        self._stand(round(new_value))

    def _stand(self, top: int) -> None:
        end = self.body.total - self.size.height
        self._top = max(0, min(top, end))
        self.following = top >= end
        self._thumb_at = 0.0
        if self.following:
            self.new_lines = 0
        self.draw()

    def action_scroll_end(self) -> None:
        """To the end, and follow it."""
        self.follow()

    def action_scroll_home(self) -> None:
        """To the beginning."""
        self._stand(0)

    def on_resize(self, _: events.Resize) -> None:
        """Lay out for the new size; the place is kept, and the scrollbar says so at once."""
        self._thumb_at = 0.0
        self.draw()

    def on_mount(self) -> None:
        """Take in what is there."""
        super().on_mount()  # type: ignore[no-untyped-call]
        self.draw()

    # -- the mouse's selection (Textual's own, over several tiles too)

    @property
    def allow_select(self) -> bool:
        """Text can be selected, though this is a kind of scroll container."""
        return True

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text: lines joined where they were only broken to fit."""
        first = selection.start.y if selection.start is not None else 0
        last = selection.end.y if selection.end is not None else self.body.total - 1
        rows = self.body.rows(first, max(0, last - first + 1))
        taken = []
        for y, row in enumerate(rows, first):
            if (span := selection.get_span(y)) is not None:
                start, end = span
                end = -1 if end < 0 else max(0, end - GUTTER)
                taken.append((row.line, max(0, start - GUTTER), end))
        self.body.trim(self.size.height)
        return copied(taken), "\n"
