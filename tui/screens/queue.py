"""The messages that wait in a session: seen, edited, reordered, dropped, or sent in now."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from sessions.errors import AgentdeckError
from sessions.record.summary_parts import MessageWaiting
from tui.deck.client import Ask
from tui.deck.sending import waiting
from tui.screens.dialogs import Dialog, Offer
from tui.widgets.hints import Hints
from tui.widgets.rows import Row, Rows
from tui.words.text import clip, one_line

if TYPE_CHECKING:
    from sessions.record.summary import Summary
    from tui.deck.interfaces import ForQueue


_OFFERS = (
    Offer("e", "edits"),
    Offer("alt+up", "up"),
    Offer("alt+down", "down"),
    Offer("d", "drops"),
    Offer("s", "sends it into the turn now"),
    Offer("escape", "closes"),
)


class Queue(Dialog[str]):
    """Gives the id of the message that is to be edited, or nothing."""

    WIDE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "edit", show=False),
        Binding("d,delete", "drop", show=False),
        Binding("s", "steer", show=False),
        Binding("shift+up,alt+up,k", "shift(-1)", show=False),
        Binding("shift+down,alt+down,j", "shift(1)", show=False),
    ]

    def __init__(self, deck: ForQueue, session: str) -> None:
        super().__init__(f"Waiting in {clip(deck.model.name_of(session), 50)}")
        self.deck = deck
        self.session = session

    def body(self) -> ComposeResult:
        """The messages, the next one first."""
        yield Rows("Nothing waits any more.")
        yield Hints(id="offers")

    def on_mount(self) -> None:
        """Show them, and follow what happens to them meanwhile."""
        refused = {"s"} if self.running and self.deck.model.why_not("steer") else set()
        offers = [offer for offer in _OFFERS if offer.key not in refused]
        if not self.running:
            offers = [Offer("s", "sends it now") if o.key == "s" else o for o in offers]
        self.query_one("#offers", Hints).say([(o.key, o.word) for o in offers])
        self.query_one(Rows).focus()
        self.show()
        self.follow(self.deck.topics.summary, self._changed)

    def _changed(self, summary: Summary) -> None:
        if summary.id == self.session:
            self.show()

    @property
    def running(self) -> bool:
        """Whether a turn runs, which takes the next message when it ends."""
        summary = self.deck.model.summaries.get(self.session)
        return summary is not None and summary.status in ("working", "needs-you")

    @property
    def items(self) -> list[MessageWaiting]:
        """The queue as it is now."""
        return waiting(self.deck.model.summaries.get(self.session))

    def show(self) -> None:
        """Draw the queue as it is now."""
        rows = []
        for place, item in enumerate(self.items, 1):
            mode = "steer" if item.get("mode") == "steer" else ""
            text = item["text"]
            lines = text.count("\n")
            more = f"  (+{lines} lines)" if lines else ""
            cells = (
                (f"{place:>2} ", "bold"),
                (f"{mode} " if mode else "", "$text-accent"),
                (one_line(text[:400]), ""),
                (more, "$text-muted"),
            )
            rows.append(Row(item.get("id", ""), cells))
        self.query_one(Rows).show(rows)

    def action_edit(self) -> None:
        """Take the message into the composer; enter there puts it back in its place."""
        if key := self.query_one(Rows).key:
            self.dismiss(key)

    def on_rows_picked(self) -> None:
        """Enter or a click edits."""
        self.action_edit()

    def action_drop(self) -> None:
        """Drop the message under the cursor; it stays in the history to be had again."""
        key = self.query_one(Rows).key
        for item in self.items:
            if item.get("id") == key:
                self.deck.memory.sent(item["text"])
        self._set([item for item in self.items if item.get("id") != key])

    def action_steer(self) -> None:
        """Hand the message to the running turn at its next step; without one, send it."""
        if not self.running:
            waits = self.query_one(Rows).key
            self._call(lambda c: c.call("session.next", session=self.session, item=waits))
            return
        if why := self.deck.model.why_not("steer"):
            self.deck.say(why)
            return
        key = self.query_one(Rows).key
        items = self.items
        for item in items:
            if item.get("id") == key:
                item["mode"] = "steer"
        self._set(items)

    def action_shift(self, by: int) -> None:
        """Move the message in the queue."""
        key = self.query_one(Rows).key
        items = self.items
        places = [i for i, item in enumerate(items) if item.get("id") == key]
        if places and 0 <= places[0] + by < len(items):
            items.insert(places[0] + by, items.pop(places[0]))
            self._set(items)

    def _set(self, items: list[MessageWaiting]) -> None:
        self._call(lambda c: c.call("session.queue", session=self.session, items=items))

    def _call(self, ask: Ask) -> None:
        async def send() -> None:
            try:
                await ask(self.deck.client)
            except AgentdeckError as error:
                self.deck.say_error(error)

        self.run_worker(send(), group="queue", exit_on_error=False)
