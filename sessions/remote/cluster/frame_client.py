"""Questions by frames to whoever is at the other end of a connection, several at a time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from sessions.remote.cluster import frames

Fault = Callable[[dict[str, Any] | None], Exception]
"""What is raised for an answer that is a fault; None: nobody answers any more."""


class FrameClient:
    """The side that asks."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fault: Fault
    ) -> None:  # fmt: skip
        self._reader, self._writer, self._fault = reader, writer, fault
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._number = 0
        self.gone = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    def listen(self) -> None:
        """From now on what comes is an answer."""
        self._reading = asyncio.get_running_loop().create_task(self._read())

    async def ask(self, op: str, **args: Any) -> Any:
        """What is answered. Raises what `fault` makes of it."""
        if self.gone.is_set():
            raise self._fault(None)
        self._number += 1
        number = self._number
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        try:
            self._writer.write(frames.frame({"id": number, "op": op, "args": args}))
            await self._writer.drain()
            return await answer
        except ConnectionError as error:
            raise self._fault(None) from error
        finally:
            self._answers.pop(number, None)

    async def _read(self) -> None:
        try:
            while (told := await frames.read(self._reader)) is not None:
                answer = self._answers.get(told.get("id", -1))
                if answer is None or answer.done():
                    continue
                if "fault" in told:
                    answer.set_exception(self._fault(told))
                else:
                    answer.set_result(told.get("ok"))
        finally:
            self.gone.set()
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(self._fault(None))

    async def let_go(self) -> None:
        """Ask no more."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        self.gone.set()
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()
