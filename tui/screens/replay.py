"""A terminal's recording, played again: at its own pace, faster, or step by step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.timer import Timer

from sessions.api.terminals import CastHeader
from sessions.errors import AgentdeckError
from tui.screens.dialogs import Dialog
from tui.terminals import emulator_choice
from tui.terminals.screen_widget import DrawnTerminal
from tui.timing.background_work import while_shown
from tui.words.text import duration

if TYPE_CHECKING:
    from tui.deck.interfaces import ForLooking

IDLE_S = 2.0
"""Longer pauses are shortened to this: nobody waits for what nobody did."""
SEEK_S = 5.0
SPEEDS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
_FRAME_S = 0.04
_MOST = 2_000_000
"""Events; of a longer recording the beginning is played."""

Moment = tuple[float, str, str]
"""When (seconds since the beginning, pauses shortened), what kind, and what."""


def timed(events: Sequence[tuple[float, str, str]], since: float = 0.0) -> list[Moment]:
    """Events with intervals as events with times."""
    found: list[Moment] = []
    for interval, code, data in events:
        since += min(max(0.0, interval), IDLE_S)
        found.append((since, code, data))
    return found


class ReplayScreen(Dialog[None]):
    """Plays a recording of a terminal."""

    WIDE = True
    WHOLE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "pause", show=False, priority=True),
        Binding("right", "seek(1)", show=False, priority=True),
        Binding("left", "seek(-1)", show=False, priority=True),
        Binding("plus,equals_sign,up", "faster(1)", show=False, priority=True),
        Binding("minus,down", "faster(-1)", show=False, priority=True),
        Binding("home", "begin", show=False, priority=True),
        Binding("end", "finish", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    ReplayScreen DrawnTerminal { height: 1fr; overflow-y: scroll; scrollbar-size-vertical: 1; }
    """

    def __init__(self, deck: ForLooking, session: str) -> None:
        super().__init__(f"Recording of {deck.model.name_of(session)}")
        self.deck = deck
        self.session = session
        self.moments: list[Moment] = []
        self.at = 0.0
        """Seconds of the recording that are shown."""
        self.played = 0
        """So many events are in the emulator."""
        self.speed = 1.0
        self.paused = False
        self._cells = (80, 24)
        self._said = ""
        self._timer: Timer | None = None
        """It stands still while there is nothing to play."""
        self._all = False
        self.view = DrawnTerminal(session, emulator_choice.make)

    def body(self) -> ComposeResult:
        """The screen."""
        yield self.view

    def on_mount(self) -> None:
        """Read it, and play."""
        if why := emulator_choice.missing():
            self.view.tell(why)
            return
        self._timer = self.set_interval(_FRAME_S, self._tick, pause=True)
        self._say()
        self.run_worker(while_shown(self, self._load), group="load")

    async def _load(self) -> None:
        offset = 0
        try:
            while len(self.moments) < _MOST:
                part = await self.deck.client.call(
                    "terminal.recorded", session=self.session, offset=offset
                )
                if header := part.get("header"):
                    self._begin(header)
                since = self.moments[-1][0] if self.moments else 0.0
                self.moments += timed(part["events"], since)
                self._say()
                offset = part["next"]
                if part["done"]:
                    break
        except AgentdeckError as error:
            self.view.tell(str(error))
            return
        self._all = True
        self._say()

    def _begin(self, header: CastHeader) -> None:
        term = header.get("term") or {}
        columns, rows = term.get("cols"), term.get("rows")
        if isinstance(columns, int) and isinstance(rows, int):
            self._cells = columns, rows
        self._restart()

    def _restart(self) -> None:
        self.view.show_new(*self._cells)
        self.played = 0

    # -- playing

    @property
    def length(self) -> float:
        """Seconds that it takes, as far as it is read."""
        return self.moments[-1][0] if self.moments else 0.0

    def _tick(self) -> None:
        if not self.paused:  # one may be on its way
            self._show(self.at + _FRAME_S * self.speed)

    def _show(self, at: float) -> None:
        """Show it as it was then."""
        if self.view.emulator is None:
            return
        self.at = min(max(0.0, at), self.length)
        if self.played and self.moments[self.played - 1][0] > self.at:
            self._restart()
        printed: list[str] = []
        while self.played < len(self.moments) and self.moments[self.played][0] <= self.at:
            _, code, data = self.moments[self.played]
            self.played += 1
            if code == "o":
                printed.append(data)
            elif code == "r":
                self.view.feed("".join(printed).encode("utf-8", "surrogateescape"))
                printed.clear()
                columns, _, rows = data.partition("x")
                if columns.isdigit() and rows.isdigit():
                    self.view.feed(b"", (int(columns), int(rows)))
        self.view.feed("".join(printed).encode("utf-8", "surrogateescape"))
        self.view.draw()
        self._say()

    def action_pause(self) -> None:
        """Stop, or go on; at the end, from the beginning."""
        if self._all and self.at >= self.length:
            self.action_begin()
            self.paused = False
        else:
            self.paused = not self.paused
        self._say()

    def action_seek(self, by: int) -> None:
        """Some seconds back or on."""
        self._show(self.at + by * SEEK_S)

    def action_begin(self) -> None:
        """To the beginning."""
        self._show(0.0)

    def action_finish(self) -> None:
        """To the end."""
        self._show(self.length)

    def action_faster(self, by: int) -> None:
        """Another speed."""
        place = SPEEDS.index(self.speed) + by
        self.speed = SPEEDS[min(max(place, 0), len(SPEEDS) - 1)]
        self._say()

    def _say(self) -> None:
        more = "" if self._all else "…"
        state = "paused" if self.paused else f"{self.speed:g}x"
        said = f"{duration(self.at)} of {duration(self.length)}{more} · {state}"
        if said != self._said:  # each time the whole frame is painted
            self._said = said
            self.hint(f"{said} · space pauses · ← → 5 s · + - speed · home end · esc")
        if self._timer is None:
            return
        if self.paused or self.view.emulator is None or self.at >= self.length:
            self._timer.pause()
        else:
            self._timer.resume()

    def on_unmount(self) -> None:
        """Let go of the emulator."""
        self.view.end()
