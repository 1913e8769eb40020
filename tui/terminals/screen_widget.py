"""A terminal's screen as a widget: what came is fed to the emulator, changed rows are painted.

As in a transcript, nothing that is printed touches layout or styles. A tile that is out of view
has no such widget, so it costs nothing; when it comes back it is fed what the engine has kept.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from time import monotonic

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.selection import Selection
from textual.strip import Strip

from sessions.api.terminals import TerminalOutput, TerminalWatched
from tui.terminal.output_guard import fault_notice, printable
from tui.terminals.cell_styles import CellStyles
from tui.terminals.cells import whole
from tui.terminals.emulator import DEFAULT, Emulator, Ink, Row, Spot
from tui.terminals.terminal_link import TerminalLink
from tui.timing.timers import later
from tui.view.drawn_rows import DrawnRows
from tui.view.paint import bar

FEED_S = 0.006
"""A flood is fed for so long at a time, then everything else has its turn."""
SLICE = 32 * 1024
KEPT_ROWS = 512
"""Rows that look like one before are not made again: those that scroll."""
THUMB_EVERY_S = 1.0
REST_AFTER_S = 5.0


class DrawnTerminal(DrawnRows):
    """What an emulator shows. `came` takes what was printed, `flush` draws it."""

    def __init__(self, session: str, make: Callable[[int, int], Emulator]) -> None:
        super().__init__()
        self.session = session
        self._make = make
        self.emulator: Emulator | None = None
        self.teller: TerminalLink | None = None
        self.words = ""
        """What is said in the place of cells, where there are none."""
        self.broken = 0
        """How often the emulator has failed."""
        self.fed = 0
        """Everything up to this byte is in the emulator."""
        self._until = 0
        """Up to here it is the past: not drawn while it is fed, and no question in it answered."""
        self._coming: deque[TerminalOutput] = deque()
        self._awaited = False
        self._base: dict[int, Strip] = {}
        self._known: dict[Row, Strip] = {}
        self._made: dict[int, tuple[Strip | None, list[tuple[int, int, str]], int, Strip]] = {}
        self._first = 0
        self._gone = 0
        """Rows that are not kept any more. A selection counts them, so that it stays in place."""
        self._inks: CellStyles | None = None
        self._dyes: Mapping[int, int] = {}
        self._thumb_later: asyncio.TimerHandle | None = None
        self._rested = False

    # -- what comes

    def begin(self, told: TerminalWatched, teller: TerminalLink, preamble: bytes) -> None:
        """Start from what the engine has kept; some of it may have come before its answer."""
        self._forget()
        self.teller, self._awaited = teller, False
        try:
            self.emulator = self._make(told["columns"], told["rows"])
            self._colour()
            self.emulator.feed(preamble)
            self.emulator.replies()
        except Exception as error:  # noqa: BLE001 - whatever the library raises
            self._broke(error)
            return
        self.words = ""
        self.fed, self._until = told["start"], told["end"]
        teller.began(self.fed)
        self.draw()
        self.came_before()

    def came_before(self) -> None:
        """What came before the engine's answer is there to be drawn. Overridden by who draws."""

    def end(self) -> None:
        """Let go of the emulator; what is on screen stays."""
        self._coming.clear()
        self._forget()

    def await_past(self) -> None:
        """The engine is asked for what it has kept: what comes from here on is for `begin`."""
        self._coming.clear()
        self._awaited = True

    def _forget(self) -> None:
        self._base.clear()
        self._known.clear()
        self._made.clear()
        if self.emulator is not None:
            self.emulator.close()
            self.emulator = None

    def show_new(self, columns: int, rows: int) -> None:
        """An empty screen of this size, which nobody but the caller feeds."""
        self._forget()
        self.emulator = self._make(columns, rows)
        self._colour()
        self.words = ""

    def feed(self, data: bytes, size: tuple[int, int] | None = None) -> None:
        """Give the emulator that itself, after another size; what it would answer is dropped."""
        try:
            if self.emulator is not None:
                if size is not None:
                    self.emulator.resize(*size)
                self.emulator.feed(data)
                self.emulator.replies()
        except Exception as error:  # noqa: BLE001 - whatever the library raises
            self._broke(error)

    def came(self, output: TerminalOutput) -> None:
        """What the program printed; drawn at the next `flush`."""
        self._coming.append(output)

    @property
    def past(self) -> bool:
        """Whether what was kept is still being fed."""
        return self.fed < self._until

    def flush(self) -> bool:
        """Feed and draw what came; True if something is left."""
        try:
            left = self._feed()
            if not (self.past and left):
                self.draw()
        except Exception as error:  # noqa: BLE001 - whatever the library raises
            self._broke(error)
            return False
        return left

    def _feed(self) -> bool:
        emulator, teller = self.emulator, self.teller
        if emulator is None or teller is None or self._awaited:
            if not self._awaited:
                self._coming.clear()
            return False
        until = monotonic() + FEED_S
        while self._coming:
            output = self._coming.popleft()
            if output.at > self.fed:
                continue  # of a watch before this one, which begins further back: it comes again
            if output.lost:
                self._coming.clear()
                self.lost()
                return False
            if output.size is not None:
                self._resize(emulator, output.size)
            if output.end:
                self.ended()
            at = output.at
            if at < self.fed:  # of a watch before this one: the same bytes
                output = TerminalOutput(self.fed, output.data[self.fed - at :])
                at = self.fed
            for start in range(0, len(output.data), SLICE):
                emulator.feed(output.data[start : start + SLICE])
                at = output.at + min(start + SLICE, len(output.data))
                if monotonic() > until and at < output.at + len(output.data):
                    rest = output.data[at - output.at :]
                    self._coming.appendleft(TerminalOutput(at, rest))
                    break
            self._fed(max(self.fed, at), emulator, teller)
            if monotonic() > until:
                break
        return bool(self._coming)

    def _resize(self, emulator: Emulator, size: tuple[int, int]) -> None:
        """Another size; another width breaks lines elsewhere, and what was selected with them."""
        if size[0] != emulator.columns and self.text_selection is not None:
            kept = {w: s for w, s in self.screen.selections.items() if w is not self}
            self.screen.selections = kept
        emulator.resize(*size)

    def _fed(self, at: int, emulator: Emulator, teller: TerminalLink) -> None:
        answers = emulator.replies()
        if self.fed >= self._until:
            teller.type(answers, reply=True)
        self.fed, self._rested = at, False
        teller.took(at)

    def rest(self) -> None:
        """Nothing has come for a while: what scrolled away may take less room."""
        if self.emulator is not None and not self._rested and not self._coming:
            self._rested = True
            self.emulator.rest()

    def lost(self) -> None:
        """More was printed than is kept: begin anew. Overridden by who can."""

    def ended(self) -> None:
        """The program has ended. Overridden by who cares."""

    def _broke(self, error: Exception) -> None:
        """The emulator failed: say so, and begin anew without the past."""
        self.broken += 1
        said = fault_notice("The terminal's emulator failed", error)
        self._coming.clear()
        self.emulator = None  # it is left as it is: freeing what is broken could break more
        self._base.clear()
        self._made.clear()
        self.tell(said)
        self.failed(said)

    def failed(self, said: str) -> None:
        """The emulator has failed. Overridden by who begins anew."""

    def tell(self, words: str) -> None:
        """Say something in the place of cells."""
        self.words = words
        self.draw()

    # -- drawing

    def _lay_out(self, width: int, height: int) -> list[Strip]:
        emulator, inks = self.emulator, self._cell_inks()
        if emulator is None or self.words:
            return self._say(width, height)
        changed = emulator.changed()
        if emulator.dyes != self._dyes:
            self._dyes = emulator.dyes
            inks, changed = self._dyed(emulator)
        for y, row in changed.items():
            self._base[y] = self._strip(row, inks)
        caret, view = emulator.cursor(), emulator.view()
        self._top, self._gone = view.top, emulator.gone
        spare = max(0, emulator.rows - height)
        self._first = min(spare, max(0, caret.y - height + 1)) if caret and spare else 0
        self._move_scrollbar(view.total, emulator.rows, height)
        selection = self.text_selection
        spots, here = self.spots()
        shown: list[Strip] = []
        for y in range(height):
            row_at = y + self._first
            base = self._base.get(row_at) if row_at < emulator.rows else None
            marks: list[tuple[int, int, str]] = []
            if (spots or here) and base is not None:
                marks += [(s.start, s.end, "found") for s in spots if s.y == row_at]
                marks += [(s.start, s.end, "found-here") for s in here if s.y == row_at]
            if selection is not None and (
                span := selection.get_span(self._gone + view.top + row_at)
            ):
                marks.append((span[0], width if span[1] < 0 else span[1], "selected"))
            if caret is not None and caret.y == row_at and caret.x < width:
                marks.append((caret.x, caret.x + 1, self._caret(caret.shape)))
            shown.append(self._row(y, base, marks, width, inks))
        if (said := self.hint()) and shown:
            shown[-1] = bar(said, self._colors(), width, "hint")
        return shown

    def _dyed(self, emulator: Emulator) -> tuple[CellStyles, dict[int, Row]]:
        """The program has set colours: all rows look different."""
        self._inks = None
        self._known.clear()
        self._made.clear()
        emulator.look_anew()
        return self._cell_inks(), emulator.changed()

    def _caret(self, shape: str) -> str:
        """How the cursor is drawn: where the keys are not, it is only a line below."""
        return "caret" if shape == "block" and self.has_focus else "caret-line"

    def _strip(self, row: Row, inks: CellStyles) -> Strip:
        strip = self._known.get(row)
        if strip is None:
            if len(self._known) >= KEPT_ROWS:
                self._known.clear()
            width = sum(stretch.width for stretch in row)
            strip = Strip([Segment(text, inks[ink]) for text, _, ink in row], width)
            self._known[row] = strip
        return strip

    def _row(
        self,
        y: int,
        base: Strip | None,
        marks: list[tuple[int, int, str]],
        width: int,
        inks: CellStyles,
    ) -> Strip:
        made = self._made.get(y)
        if made is not None and made[0] is base and made[1:3] == (marks, width):
            return made[3]
        blank = inks[Ink(DEFAULT, DEFAULT)]
        if base is None:
            strip = Strip.blank(width, blank)
        else:
            strip = base
            for start, end, name in marks:
                strip = self._marked(strip, start, end, name)
            if strip.cell_length != width:
                strip = strip.adjust_cell_length(width, blank)
        self._made[y] = (base, marks, width, strip)
        return strip

    def _marked(self, strip: Strip, start: int, end: int, name: str) -> Strip:
        start, end = whole(strip, max(0, start), min(end, strip.cell_length))
        if start >= end:
            return strip
        parts = list(strip.divide([start, end, strip.cell_length]))
        changed = [Segment(s.text, self._over(s.style, name)) for s in parts[1]]
        joined = [*parts[0], *changed, *(parts[2] if len(parts) > 2 else ())]
        return Strip(joined, strip.cell_length)

    def _over(self, style: Style | None, name: str) -> Style:
        style = style or Style()
        if name in ("caret", "selected"):
            return style + Style(reverse=not style.reverse)
        if name == "caret-line":
            return style + Style(underline=True)
        return self._colors()[name]

    def _say(self, width: int, height: int) -> list[Strip]:
        palette = self._colors()
        blank = Strip.blank(width, palette[""])
        words, lines = printable(self.words).split(), [""]
        for word in words:
            if len(lines[-1]) + len(word) + 1 > max(8, width - 2):
                lines.append("")
            lines[-1] += f" {word}"
        said = [
            Strip([Segment(line, palette["muted"])]).adjust_cell_length(width, palette[""])
            for line in lines[:height]
        ]
        return said + [blank] * (height - len(said))

    def spots(self) -> tuple[list[Spot], list[Spot]]:
        """What a search has found in view, and which of that is in hand."""
        return [], []

    def hint(self) -> str:
        """What the view says itself in its last row, if anything."""
        return ""

    def _cell_inks(self) -> CellStyles:
        if self._inks is None:
            self._inks = CellStyles(
                self.colors[3], self.background_colors[1], self.app.ansi_theme,
                self.get_line_filters(), self._dyes,
            )  # fmt: skip
            self._colour()
        return self._inks

    def _colour(self) -> None:
        if self.emulator is not None and self._inks is not None:
            self.emulator.colours(*self._inks.rgb)

    def notify_style_update(self) -> None:
        """The theme or our own style changed: all rows look different."""
        super().notify_style_update()
        self._inks = None
        self._known.clear()
        self._made.clear()
        if self.emulator is not None and self._base:
            self._base.clear()
            self.emulator.look_anew()

    def _text_row(self, y: int) -> int:
        """With the rows that are not kept any more."""
        return self._gone + self._top + self._first + y

    # -- scrolling

    def _move_scrollbar(self, total: int, rows: int, height: int) -> None:
        at_end = self._top + rows >= total
        self._say_place(self._inner[0], max(1, total))
        now = monotonic()
        if not self.show_vertical_scrollbar:
            return
        if at_end and now - self._thumb_at < THUMB_EVERY_S:
            if self._thumb_later is None:
                self._thumb_later = later(self, THUMB_EVERY_S, self._move_thumb)
            return
        bar_, told = self.vertical_scrollbar, (total, rows, self._top)
        if told != (bar_.window_virtual_size, bar_.window_size, bar_.position):
            self._thumb_at = now
            bar_.stand(*told)

    def _move_thumb(self) -> None:
        """What was too soon for the scrollbar, is not any more."""
        self._thumb_later = None
        self._thumb_at = 0.0
        self.draw()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """The user moved the scrollbar."""
        if not self._moving and round(old_value) != round(new_value):
            self.stand(round(new_value))

    def stand(self, top: int | None) -> None:
        """Bring another part into view; None: the end."""
        emulator = self.emulator
        if emulator is None:
            return
        if top is not None and top + emulator.rows >= emulator.view().total:
            top = None
        emulator.scroll_to(top)
        self._thumb_at = 0.0
        self.draw()

    @property
    def back(self) -> int:
        """How many rows lie below what is in view."""
        if self.emulator is None:
            return 0
        view = self.emulator.view()
        return max(0, view.total - view.top - self.emulator.rows)

    def on_resize(self, _: events.Resize) -> None:
        """Paint for the new size; how large the terminal gets is asked elsewhere."""
        self._made.clear()
        self.draw()

    # -- the mouse's selection

    @property
    def allow_select(self) -> bool:
        """Text can be selected, unless the program wants the mouse."""
        return self.emulator is not None and not self.emulator.mouse

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text."""
        emulator = self.emulator
        if emulator is None:
            return None
        gone = emulator.gone
        x1, y1 = selection.start or (0, gone)
        x2, y2 = selection.end or (emulator.columns, gone + emulator.view().total - 1)
        if y2 < gone:
            return "", "\n"
        first = (x1, y1 - gone) if y1 >= gone else (0, 0)
        return emulator.text(first, (max(0, x2 - 1), y2 - gone)), "\n"
