"""A child process with pipes: its own end can be waited for, whoever holds these open.

asyncio's `Process.wait` returns, since Python 3.11.7, when the process has ended *and* its pipes
have: what it has started, or what could not be ended, holds up the wait for as long as it lives,
unless the process had ended before somebody waited (CPython, gh-119710).
"""

from __future__ import annotations

import asyncio
import os
from asyncio.subprocess import Process, SubprocessStreamProtocol
from typing import Any

_LIMIT = 2**16
"""Bytes of a pipe that are kept while nobody reads, as asyncio has it."""


class ChildPipes(SubprocessStreamProtocol):
    """Its pipes as streams; it is told of its end too."""

    def __init__(self, limit: int, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(limit=limit, loop=loop)
        self.exited = asyncio.Event()

    def process_exited(self) -> None:
        """See asyncio.SubprocessProtocol."""
        super().process_exited()
        self.exited.set()


class ChildProcess(Process):
    """A process as asyncio has it, but for the wait. Made by `start`."""

    def __init__(
        self,
        transport: asyncio.SubprocessTransport,
        pipes: ChildPipes,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(transport, pipes, loop)
        self._held = transport
        self._exited = pipes.exited

    async def wait(self) -> int:
        """Its exit code, when it has ended. What it printed may not have been read by then."""
        await self._exited.wait()
        assert self.returncode is not None
        return self.returncode

    def signal_group(self, number: int) -> bool:
        """Send a signal to all in the group that it leads; whether anybody there takes it."""
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            return False
        return True

    def let_go(self) -> None:
        """Close our ends of its pipes, once it has ended; else it is ended.

        Of itself asyncio closes none that somebody else holds open on the other side, be it for
        good: each such child would cost a descriptor.
        """
        self._held.close()


async def start(*command: str, pipes: ChildPipes | None = None, **how: Any) -> ChildProcess:
    """As `asyncio.create_subprocess_exec`. `pipes`: what reads them. Raises OSError, ValueError."""
    loop = asyncio.get_running_loop()
    reading = pipes or ChildPipes(_LIMIT, loop)
    inherited = {"stdin": None, "stdout": None, "stderr": None}  # the loop's own are pipes
    transport, _ = await loop.subprocess_exec(lambda: reading, *command, **(inherited | how))
    return ChildProcess(transport, reading, loop)
