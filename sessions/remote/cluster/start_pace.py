"""How many actors begin at a time: many at once only make each other late.

Their beginnings are paid by CPU, so that of forty at once the first has begun when the last has.
One after the other the first works long before, and they end one after the other too, while the
next ones begin.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

AT_ONCE = 4
"""So many on each node."""
GIVES_WAY_S = 5.0
"""One that has not begun by then may wait for room: the next ones are not to."""


class StartPace:
    """Lets actors begin in the order in which they are asked for."""

    def __init__(self) -> None:
        self._places: dict[str, asyncio.Semaphore] = {}

    @asynccontextmanager
    async def turn(self, kind: str, nodes: int) -> AsyncIterator[None]:
        """The turn of one. Those of another `kind` find room elsewhere, and are not waited for."""
        places = self._places.setdefault(kind, asyncio.Semaphore(AT_ONCE * max(1, nodes)))
        await places.acquire()
        held = [places]

        def give() -> None:
            if held:
                held.pop().release()

        timer = asyncio.get_running_loop().call_later(GIVES_WAY_S, give)
        try:
            yield
        finally:
            timer.cancel()
            give()
