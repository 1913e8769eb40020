"""The deck's connection to the engine: made in the background, lost without harm, made again."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Protocol

from sessions.api.notices import EngineNotice
from sessions.api.terminals import TerminalOutput
from sessions.errors import AgentdeckError, EngineError, NotFound
from sessions.record import events as ev
from sessions.record.summary import Summary
from tui.deck.client import ClientFactory, DeckClient


class LinkListener(Protocol):
    """Who is told what comes down (`tui.deck.engine_feed`)."""

    def connected(self, summaries: list[Summary]) -> None:
        """The engine is there; these are all sessions."""

    def lost(self, message: str, hint: str) -> None:
        """The engine can't be reached, or has gone."""

    def fault(self, error: Exception) -> None:
        """What came down was not taken in."""

    def event_came(self, session_id: str, event: ev.Event) -> None:
        """An event of a watched session."""

    def terminal_came(self, session_id: str, output: TerminalOutput) -> None:
        """A watched terminal has printed something."""

    def summary_came(self, summary: Summary) -> None:
        """A summary changed."""

    def gone(self, session_id: str) -> None:
        """A session was deleted."""

    def notice_came(self, notice: EngineNotice) -> None:
        """The engine says something that is no event."""


class Link:
    """Holds the client while there is one."""

    def __init__(self, factory: ClientFactory, listener: LinkListener) -> None:
        self._factory = factory
        self._listener = listener
        self._client: DeckClient | None = None
        self._watched: set[str] = set()
        self._syncing = asyncio.Lock()
        self.connecting = False
        self.tried = False
        """Whether an engine was looked for and not found, or lost."""

    @property
    def client(self) -> DeckClient:
        """The engine. Raises EngineError while there is none."""
        if self._client is None:
            what = "The engine is starting." if self.connecting else "There is no engine."
            raise EngineError(what, "Try again in a moment." if self.connecting else "Reconnect.")
        return self._client

    @property
    def up(self) -> bool:
        """Whether there is an engine to talk to."""
        return self._client is not None

    @property
    def coming(self) -> bool:
        """Whether an engine is being looked for: the first time, or again."""
        return self._client is None and (self.connecting or not self.tried)

    async def connect(self) -> None:
        """Connect (again); what fails is told to the listener, never raised."""
        if self.connecting or self._client is not None:
            return
        self.connecting = True
        try:
            client = await self._factory()
            client.on_event = self._listener.event_came
            client.on_terminal = self._listener.terminal_came
            client.on_summary = self._listener.summary_came
            client.on_gone = self._listener.gone
            client.on_notice = self._listener.notice_came
            client.on_lost = self._lost
            client.on_fault = self._listener.fault
            summaries = await client.attach()
        except AgentdeckError as error:
            self._listener.lost(error.message, error.hint)
            return
        except OSError as error:
            self._listener.lost(f"The engine can't be reached: {error}.", "")
            return
        finally:
            self.connecting = False
            self.tried = True
        self._client = client
        self._watched = set()
        self._listener.connected(summaries)

    def _lost(self, reason: str) -> None:
        self._client = None
        self.tried = True
        self._listener.lost(f"The engine has gone: {reason}.", "The sessions are on disk.")

    async def watch(self, wanted: dict[str, int]) -> None:
        """Watch exactly these sessions, each from an event on; the rest costs nothing more."""
        async with self._syncing:
            client = self._client
            if client is None:
                return
            for session_id in self._watched - wanted.keys():
                self._watched.discard(session_id)
                with contextlib.suppress(AgentdeckError):  # deleted: nothing is left to unwatch
                    await client.call("session.unwatch", session=session_id)
            for session_id, seq in wanted.items():
                if session_id not in self._watched:
                    self._watched.add(session_id)
                    await self._begin(client, session_id, seq + 1)

    async def _begin(self, client: DeckClient, session_id: str, from_seq: int) -> None:
        try:
            await client.call("session.watch", session=session_id, from_seq=from_seq)
        except NotFound:
            self._watched.discard(session_id)  # deleted in this moment: its tile goes too
        except AgentdeckError as error:
            self._watched.discard(session_id)
            if self._client is client:
                self._listener.notice_came({"kind": "watch", "message": str(error)})

    async def close(self) -> None:
        """Hang up; the engine and its sessions go on."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()
