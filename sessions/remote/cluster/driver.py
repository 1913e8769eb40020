"""The bridge, from the engine's side: a child process that is asked, and ends with the engine."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import Any

from sessions.errors import AgentdeckError
from sessions.places import Places, private_folder
from sessions.remote.cluster import frames
from sessions.safety.sanitise import clean_line
from skills import private_files

START_S = 90.0


class BridgeFault(AgentdeckError):
    """What the bridge could not do; `kind` as in `frames`."""

    def __init__(self, kind: str, message: str, hint: str = "") -> None:
        super().__init__(clean_line(message), clean_line(hint))
        self.kind = kind


class Driver:
    """A running bridge, connected to its cluster."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None and process.stdout is not None
        self._process = process
        self._reader, self._writer = process.stdout, process.stdin
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._number = 0
        self.ray = ""
        """Ray's version."""
        self.gone = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, places: Places, address: str, namespace: str) -> Driver:
        """Start a bridge and let it connect. Raises BridgeFault."""
        log = private_files.append(private_folder(places.state) / "cluster.log")
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "sessions.remote.cluster.bridge", address, namespace,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log,
                cwd="/", start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            told = f"The process that speaks with the cluster can't be started: {error.strerror}."
            raise BridgeFault(frames.AWAY, told) from error
        finally:
            with contextlib.suppress(OSError):
                import os

                os.close(log)
        driver = cls(process)
        try:
            first = await asyncio.wait_for(frames.read(driver._reader), START_S)
        except TimeoutError:
            first = None
        except BaseException:
            await driver.close()
            raise
        if first is None or "fault" in first:
            await driver.close()
            raise _fault(first)
        driver.ray = str(first.get("ok", ""))
        driver._reading = asyncio.get_running_loop().create_task(driver._read())
        return driver

    async def ask(self, op: str, **args: Any) -> Any:
        """What the bridge answers. Raises BridgeFault."""
        if self.gone.is_set():
            raise _fault(None)
        self._number += 1
        number = self._number
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        try:
            self._writer.write(frames.frame({"id": number, "op": op, "args": args}))
            await self._writer.drain()
            return await answer
        except ConnectionError as error:
            raise _fault(None) from error
        finally:
            self._answers.pop(number, None)

    async def _read(self) -> None:
        try:
            while (told := await frames.read(self._reader)) is not None:
                answer = self._answers.get(told.get("id", -1))
                if answer is None or answer.done():
                    continue
                if "fault" in told:
                    answer.set_exception(_fault(told))
                else:
                    answer.set_result(told.get("ok"))
        finally:
            self.gone.set()
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(_fault(None))

    async def close(self) -> None:
        """End the bridge; actors go on."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        self.gone.set()
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()


def _fault(told: dict[str, Any] | None) -> BridgeFault:
    if told is None:
        return BridgeFault(
            frames.AWAY, "The process that speaks with the cluster has ended.",
            "It is started again; its words are in cluster.log in the state folder.",
        )  # fmt: skip
    kind, message, hint = (str(told.get(key, "")) for key in ("fault", "message", "hint"))
    return BridgeFault(kind, message, hint)
