"""When what commands made is looked for: while none runs, so that no command waits for it.

A look that a command comes upon is given up, and made again when that one has ended; a file is
told of the command that ran when it was changed, so one look serves many.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sessions.record import events as ev
from sessions.tools import files_made
from sessions.tools.ignored_but_scanned import IgnoredButScanned

log = logging.getLogger("agentdeck.made")

_QUIET_S = 0.25
"""So long no command has run before it is looked."""
CLOCK_NS = 20_000_000
"""File systems note times by a clock that ticks, up to so much behind."""
_MOST_WAIT = 500
"""Commands that wait to be looked behind; of more, the oldest are not."""

Emit = Callable[[ev.Event], None]


@dataclass(frozen=True, slots=True)
class _Ended:
    call: ev.ToolCall
    emit: Emit
    span: files_made.RunSpan


class DeferredFileScan:
    """Looks behind the commands of one session, in its directory."""

    def __init__(self, root: Path, named: IgnoredButScanned) -> None:
        self._root = root
        self._named = named
        self._running = 0
        self._waiting: list[_Ended] = []
        self._stop = threading.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    def begins(self) -> None:
        """A command begins that is waited for: a look that goes on is given up."""
        self._running += 1
        self._stop.set()
        self._cancel_timer()

    def ended(self) -> None:
        """It has ended."""
        self._running = max(0, self._running - 1)
        self._soon()

    def made_by(self, begun_ns: int, call: ev.ToolCall, emit: Emit) -> None:
        """A command that began at `begun_ns` has ended: what it made is to be told to `emit`."""
        span = files_made.RunSpan(begun_ns, time.time_ns() + CLOCK_NS)
        self._waiting = [*self._waiting[-_MOST_WAIT + 1 :], _Ended(call, emit, span)]
        self._soon()

    async def looked(self) -> None:
        """Look now, and wait until all that was made is told."""
        self._cancel_timer()
        while self._waiting or self._task is not None:
            await asyncio.wait([self._task or self._begin()])

    # -- parts

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _soon(self) -> None:
        if self._waiting and not self._running and self._task is None:
            self._cancel_timer()
            self._timer = asyncio.get_running_loop().call_later(_QUIET_S, self._begin)

    def _begin(self) -> asyncio.Task[None]:
        self._timer = None
        if self._task is None:
            self._stop.clear()
            self._task = asyncio.ensure_future(self._look())
        return self._task

    async def _look(self) -> None:
        waiting = list(self._waiting)
        try:
            spans = [each.span for each in waiting]
            found = await asyncio.to_thread(
                files_made.look_for,
                self._root,
                spans,
                named=self._named,
                stopped=self._stop.is_set,
            )
            if found is None:
                return  # given up: they wait on
            self._waiting = [each for each in self._waiting if each not in waiting]
            for each, made in zip(waiting, found, strict=True):
                if made.files:
                    turn, call = each.call.turn, each.call.call
                    each.emit(ev.FilesMade(turn=turn, call=call, files=made.files, more=made.more))
        except Exception:
            # The boundary of a worker: what is not found is missed by the harvest alone.
            log.exception("what %s made", ", ".join(each.call.call for each in waiting[:5]))
            self._waiting = [each for each in self._waiting if each not in waiting]
        finally:
            self._task = None
            self._soon()
