"""What may happen often is done now and then: at once, and the newest again after a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class CoalescedCalls:
    """Does things of several kinds, each kind no more often than it is allowed to."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._later: dict[str, tuple[asyncio.TimerHandle, Callable[[], None] | None]] = {}
        """What was done a moment ago, and what is to be done at its end."""

    def do(self, what: str, seconds: float, put: Callable[[], None]) -> None:
        """Do it now, or, if it was done within that time, at its end, the newest alone."""
        if (waiting := self._later.get(what)) is not None:
            self._later[what] = (waiting[0], put)
            return
        put()
        self._later[what] = (self._loop.call_later(seconds, self._again, what, seconds), None)

    def _again(self, what: str, seconds: float) -> None:
        _, put = self._later.pop(what)
        if put is not None:
            self.do(what, seconds, put)

    def finish(self) -> None:
        """Do all that waits, now."""
        waiting = list(self._later.values())
        self.close()
        for _, put in waiting:
            if put is not None:
                put()

    def close(self) -> None:
        """Nothing that waits is done any more."""
        for timer, _ in self._later.values():
            timer.cancel()
        self._later.clear()
