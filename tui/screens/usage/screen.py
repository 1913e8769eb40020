"""What sessions took: plotted and listed by day, model, backend, profile or session."""

from __future__ import annotations

import asyncio
import importlib
from datetime import date, timedelta
from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from textual import on
from textual._path import CSSPathType
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from sessions.errors import AgentdeckError
from tui.screens.dialogs import Dialog
from tui.screens.usage import chart_data
from tui.terminal import glyphs
from tui.timing.background_work import while_shown
from tui.widgets.clickable_line import ClickableLine, ClickableSpot
from tui.widgets.hints import Hints
from tui.widgets.rows import Row, Rows
from tui.words.text import clip, in_column, plain

if TYPE_CHECKING:
    from sessions.api.answers import UsageRow, UsageShown
    from tui.deck.interfaces import AsksEngine
    from tui.screens.usage.plot import UsagePlot

T = TypeVar("T")
_DAYS = (7, 30, 90, 0)
"""How far back; 0 = all that there is."""
_HEADS = {"tokens": "tokens", "cost": "cost", "cache": "cached", "turns": "turns",
          "waited": "waited"}  # fmt: skip
_COLOURS = ("$primary", "$success", "$warning")
_COLUMN = 10
_SCROLLBAR = 2
_NARROW = 60
_LEAST_FOR_PLOT = 17
"""Lines of the terminal below which the list needs all the room."""


