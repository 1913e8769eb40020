"""Sessions that a long limit paused go on by themselves at the time that the server named.

The time stands in the record, so that an engine that was started anew waits on. A clock that is
set and a machine that sleeps change nothing: a session goes on when its time has come by the
clock on the wall, or when it has waited as long as it was to by one that can't be set and goes
on in sleep; whichever is first, and once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sessions.backends.steady_clock import steady
from sessions.errors import AgentdeckError, LimitLasts
from sessions.record import events as ev
from sessions.record.summary import Summary

log = logging.getLogger("agentdeck.waits")

CHECK_S = 15.0
"""A timer stands still while the machine sleeps: it is looked at least so often."""
_AGAIN_S = 60.0
_APART_S = 0.15


@dataclass(slots=True)
class _Wait:
    until: str
    wall: float
    deadline: float
    over: bool = False


class Waits:
    """Watches over the sessions that wait. `go_on` is called once for each whose time has come."""

    def __init__(self, go_on: Callable[[str], Awaitable[object]]) -> None:
        self._go_on = go_on
        self._waits: dict[str, _Wait] = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def any(self) -> bool:
        """Whether a session waits."""
        return any(not wait.over for wait in self._waits.values())

    def note(self, summary: Summary) -> None:
        """A session's summary, as it is now."""
        known = self._waits.get(summary.id)
        if not summary.resume_at or summary.archived:
            self._waits.pop(summary.id, None)
        elif known is None or known.until != summary.resume_at:
            self._waits[summary.id] = _wait(summary)
            if self._task is None:
                self._task = asyncio.get_running_loop().create_task(self._watch())

    def forget(self, session_id: str) -> None:
        """A session is gone."""
        self._waits.pop(session_id, None)

    async def close(self) -> None:
        """Wake nobody any more."""
        self._waits.clear()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _watch(self) -> None:
        try:
            while self.any:
                for session_id in [s for s, w in self._waits.items() if _is_due(w)]:
                    await self._wake(session_id)
                    await asyncio.sleep(_APART_S)  # those of one key do not start as a herd
                left = [w.deadline - steady() for w in self._waits.values() if not w.over]
                await asyncio.sleep(max(0.0, min([CHECK_S, *left])))
        finally:
            self._task = None

    async def _wake(self, session_id: str) -> None:
        wait = self._waits.get(session_id)
        if wait is None:
            return
        wait.over = True  # it stays known, so that the same wait does not begin again
        try:
            await self._go_on(session_id)
        except AgentdeckError as error:
            log.warning("session %s does not go on yet: %s", session_id, error)
            wait.over, wait.wall = False, float("inf")
            wait.deadline = steady() + _AGAIN_S


def paused_until(turn: int, error: LimitLasts) -> ev.TurnEnded:
    """The end of a turn that goes on when a limit does not last any more."""
    local, today = error.until.astimezone(), datetime.now(UTC).astimezone().date()
    clock = local.strftime("%H:%M" if local.date() == today else "%d %b %H:%M")
    detail = f"it goes on by itself at {clock}. {error.message}"
    return ev.TurnEnded(turn=turn, reason="limit", detail=detail, resume_at=ev.told(error.until))


def _wait(summary: Summary) -> _Wait:
    try:
        wall = datetime.fromisoformat(summary.resume_at).timestamp()
    except (ValueError, OverflowError):
        wall = 0.0
    left = min(max(0.0, wall - time.time()), summary.resume_s)
    return _Wait(summary.resume_at, wall, steady() + left)


def _is_due(wait: _Wait) -> bool:
    return not wait.over and (time.time() >= wait.wall or steady() >= wait.deadline)
