"""What the engine tells as it happens: taken into the model, drawn, and told on by its topic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessions.record.summary import Summary
from tui.deck.plan_runs import PlanRuns
from tui.deck.reload_config import reload_config
from tui.deck.tell_engine import tell_engine
from tui.words.text import one_line

if TYPE_CHECKING:
    from sessions.api.notices import EngineNotice
    from sessions.api.terminals import TerminalOutput
    from sessions.record.events import Event
    from sessions.record.summary import SessionSummary
    from tui.deck.interfaces import ForFeed


class EngineFeed:
    """Takes in what comes down the link (`tui.deck.engine_link.LinkListener`).

    It is told on last, when all else is done: one who is told may fail of it.
    """

    def __init__(self, deck: ForFeed) -> None:
        self.deck = deck
        self.runs = PlanRuns(deck)

    # -- the engine

    def connected(self, summaries: list[Summary]) -> None:
        """These are all sessions; those in view go on where they stopped."""
        deck, model = self.deck, self.deck.model
        first = not model.summaries
        model.reset(summaries)
        for summary in summaries:
            deck.notifier.learn(summary)
        if first:
            model.recall(deck.memory.order)
            model.go(deck.memory.current)
        deck.in_background(self.runs.ask(), "runs")
        deck.redraw(reflow=True)
        deck.topics.connected.publish(first)

    def lost(self, message: str, hint: str) -> None:
        """What the tiles show stays."""
        self.deck.model.indexing = None
        self.deck.redraw()
        self.deck.topics.lost.publish(message, hint)

    def fault(self, error: Exception) -> None:
        """What the engine told was not taken in."""
        self.deck.topics.fault.publish(error)

    # -- sessions

    def event_came(self, session_id: str, event: Event) -> None:
        """Fold an event; its tile draws it at the next frame."""
        deck = self.deck
        block = deck.model.apply(session_id, event)
        tile = deck.tiles.get(session_id)
        if block is not None and tile is not None:
            tile.changed(block)
            deck.clock.wake(tile.view)
        deck.topics.event.publish(session_id, event)

    def terminal_came(self, session_id: str, output: TerminalOutput) -> None:
        """A terminal has printed something."""
        tile = self.deck.tiles.get(session_id)
        if tile is not None and tile.came(output):
            self.deck.clock.wake(tile.face)

    def summary_came(self, summary: Summary) -> None:
        """Status, title, cost, queue … of a session."""
        deck, model = self.deck, self.deck.model
        before = model.shown
        model.put(summary)
        deck.notifier.see(summary, deck.in_sight(summary.id))
        if summary.aside and summary.status == "needs-you":
            back = summary.id
            tell_engine(
                deck, back, lambda c: c.call("session.set", session=back, changes={"aside": False})
            )
        tile = deck.tiles.get(summary.id)
        if tile is not None:
            tile.show(summary, model.number(summary.id))
        deck.redraw(reflow=before != model.shown)
        deck.topics.summary.publish(summary)

    def met(self, data: SessionSummary) -> str:
        """A session that the engine answers with, though it may not have told of it; its id."""
        summary = Summary.from_json(data)
        if summary.id not in self.deck.model.summaries:
            self.summary_came(summary)
        return summary.id

    def gone(self, session_id: str) -> None:
        """A session was deleted."""
        deck = self.deck
        deck.model.drop(session_id)
        deck.notifier.forget(session_id)
        deck.redraw(reflow=True)
        deck.topics.gone.publish(session_id)

    # -- the whole deck

    def notice_came(self, notice: EngineNotice) -> None:
        """Something of the deck: a limit, a disk that is full; a panel may care as well."""
        kind = notice.get("kind")
        if kind != "config" or not self._taken_over():
            self._say(notice)
        if kind == "index":
            self._indexed(notice)
        elif kind == "plan":
            self.runs.told(notice)
        else:
            self.deck.topics.notice.publish(notice)

    def _say(self, notice: EngineNotice) -> None:
        if message := one_line(str(notice.get("message", ""))):
            self.deck.app.notify(message, severity="warning", markup=False, timeout=10)
            if notice.get("kind") == "plan" and notice.get("idle"):
                self.deck.notifier.outward(message)

    def _taken_over(self) -> bool:
        """The configuration was read again; whether somebody has taken it over, and says it."""
        if self.deck.topics.config.publish():
            return True
        self.deck.in_background(reload_config(self.deck), "config")
        return False

    def _indexed(self, notice: EngineNotice) -> None:
        """How much of the index is made: the status line says it, and who searches is told."""
        done, of = int(notice.get("done") or 0), int(notice.get("of") or 0)
        self.deck.model.indexing = (done, of) if done < of else None
        self.deck.redraw()
        self.deck.topics.index.publish()
