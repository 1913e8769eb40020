"""Bringing a place of a record into view, once its tile is there and has its past."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.deck.event_spot import EventSpot

if TYPE_CHECKING:
    from sessions.record.events import Event
    from tui.deck.interfaces import ForScrolling


class ScrollToEvent:
    """What was asked to be seen and can't be yet: a session's past comes event by event."""

    def __init__(self, deck: ForScrolling) -> None:
        self.deck = deck
        self._wanted: EventSpot | None = None
        self._upto = 0
        deck.topics.event.subscribe(self._came)

    def want(self, spot: EventSpot) -> None:
        """Show this place as soon as all that is recorded now has been read."""
        summary = self.deck.model.summaries.get(spot.session)
        self._wanted = spot
        self._upto = max(spot.seq, summary.seq if summary else 0)
        self.deck.redraw()

    def _came(self, session_id: str, _: Event) -> None:
        """An event of a session has come: it may be the last one that was missing."""
        if self._wanted is not None and self._wanted.session == session_id and self._complete():
            self.deck.redraw()

    def _complete(self) -> bool:
        spot = self._wanted
        live = self.deck.model.live.get(spot.session) if spot else None
        return live is not None and live.transcript.last_seq >= self._upto

    def show(self) -> None:
        """Show what was asked for, if it can be seen by now. Called after tiles were drawn."""
        spot = self._wanted
        tile = self.deck.tiles.get(spot.session) if spot else None
        if spot is None or tile is None or not self._complete():
            return
        self._wanted = None
        tile.face.focus()  # the keys go where the eyes go: n and N to the next, tab back
        # After the tile has its size, and has gone to where it stood before.
        tile.call_after_refresh(tile.view.show_event, spot.seq, spot.words)
