"""A command that runs, or has run, with what is around it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from sessions.tools import process
from sessions.tools.sandbox import Wrapped

_WATCHED_AFTER_S = 0.5


@dataclass(slots=True)
class Job:
    """A command that runs, or has run, with what is around it."""

    id: str
    line: str
    running: process.Running
    wrapped: Wrapped | None
    read: int = 0
    """Bytes of its output that the model has been given."""
    end: process.ProcessEnd | None = None
    aside: tuple[str, ...] = ()
    begun_ns: int = 0
    """When it was about to begin, by the clock of the file system."""
    script: Path | None = None
    """A command line that is too long for the system, as a file."""
    _given_back: asyncio.Task[None] | None = None
    _watching: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        if self.wrapped is not None:
            self._watching = asyncio.ensure_future(self._watch(self.wrapped))

    async def ended(self) -> process.ProcessEnd:
        """Wait for its end and give the workspace back."""
        end = await self.running.wait()
        if self._given_back is None:
            self._given_back = asyncio.ensure_future(self._give_back())
        await asyncio.shield(self._given_back)
        self.end = end
        return end

    async def _give_back(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
        if self.wrapped is not None:
            self.aside += tuple(await asyncio.to_thread(self.wrapped.finish))
        if self.script is not None:
            self.script.unlink(missing_ok=True)

    async def _watch(self, wrapped: Wrapped) -> None:
        """What a command that goes on makes of what it may not does not stay until its end."""
        await asyncio.sleep(_WATCHED_AFTER_S)
        from watchfiles import awatch

        self.aside += tuple(wrapped.look())
        async for _ in awatch(wrapped.root, recursive=False, step=20, debounce=100):
            self.aside += tuple(wrapped.look())

    def stop(self) -> None:
        """Ask it to end."""
        self.running.stop()
