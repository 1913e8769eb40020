"""A session that an agent leads by itself: its sub-agent, recorded as it tells of it.

It is a session like any other (in the list, in search, with a tile while it works), only nothing
can be sent to it: what it is told comes from the session that it belongs to. Its turns are the
stretches of work between which it rests.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol

from sessions.errors import AgentdeckError, UsageError
from sessions.record import events as ev
from sessions.record.closed_sets import TurnReason
from sessions.record.recorder import Recorder
from sessions.record.summary import Summary
from sessions.record.terminal_state import refuse_if_terminal

log = logging.getLogger("agentdeck.session")

BY: Literal["agent"] = "agent"
"""What the parent of such a session says of who leads it."""


def refuse_messages(summary: Summary) -> None:
    """Raises UsageError for a session that takes none: an agent leads it, or it is a terminal."""
    refuse_if_terminal(summary)
    if summary.parent is not None and summary.parent.get("by") == BY:
        raise UsageError(
            "An agent leads this session itself: nothing can be sent to it.",
            "Write to the session that it belongs to.",
        )


class RecordedSession(Protocol):
    """As much of a session as leading it takes."""

    folder: Path
    recorder: Recorder
    stops: Callable[[], None] | None

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def summary(self) -> Summary:
        """What is known of it."""

    async def set(self, changes: ev.JSON) -> None:
        """Record a change."""


class SubagentDeck(Protocol):
    """As much of the deck as leading a session takes."""

    def in_memory(self, session_id: str) -> RecordedSession | None:
        """A session that is in memory."""

    def opened(self, session_id: str) -> RecordedSession:
        """A session from its journal. Raises AgentdeckError."""

    async def lay_down(self, session_id: str) -> None:
        """Take a session that rests out of memory."""


class SubagentSession:
    """What a backend may do with a session that its agent leads."""

    def __init__(self, deck: SubagentDeck, session: RecordedSession) -> None:
        self._deck = deck
        self._session = session
        self.session_id = session.id
        self.turn = session.summary.turns
        self._begun = False
        self._leaving: asyncio.Task[None] | None = None

    @property
    def files(self) -> Path:
        """The session's `files/` folder."""
        return self._session.folder / "files"

    @property
    def working(self) -> bool:
        """Whether a stretch of work is open."""
        return self._begun

    def begin(self, text: str, stop: Callable[[], None] | None = None) -> None:
        """It works from here on, at `text`; `stop` ends that, where the agent lets it be ended."""
        self._come_back()
        self._begun = True
        self.turn += 1
        self._session.stops = stop
        said = ev.UserMessage(turn=self.turn, text=text, origin="session")
        self.emit(said)
        self.emit(ev.TurnStarted(turn=self.turn, model=self._session.summary.model))

    def told(self, text: str) -> None:
        """It was told something more while it works."""
        self.emit(ev.UserMessage(turn=self.turn, text=text, origin="session"))

    def emit(self, event: ev.Event) -> None:
        """Record an event, if the session has not been deleted meanwhile."""
        if self._deck.in_memory(self.session_id) is self._session:
            self._session.recorder.emit(event)

    def end(self, reason: TurnReason, detail: str = "") -> None:
        """It rests."""
        if self._begun:
            self._begun = False
            self._session.stops = None
            self.emit(ev.TurnEnded(turn=self.turn, reason=reason, detail=detail))

    def leave(self) -> None:
        """Nobody waits for it: it is closed and out of memory, until it works again."""
        if not self._begun and self._leaving is None:
            self._leaving = asyncio.get_running_loop().create_task(self._put_down())

    async def _put_down(self) -> None:
        try:
            if self._deck.in_memory(self.session_id) is self._session:
                await self._session.set({"closed": True})
            if not self._begun:
                await self._deck.lay_down(self.session_id)
        except AgentdeckError as error:
            log.warning("session %s is not closed: %s", self.session_id, error)

    def _come_back(self) -> None:
        """In memory again, and open."""
        leaving, self._leaving = self._leaving, None
        if leaving is None:
            return
        leaving.cancel()
        there = self._deck.in_memory(self.session_id)
        self._session = there or self._deck.opened(self.session_id)
        self.emit(ev.SessionSet(closed=False))