class UsageScreen(Dialog[str]):
    """Gives a session that is to be opened, or nothing."""

    WIDE = True
    WHOLE = True
    CSS_PATH: ClassVar[CSSPathType | None] = ["../dialogs.tcss", "usage.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "by(-1)", show=False, priority=True),
        Binding("right", "by(1)", show=False, priority=True),
        Binding("m", "measure(1)", show=False),
        Binding("M", "measure(-1)", show=False),
        Binding("d", "days", show=False),
        Binding("r", "again", show=False),
    ]

    def __init__(self, deck: AsksEngine) -> None:
        super().__init__("Usage")
        self.deck = deck
        self.by = "day"
        self.measure = "tokens"
        self.days = 30
        self.shown: UsageShown | None = None
        self.asked = 0
        """How often the engine was asked; an answer that was overtaken is not shown."""

    def body(self) -> ComposeResult:
        """What is looked at, the plot, the list and its sum."""
        yield ClickableLine(id="by")
        yield ClickableLine(id="measure")
        yield Vertical(id="plotted")
        yield Static("", id="legend", markup=False)
        yield Static("", id="heads", markup=False)
        yield Rows("…")
        yield Static("", id="total", markup=False)
        yield Static("", id="fault", markup=False)
        yield Hints(id="offers")

    def on_mount(self) -> None:
        """Ask for the figures, and load what plots them."""
        self.query_one(Rows).focus()
        self._say()
        self.run_worker(while_shown(self, self._plot), group="plot")
        self._ask()

    async def _plot(self) -> None:
        # Its library takes a tenth of a second to import.
        module = await asyncio.to_thread(importlib.import_module, "tui.screens.usage.plot")
        await self.query_one("#plotted").mount(cast("UsagePlot", module.UsagePlot()))
        self._draw()

    def _ask(self) -> None:
        self.asked += 1
        self.run_worker(while_shown(self, self._asking, self.asked), group="ask")

    async def _asking(self, number: int) -> None:
        since = (date.today() - timedelta(self.days - 1)).isoformat() if self.days else ""
        fault, found = "", None
        try:
            found = await self.deck.client.call("archive.usage", by=[self.by], since=since)
        except AgentdeckError as error:
            fault = str(error)
        if number == self.asked:
            self.shown = found
            self.query_one("#fault", Static).update(plain(fault))
            self._say()
            self._draw()

    # -- what is shown

    @property
    def rows(self) -> list[UsageRow]:
        """The rows as they are listed."""
        return chart_data.in_order(self.shown["rows"] if self.shown else [], self.by, self.measure)

    def _say(self) -> None:
        """All words of the screen."""
        self.set_class(self.size.width < _NARROW, "-narrow")
        for which, word, names in (
            ("by", "by", chart_data.BY),
            ("measure", "of", chart_data.MEASURES),
        ):
            now = getattr(self, which)
            spots = _choices(names, now, which, narrow=self.size.width < _NARROW)
            label = [] if self.size.width < _NARROW else [ClickableSpot(f"{word}  ")]
            self.query_one(f"#{which}", ClickableLine).say([*label, *spots])
        title = "Usage" if not self.days else f"Usage of the last {self.days} days"
        self.query_one("#dialog").border_title = title
        keys = [("right", "by what"), ("m", "of what"), ("d", "days")]
        keys += [("r", "refreshes")] if self.size.width >= _NARROW else []
        keys += [("enter", "opens")] if self.by == "session" else []
        self.query_one("#offers", Hints).say([*keys, ("escape", "closes")])
        self._list()

    def _columns(self) -> list[str]:
        """The figures that fit beside the names, the one that is looked at first."""
        others = [name for name in chart_data.MEASURES if name != self.measure]
        room = (self._width - 14) // _COLUMN
        return [self.measure, *others][: max(1, room)]

    @property
    def _width(self) -> int:
        rows = self.query_one(Rows)
        return (rows.size.width or self.size.width - 6) - _SCROLLBAR

    def _list(self) -> None:
        columns = self._columns()
        room = max(8, min(48, self._width - _COLUMN * len(columns)))

        def cells(name: str, row: UsageRow | None) -> tuple[tuple[str, str], ...]:
            texts = [chart_data.told(row, c) if row else _HEADS[c] for c in columns]
            shown = [f"{clip(text, _COLUMN - 1):>{_COLUMN}}" for text in texts]
            first = in_column(name, room - 1)
            style = "$text-muted" if row is None else ""
            return (first, style), *((text, style) for text in shown)

        rows = self.rows
        listing = self.query_one(Rows)
        if self.shown:
            listing.empty = "No turn has ended" + (" in these days." if self.days else " yet.")
        listing.show([
            Row(str(row.get(self.by, "")), cells(chart_data.name_of(row, self.by), row))
            for row in rows
        ])  # fmt: skip
        heads = Content.assemble(*cells(self.by, None)) if rows else Content("")
        self.query_one("#heads", Static).update(heads)
        total: Content | str = ""
        if self.shown and rows:
            others = self.shown["others"]
            name = f"all, {others} more" if others else "all"
            total = Content.assemble(*cells(name, self.shown["total"])).stylize("bold")
        self.query_one("#total", Static).update(total)

    def _draw(self) -> None:
        """The plot, where there is room for one."""
        rows = self.rows
        bars = chart_data.bars(rows, self.by, self.measure)
        there = bool(rows) and self.size.height >= _LEAST_FOR_PLOT
        there = there and any(value > 0 for values in bars.series for value in values)
        self.query_one("#plotted").display = there
        legend = self.query_one("#legend", Static)
        legend.display = there and self.measure == "tokens"
        block = glyphs.mark("colour")
        narrow = self.size.width < _NARROW
        names = ("cached", *chart_data.SERIES[1:]) if narrow else chart_data.SERIES
        gap = " " if narrow else "   "
        parts = zip(names, _COLOURS, strict=True)
        spots = [((f"{block} ", colour), (f"{name}{gap}", "$text-muted")) for name, colour in parts]
        legend.update(Content.assemble(*(piece for pair in spots for piece in pair)))
        for plot in self.query("#plot"):
            cast("UsagePlot", plot).draw(bars, lying=self.by != "day")

    def on_resize(self) -> None:
        """Other columns fit, and perhaps no plot."""
        self.call_after_refresh(self._refit)

    def _refit(self) -> None:
        if self.is_attached:
            self._say()
            self._draw()

    # -- what is chosen

    def action_by(self, step: int) -> None:
        """Sums by the next of days, models, backends, profiles, sessions."""
        self._choose("by", _next(chart_data.BY, self.by, step))

    def action_measure(self, step: int) -> None:
        """Plot another figure."""
        self._choose("measure", _next(chart_data.MEASURES, self.measure, step))

    def action_days(self) -> None:
        """Look farther back, or at the last week again."""
        self.days = _next(_DAYS, self.days, 1)
        self._ask()

    def action_again(self) -> None:
        """What turns have taken meanwhile."""
        self._ask()

    def _choose(self, which: str, value: str) -> None:
        if which == "by" and value != self.by:
            self.by, self.shown = value, None
            self._ask()
        elif which == "measure":
            self.measure = value
        self._say()
        self._draw()

    @on(ClickableLine.Clicked)
    def _clicked(self, message: ClickableLine.Clicked) -> None:
        message.stop()
        which, _, value = message.target.partition(":")
        self._choose(which, value)

    @on(Rows.Picked)
    def _picked(self, message: Rows.Picked) -> None:
        if self.by == "session" and message.key:
            self.dismiss(message.key)


def _next(values: tuple[T, ...], now: T, step: int) -> T:
    return values[(values.index(now) + step) % len(values)]


def _choices(names: tuple[str, ...], now: str, which: str, *, narrow: bool) -> list[ClickableSpot]:
    spots: list[ClickableSpot] = []
    for name in names:
        word = name if narrow else f" {name} "
        spots.append(ClickableSpot(word, "reverse" if name == now else "", f"{which}:{name}"))
        spots.append(ClickableSpot(" " if narrow else ""))
    return spots
