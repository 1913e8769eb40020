"""Work that is asked for once more because its answer was lost: done once, told as often as asked.

It goes on while the one that asked is cut off, and its end is kept for a while. An engine that
ends forgets it: what it was in the middle of is not known then, and is done anew.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, cast

from sessions.errors import AgentdeckError

T = TypeVar("T")
_MOST_KEPT = 200


class IdempotentRequests:
    """What is done for sessions by an id that the one who asks has given it."""

    def __init__(self) -> None:
        self._works: dict[tuple[str, str], asyncio.Task[Any]] = {}

    async def done(
        self, session: str, once: str, work: Callable[[], Coroutine[Any, Any, T]]
    ) -> T:  # fmt: skip
        """What comes of it, begun now or by whoever asked first; "" as an id is a work of its own.

        Raises what it raises.
        """
        if not once:
            return await work()
        key = session, once
        if (task := self._works.get(key)) is None:
            self._sweep()
            task = self._works[key] = asyncio.get_running_loop().create_task(work())
        try:
            return cast("T", await asyncio.shield(task))
        except asyncio.CancelledError:
            own = asyncio.current_task()
            if task.cancelled() and not (own is not None and own.cancelling()):
                raise AgentdeckError("It was ended.") from None
            raise

    async def end(self, session: str) -> int:
        """End what is at work for a session; how much that was."""
        works = [t for (of, _), t in self._works.items() if of == session and not t.done()]
        for task in works:
            task.cancel()
        if works:
            await asyncio.wait(works)
        return len(works)

    def _sweep(self) -> None:
        over = [key for key, task in self._works.items() if task.done()]
        for key in over[: max(0, len(self._works) - _MOST_KEPT + 1)]:
            task = self._works.pop(key)
            with contextlib.suppress(asyncio.CancelledError):
                task.exception()  # told to whoever asked
