"""Sessions whose disk refuses to take more: told once, and gone on with when there is room.

A full disk, a quota, a limit on the size of files, a file that another process holds: no event
can say so while none can be written, so every interface is told by a notice, and each session
shows it. While one waits, it is tried again every two seconds; the system tells nobody that there
is room again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from sessions.errors import AgentdeckError, JournalError

LOOK_S = 2.0
NOT_RECORDED = "NOT RECORDED"
"""How the reason for a pause begins while the disk refuses."""


class WaitsForRoom(Protocol):
    """A session that waits for room."""

    @property
    def id(self) -> str:
        """The session's id."""

    async def go_on(self) -> bool:
        """Try to go on; whether it does."""


class Refusals:
    """The sessions that wait for room. `tell` is a deck's `notice`."""

    def __init__(self, tell: Callable[..., None], on_room: Callable[[], Awaitable[None]]) -> None:
        self._tell = tell
        self._on_room = on_room
        self._waiting: dict[str, WaitsForRoom] = {}
        self._told: set[str] = set()
        self._gone_on = 0
        self._timer: asyncio.TimerHandle | None = None
        self._looking: asyncio.Task[None] | None = None

    def refused(self, session: WaitsForRoom, error: JournalError) -> None:
        """A session can't be recorded. Each reason is told once until there is room."""
        self._waiting[session.id] = session
        why = error.hint or error.message
        if why not in self._told:
            self._told.add(why)
            self._tell("disk", f"Sessions are paused: {error}", session=session.id)
        self._later()

    async def look(self) -> None:
        """Try to go on with every session that waits."""
        for session in list(self._waiting.values()):
            if await session.go_on():
                self._waiting.pop(session.id, None)
                self._gone_on += 1
        if self._waiting:
            self._later()
        elif self._gone_on:
            count, self._gone_on = self._gone_on, 0
            self._told.clear()
            which = "a session goes on" if count == 1 else f"{count} sessions go on"
            self._tell("disk", f"There is room again: {which}.")
            await self._on_room()

    def gone(self, session: WaitsForRoom) -> None:
        """A session is not in memory any more."""
        self._waiting.pop(session.id, None)

    def close(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._looking is not None:
            self._looking.cancel()

    def _later(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LOOK_S, self._look)

    def _look(self) -> None:
        self._timer = None
        self._looking = asyncio.get_running_loop().create_task(self.look())


def pause(error: JournalError) -> str:
    """What a session shows while it waits."""
    return f"{NOT_RECORDED}: {error.reason}"


def not_recorded(paused: str) -> AgentdeckError:
    """What whoever waits for a turn's end is told of such a pause."""
    why = paused.removeprefix(f"{NOT_RECORDED}: ")
    return AgentdeckError(
        f"The session can't be recorded: {why}.",
        "What it said until then is on disk. Make room, then send again; the deck shows it.",
    )
