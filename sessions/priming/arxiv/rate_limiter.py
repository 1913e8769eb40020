"""One request at a time, so many seconds apart, over all processes of this user.

arXiv's terms of use count all machines and programs of one user together. A lock file makes
one connection at a time of it, and the same file holds when the next request may start: also
after a cool-down that arXiv asked for, so that no other process runs into it again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sessions.paths import private_folder
from skills import private_files

# No pause is believed that goes beyond this: a clock may have jumped.
_LONGEST_PAUSE_S = 6 * 3600.0
FIRST_COOLDOWN_S = 60.0


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the file holds: earliest next start (seconds since 1970), and refusals in a row."""

    next: float = 0.0
    refusals: int = 0
    why: str = ""


class Cooling(Exception):
    """arXiv asked for a pause that is not over; `until` in seconds since 1970."""

    def __init__(self, until: float, why: str) -> None:
        super().__init__(why)
        self.until = until
        self.why = why


class RateLimiter:
    """The way to arXiv. `clock` and `wait` are the time, exchangeable for tests."""

    def __init__(
        self,
        folder: Path,
        interval_s: float,
        *,
        clock: Callable[[], float] = time.time,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._path = folder / "arxiv.gate"
        self._interval = max(0.0, interval_s)
        self._clock = clock
        self._wait = wait

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Hold the only connection; entering waits for the interval.

        Raises:
            Cooling: arXiv asked for a longer pause, which has not passed.
        """
        descriptor = await self._lock()
        try:
            stamp = self._read(descriptor)
            pause = stamp.next - self._clock()
            if stamp.refusals and pause > self._interval:
                raise Cooling(stamp.next, stamp.why)
            if pause > 0:
                await self._wait(min(pause, self._interval))
            self._write(
                descriptor, Stamp(self._clock() + self._interval, stamp.refusals, stamp.why)
            )
            yield
        finally:
            os.close(descriptor)

    async def refused(self, why: str, after_s: float = 0.0) -> float:
        """arXiv asked to stop: nobody asks again before the time returned (since 1970).

        60 s after the first refusal, twice as long after each further one, at least `after_s`.
        """
        descriptor = await self._lock()
        try:
            stamp = self._read(descriptor)
            pause = FIRST_COOLDOWN_S * float(1 << min(stamp.refusals, 10))
            pause = min(max(pause, after_s), _LONGEST_PAUSE_S)
            until = self._clock() + pause
            self._write(descriptor, Stamp(until, stamp.refusals + 1, why))
            return until
        finally:
            os.close(descriptor)

    async def welcomed(self) -> None:
        """arXiv answered properly: earlier refusals are forgotten."""
        descriptor = await self._lock()
        try:
            stamp = self._read(descriptor)
            if stamp.refusals:
                self._write(descriptor, Stamp(self._clock() + self._interval))
        finally:
            os.close(descriptor)

    async def _lock(self) -> int:
        """The locked file's descriptor; closing it lets go.

        Waiting for another process is done by a thread that ends with the program, since no
        event loop can wait for a file lock; one that is cancelled gives the lock back.
        """
        private_folder(self._path.parent)
        with contextlib.suppress(BlockingIOError):
            return private_files.lock(self._path, wait=False)
        loop = asyncio.get_running_loop()
        locked: asyncio.Future[int] = loop.create_future()

        def settle(descriptor: int) -> None:
            if locked.cancelled():
                os.close(descriptor)
            else:
                locked.set_result(descriptor)

        def wait_for_it() -> None:
            descriptor = private_files.lock(self._path)
            with contextlib.suppress(RuntimeError):  # the loop is gone, and with it the process
                loop.call_soon_threadsafe(settle, descriptor)

        threading.Thread(target=wait_for_it, name="arxiv-gate", daemon=True).start()
        return await locked

    def _read(self, descriptor: int) -> Stamp:
        """The stamp; a broken or impossible one counts as none."""
        try:
            data = json.loads(os.pread(descriptor, 4096, 0) or b"{}")
            stamp = Stamp(
                float(data.get("next", 0)),
                min(20, max(0, int(data.get("refusals", 0)))),
                str(data.get("why", ""))[:200],
            )
        except (ValueError, TypeError, AttributeError, RecursionError):
            return Stamp()
        if stamp.next - self._clock() > _LONGEST_PAUSE_S + self._interval:
            return Stamp()
        return stamp

    def _write(self, descriptor: int, stamp: Stamp) -> None:
        line = json.dumps({"next": stamp.next, "refusals": stamp.refusals, "why": stamp.why})
        data = line.encode("ascii")
        os.pwrite(descriptor, data, 0)
        os.ftruncate(descriptor, len(data))
