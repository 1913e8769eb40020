"""One gate per credential: a limit that one session hits holds back the starts of all.

Without it, two dozen sessions would run into the same limit one after the other. The gate
opens again by itself; sessions then go one by one, a little apart, and not as a herd.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sessions.backends.faults import Fault
from sessions.backends.steady_clock import steady
from sessions.errors import LimitLasts

_REFUSED_S = 30.0
_APART_S = 0.15
_GATES: dict[str, Throttle] = {}


class Throttle:
    """Holds requests of one credential back while a limit lasts. Times are the loop's clock."""

    def __init__(self) -> None:
        self._open_at = 0.0
        self._next_at = 0.0
        self._refused: Fault | None = None
        self._refused_until = 0.0
        self._lasting: Fault | None = None
        self._until = datetime.now(UTC)
        self._deadline = 0.0
        self._told: set[str] = set()

    def close(self, fault: Fault, who: str = "") -> LimitLasts:
        """Let no request start before the end of a limit that lasts: sessions pause meanwhile."""
        # A second later, so that nobody comes before it by a fraction of one.
        seconds = math.ceil(fault.asked_s) + 1
        self._lasting = fault
        self._until = datetime.now(UTC) + timedelta(seconds=seconds)
        self._deadline = steady() + seconds - 1
        self._told = {who}
        return self._lasts(fault)

    def lasting(self, who: str = "") -> LimitLasts | None:
        """The limit that lasts, if one does. Its end is told by two clocks, and either ends it.

        Who was told of it and comes again is let through: a person wants to try.
        """
        if self._lasting is None or (who and who in self._told):
            return None
        wall = datetime.now(UTC) >= self._until - timedelta(seconds=1)
        if wall or steady() >= self._deadline:
            self._lasting = None
            return None
        self._told.add(who)
        return self._lasts(self._lasting)

    def _lasts(self, fault: Fault) -> LimitLasts:
        return LimitLasts(fault.message, "Ask again then.", until=self._until, kind=fault.kind)

    def pause(self, seconds: float) -> None:
        """Let no request start for so long."""
        loop = asyncio.get_running_loop()
        self._open_at = max(self._open_at, loop.time() + seconds)
        self._next_at = max(self._next_at, self._open_at)

    def refuse(self, fault: Fault) -> bool:
        """The key itself was refused: fail others at once for a while. True the first time."""
        now = asyncio.get_running_loop().time()
        first = now >= self._refused_until
        self._refused, self._refused_until = fault, now + _REFUSED_S
        return first

    def passed(self) -> None:
        """A request went through: the key is good."""
        self._refused, self._refused_until = None, 0.0
        self._lasting = None

    def refusal(self) -> Fault | None:
        """Why no request can be made with this key, or None."""
        now = asyncio.get_running_loop().time()
        return self._refused if now < self._refused_until else None

    def wait_s(self) -> float:
        """How long a request that wants to start now has to wait."""
        return max(0.0, self._open_at - asyncio.get_running_loop().time())

    async def enter(self, on_wait: Callable[[float], None]) -> None:
        """Wait until the gate is open; `on_wait` is told for how long, if it is noticeable."""
        told = False
        while (wait := self.wait_s()) > 0:
            if not told and wait > 0.5:
                on_wait(wait)
                told = True
            await asyncio.sleep(wait)
        if told:  # those who waited start one after the other
            now = asyncio.get_running_loop().time()
            turn = max(now, self._next_at)
            self._next_at = turn + _APART_S
            await asyncio.sleep(turn - now)


def gate(credential: str) -> Throttle:
    """The gate of a credential (any text that stands for it, not the key itself)."""
    return _GATES.setdefault(credential, Throttle())


def backoff_s(attempt: int) -> float:
    """Seconds before attempt `attempt` + 1: 1, 2, 4, 8, … 30, with jitter."""
    return min(30.0, float(2 ** (attempt - 1))) * random.uniform(0.75, 1.25)
