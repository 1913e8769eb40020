"""Files that an agent's own commands make are looked for as those of our own are.

An agent runs its commands itself and tells of each before and after: what changed in the session's
directory between the two is what it made. One that works on another machine leaves nothing here.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sessions.errors import AgentdeckError
from sessions.features.feature import Feature
from sessions.record import events as ev
from sessions.tools import files_made

if TYPE_CHECKING:
    from sessions.runtime.deck import Deck
    from sessions.runtime.session import Session

_CLOCK_NS = 20_000_000
"""File systems note times by a clock that ticks, up to so much behind."""


class MadeByAgents(Feature):
    """Looks behind the commands of sessions whose agent has tools of its own."""

    def __init__(self, deck: Deck) -> None:
        self._deck = deck
        self._begun: dict[tuple[str, str], tuple[ev.ToolCall, int]] = {}
        """Commands that run, by session and call, and since when."""
        self._looking: set[asyncio.Task[None]] = set()

    def joined(self, session: Session) -> None:
        """A session is in memory: its commands are followed from now on."""

        def observe(event: ev.Event) -> None:
            # What is read back from a journal was looked for when it happened.
            if session.id not in self._deck.sessions:
                return
            if isinstance(event, ev.ToolCall) and event.kind == "execute":
                if self._by_itself(session) and not files_made.only_looks(_line(event)):
                    key = session.id, event.call
                    begun = self._begun.get(key, (event, time.time_ns() - _CLOCK_NS))[1]
                    self._begun[key] = event, begun
            elif isinstance(event, ev.ToolResult) and (
                found := self._begun.pop((session.id, event.call), None)
            ):
                self._look(session, *found)

        session.observers.append(observe)

    def _by_itself(self, session: Session) -> bool:
        try:
            can = self._deck.backend(session.summary.backend).capabilities
        except AgentdeckError:  # it is configured no more
            return False
        return can.own_tools and not can.elsewhere

    def _look(self, session: Session, call: ev.ToolCall, since_ns: int) -> None:
        root = Path(session.summary.cwd)
        work = files_made.tell(root, since_ns, call, session.recorder.emit)
        task = asyncio.get_running_loop().create_task(work)
        self._looking.add(task)
        task.add_done_callback(self._looking.discard)

    async def parted(self, session: Session) -> None:
        """What it was doing is not followed any more."""
        for key in [key for key in self._begun if key[0] == session.id]:
            del self._begun[key]

    async def close(self) -> None:
        """Wait for what is looked for: a few seconds at most."""
        if self._looking:
            await asyncio.wait(list(self._looking))


def _line(call: ev.ToolCall) -> str:
    """The command line of a call, if it tells it as one."""
    command = call.input.get("command", call.input.get("cmd"))
    return command if isinstance(command, str) else "?"
