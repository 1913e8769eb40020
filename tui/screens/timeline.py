"""Where a turn's time went: the model, tools, waiting for a person or for a server."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from sessions.errors import AgentdeckError
from sessions.record import events as ev
from tui.screens.dialogs import Dialog
from tui.terminal import glyphs
from tui.timing.background_work import if_shown, while_shown
from tui.widgets.hints import Hints
from tui.widgets.rows import Row, Rows
from tui.words.text import clip, duration, in_column, one_line, plain

if TYPE_CHECKING:
    from sessions.api.answers import TurnSpan, TurnTimeline
    from tui.deck.interfaces import ForTimeline

_KINDS = {
    "model": ("model", "$text-primary"),
    "tool": ("tools", "$text-success"),
    "person": ("waiting for you", "$text-warning"),
    "wait": ("other waiting", "$text-secondary"),
}
_KEYS = (
    ("left", "previous turn"),
    ("right", "next turn"),
    ("r", "refreshes"),
    ("escape", "closes"),
)
_SAYS_MORE = (ev.Text, ev.Thinking, ev.ToolProgress)
"""What comes while a stretch lasts, and begins or ends none."""
_TIMES = 16
_SCROLLBAR = 2
_NARROW = 48
"""Cells below which stretches have no bars: the one of the whole turn is there."""
_AROUND = 13
"""Lines of the dialog that are no rows."""


class TimelineScreen(Dialog[None]):
    """A turn's stretches, each with when it began, how long it took, and a bar at its place."""

    WIDE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "turn(-1)", show=False, priority=True),
        Binding("right", "turn(1)", show=False, priority=True),
        Binding("r", "turn(0)", show=False),
    ]

    def __init__(self, deck: ForTimeline, session: str, turn: int) -> None:
        super().__init__("A turn's time")
        self.deck = deck
        self.session = session
        self.turn = turn
        self.shown: TurnTimeline | None = None
        self._asking = False
        self._behind = False
        """Something has happened since it was asked."""

    def body(self) -> ComposeResult:
        """The sums, and the stretches."""
        yield Static("", id="sums", markup=False)
        yield Static("", id="whole-turn", markup=False)
        yield Rows("…")
        yield Static("", id="whole", markup=False)
        yield Static("", id="fault", markup=False)
        yield Hints(id="offers")

    def on_mount(self) -> None:
        """Ask for the turn."""
        self.query_one(Rows).focus()
        self.query_one("#offers", Hints).say(_KEYS)
        self.follow(self.deck.topics.event, self.event_came)
        self.action_turn(0)

    def event_came(self, session: str, event: ev.Event) -> None:
        """What runs goes on: the turn is asked for again when a stretch of it begins or ends."""
        if (
            session != self.session
            or type(event) in _SAYS_MORE
            or getattr(event, "turn", None) not in (None, self.turn)
            or (self.shown is not None and self.shown["ended"])
        ):
            return
        self._behind = True
        if not self._asking:
            self.run_worker(while_shown(self, self._follow), group="follow")

    async def _follow(self) -> None:
        while self._behind:
            await self._ask(self.turn)

    def action_turn(self, step: int) -> None:
        """Look at another turn, or at the same as it is now."""
        summary = self.deck.model.summaries.get(self.session)
        last = max(summary.turns if summary else self.turn, 1)
        self.turn = min(max(1, self.turn + step), last)
        self.run_worker(while_shown(self, self._ask, self.turn), group="ask", exclusive=True)

    async def _ask(self, turn: int) -> None:
        fault, found = "", None
        self._asking, self._behind = True, False
        try:
            client = self.deck.client
            found = await client.call("session.timeline", session=self.session, turn=turn)
        except AgentdeckError as error:
            fault = str(error)
        finally:
            self._asking = False
        if turn != self.turn:
            return
        self.shown = found
        self.query_one("#fault", Static).update(plain(fault))
        self.show()

    def show(self) -> None:
        """Draw what was told."""
        shown, rows = self.shown, self.query_one(Rows)
        name = clip(self.deck.model.name_of(self.session), 40)
        state = "" if shown is None else f", {_when(shown['at'])}"
        state += " (it still runs)" if shown and not shown["ended"] else ""
        self.query_one("#dialog").border_title = plain(f"Turn {self.turn} of {name}{state}")
        rows.empty = "Nothing of it took any time." if shown else ""
        width = rows.size.width - _SCROLLBAR
        spans = shown["spans"] if shown else []
        seconds = max(shown["seconds"], 0.001) if shown else 1.0
        narrow = width < _NARROW
        room = max(8, width - _TIMES // 2 if narrow else min(40, width // 3))
        bar = 0 if narrow else width - room - _TIMES
        rows.styles.height = max(1, min(len(spans), self.size.height * 9 // 10 - _AROUND))
        rows.show([_row(n, span, seconds, room, bar) for n, span in enumerate(spans)])
        self.query_one("#sums", Static).update(_sums(shown, "\n" if narrow else "   "))
        self.query_one("#whole-turn", Static).update(_line(spans, seconds, max(4, width)))
        self._say_whole()

    def on_rows_moved(self) -> None:
        """Tell the one under the cursor in full."""
        self._say_whole()

    def _say_whole(self) -> None:
        spans, cursor = self.shown["spans"] if self.shown else [], self.query_one(Rows).cursor
        words = ""
        if cursor < len(spans):
            span = spans[cursor]
            words = ": ".join(filter(None, (_name(span), one_line(span["about"]), span["status"])))
        self.query_one("#whole", Static).update(Content.styled(words, "$text-muted"))

    def on_resize(self) -> None:
        """Bars of another length."""
        self.call_after_refresh(if_shown(self, self.show))


def _name(span: TurnSpan) -> str:
    name = one_line(span["name"])
    if span["kind"] == "person":
        return f"you, for {name}" if name else "you"
    return f"model {name}".strip() if span["kind"] == "model" else name


def _row(number: int, span: TurnSpan, seconds: float, room: int, width: int) -> Row:
    style = _KINDS.get(span["kind"], ("", ""))[1]
    name = _name(span) + (f" {one_line(span['about'])}" if span["kind"] == "tool" else "")
    took = f"{duration(span['end'] - span['begin']):>7} "
    first_cell = (in_column(name, room - 1), style)
    if not width:
        return Row(str(number), (first_cell, (took, "")))
    first, last = _place(span, seconds, width)
    began = f"{'+' + duration(span['begin']):>8}"
    bar = " " * first + glyphs.mark("filled") * (last - first)
    return Row(str(number), (first_cell, (began, "$text-muted"), (took, ""), (bar, style)))


def _place(span: TurnSpan, seconds: float, width: int) -> tuple[int, int]:
    """The cells of a stretch; the shortest has one."""
    first = min(width - 1, int(span["begin"] / seconds * width))
    return first, min(width, max(first + 1, round(span["end"] / seconds * width)))


def _line(spans: list[TurnSpan], seconds: float, width: int) -> Content:
    """The whole turn in one line: a person's time above tools', theirs above the rest."""
    cells = [""] * width
    for kind in ("model", "wait", "tool", "person"):
        for span in spans:
            if span["kind"] == kind:
                first, last = _place(span, seconds, width)
                cells[first:last] = [_KINDS[kind][1]] * (last - first)
    block = glyphs.mark("filled")
    return Content.assemble(*((block if style else " ", style) for style in cells))


def _sums(shown: TurnTimeline | None, between: str) -> Content:
    if shown is None:
        return Content("")
    block = glyphs.mark("filled")
    parts: list[tuple[str, str]] = [(f"{duration(shown['seconds'])} in all", "bold")]
    for kind, seconds in sorted(shown["sums"].items(), key=lambda item: -item[1]):
        word, style = _KINDS.get(kind, (kind, ""))
        parts += [(f"{between}{block} ", style), (f"{word} {duration(seconds)}", "")]
    return Content.assemble(*parts)


def _when(at: str) -> str:
    try:
        return datetime.fromisoformat(at).astimezone().strftime("%d %b %H:%M")
    except ValueError:
        return ""
