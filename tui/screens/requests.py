"""All requests that wait, over all sessions: each shown and answered as it would be in its tile."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual._path import CSSPathType
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from sessions.record import events as ev
from tui.panels.hints import Hints
from tui.screens import filling
from tui.screens.dialogs import Dialog, Offer
from tui.text import clip, one_line
from tui.widgets.permission import PermissionBox
from tui.widgets.rows import Row, Rows

if TYPE_CHECKING:
    from tui.deck.screen import DeckScreen

_MOST_ROWS = 6
"""Of the list at once; the room is for the question."""
_OFFERS = (
    Offer("up", "before"),
    Offer("down", "next"),
    Offer("pagedown", "scrolls"),
    Offer("ctrl+g", "goes to its tile"),
    Offer("escape", "leaves"),
)


class Requests(Dialog[str]):
    """Gives the session whose tile is wanted, or nothing. Answers go out one by one."""

    WIDE = True
    CSS_PATH: ClassVar[CSSPathType | None] = ["dialogs.tcss", "../widgets/permission.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "step(1)", show=False, priority=True),
        Binding("up", "step(-1)", show=False, priority=True),
        Binding("ctrl+g", "go", show=False, priority=True),
    ]

    def __init__(self, deck: DeckScreen) -> None:
        super().__init__("Waiting requests")
        self.deck = deck
        self.answered: set[tuple[str, str]] = set()
        """Answers that are on their way: their requests are not shown again."""
        self.in_hand = ""

    def body(self) -> ComposeResult:
        """The list, the request in hand, and what the keys do."""
        yield Rows("Nothing waits.")
        yield Vertical(id="request")
        yield Hints(id="offers")

    def on_mount(self) -> None:
        """Show the oldest, and follow what comes and goes."""
        self.query_one("#offers", Hints).say([(o.key, o.word) for o in _OFFERS])
        self.deck.requests_watcher = self.show
        self.show()

    def on_unmount(self) -> None:
        """Nobody looks any more."""
        self.deck.requests_watcher = None

    def waiting(self) -> list[tuple[str, ev.JSON]]:
        """What still wants an answer, the oldest first, each with its session."""
        return [
            (session, ask)
            for session, ask in self.deck.model.waiting()
            if (session, str(ask.get("ask", ""))) not in self.answered
        ]

    def show(self) -> None:
        """Draw the list; the request in hand stays the same one while it waits."""
        rows = self.query_one(Rows)
        waiting = self.waiting()
        rows.show([self._row(session, ask) for session, ask in waiting])
        rows.styles.height = max(1, min(_MOST_ROWS, len(waiting)))
        count = f"{len(waiting)} waiting" if waiting else "Nothing waits any more"
        self.query_one("#dialog").border_title = f"Requests: {count}"
        self._show_in_hand()

    def _row(self, session: str, ask: ev.JSON) -> Row:
        summary = one_line(str(ask.get("summary") or ask.get("tool", "")))
        cells = (
            (f"{clip(self.deck.name_of(session), 28):<29}", "bold"),
            (f"{str(ask.get('at', ''))[11:16]:<6}", "$text-muted"),
            (summary, "$text-warning"),
        )
        return Row(_key(session, ask), cells)

    def _show_in_hand(self) -> None:
        key = self.query_one(Rows).key
        if key != self.in_hand:
            self.in_hand = key
            self.call_later(self._swap)

    async def _swap(self) -> None:
        """A new box for each request: a key that was meant for the one before answers none."""
        key = self.in_hand
        await self.query(PermissionBox).remove()
        found = next(((s, a) for s, a in self.waiting() if _key(s, a) == key), None)
        if found is not None and self.is_attached:
            box = PermissionBox(found[0], found[1], 0)
            await self.query_one("#request").mount(box)
            box.focus()
            self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        room = self.query_one("#request").size
        for box in self.query(PermissionBox):
            if box.is_mounted:
                box.fit(room.width, room.height)

    def on_resize(self) -> None:
        """The request fits what room there is."""
        self.call_after_refresh(self._fit)

    def action_step(self, by: int) -> None:
        """Take another request in hand."""
        self.query_one(Rows).action_move(by)

    @on(Rows.Moved)
    def _moved(self) -> None:
        self._show_in_hand()

    @on(Rows.Picked)
    def _picked(self) -> None:
        """A click takes it in hand."""
        self._show_in_hand()

    def action_go(self) -> None:
        """To the tile of the request in hand."""
        if key := self.query_one(Rows).key:
            self.dismiss(key.split(" ")[0])

    @on(PermissionBox.Answered)
    def _decided(self, message: PermissionBox.Answered) -> None:
        self.answered.add((message.session, message.ask))
        self.deck.decide(message)
        self.show()

    @on(PermissionBox.Fill)
    def _fill(self, message: PermissionBox.Fill) -> None:
        message.stop()
        filling.fill(self, message, self._decided)

    @on(PermissionBox.Left)
    def _left(self) -> None:
        self.dismiss(None)

    def on_hints_chosen(self, message: Hints.Chosen) -> None:
        """An offer was clicked: as if its key had been pressed."""
        self.app.simulate_key(message.key)


def _key(session: str, ask: ev.JSON) -> str:
    return f"{session} {ask.get('ask', '')}"
