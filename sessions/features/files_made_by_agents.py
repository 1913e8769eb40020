"""Files that an agent's own commands make are looked for as those of our own are.

An agent runs its commands itself and tells of each before and after: what changed in the session's
directory between the two is what it made. One that works on another machine leaves nothing here.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sessions.errors import AgentdeckError
from sessions.features.feature import Feature
from sessions.harvest.commands import command_of
from sessions.record import events as ev
from sessions.tools import files_made
from sessions.tools.deferred_file_scan import CLOCK_NS

if TYPE_CHECKING:
    from sessions.features.file_scans import FileScans
    from sessions.runtime.deck import Deck
    from sessions.runtime.session import Session


class MadeByAgents(Feature):
    """Looks behind the commands of sessions whose agent has tools of its own."""

    def __init__(self, deck: Deck, scans: FileScans) -> None:
        self._deck = deck
        self._begun: dict[tuple[str, str], tuple[ev.ToolCall, int]] = {}
        """Commands that run, by session and call, and since when."""
        self._behind = scans

    def joined(self, session: Session) -> None:
        """A session is in memory: its commands are followed from now on."""

        def observe(event: ev.Event) -> None:
            # What is read back from a journal was looked for when it happened.
            if session.id not in self._deck.sessions or session.summary.host:
                return  # and of one that lives elsewhere it is looked for there
            if isinstance(event, ev.ToolCall) and event.kind == "execute":
                if self._by_itself(session) and not files_made.only_looks(command_of(event) or "?"):
                    self._begins(session, event)
            elif isinstance(event, ev.ToolResult):
                self._ended(session, event.call)
            elif isinstance(event, ev.TurnEnded):  # what was cut off has no result
                for owner, call in list(self._begun):
                    if owner == session.id:
                        self._ended(session, call)

        session.observers.append(observe)

    def _by_itself(self, session: Session) -> bool:
        try:
            can = self._deck.backend(session.summary.backend).capabilities
        except AgentdeckError:  # it is configured no more
            return False
        return can.own_tools and not can.elsewhere

    def _begins(self, session: Session, call: ev.ToolCall) -> None:
        key = session.id, call.call
        if key in self._begun:  # it is told again, with more of what it is
            self._begun[key] = call, self._begun[key][1]
            return
        self._begun[key] = call, time.time_ns() - CLOCK_NS
        self._behind.of(session).begins()

    def _ended(self, session: Session, call: str) -> None:
        if found := self._begun.pop((session.id, call), None):
            behind = self._behind.of(session)
            behind.made_by(found[1], found[0], session.recorder.emit)
            behind.ended()

    async def parted(self, session: Session) -> None:
        """What it was doing is not followed any more."""
        for key in [key for key in self._begun if key[0] == session.id]:
            del self._begun[key]
