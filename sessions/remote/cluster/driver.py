"""The bridge, from the engine's side: a process that is asked, and taken up by the next engine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from sessions.errors import AgentdeckError
from sessions.places import Places, private_folder
from sessions.remote.cluster import frames, prerequisites
from sessions.safety.sanitise import clean_line
from skills import private_files

START_S = 90.0
LEFT_S = 5.0
"""A bridge that was left by an engine before this one, and says nothing for so long, is let be."""


class BridgeFault(AgentdeckError):
    """What the bridge could not do; `kind` as in `frames`."""

    def __init__(self, kind: str, message: str, hint: str = "") -> None:
        super().__init__(clean_line(message), clean_line(hint))
        self.kind = kind


class Driver:
    """A running bridge, connected to its cluster."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._number = 0
        self.ray = ""
        """Ray's version."""
        self.pid = 0
        """The bridge's process."""
        self.gone = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, places: Places, address: str, namespace: str) -> Driver:
        """The bridge that an engine before this one left, or one that is started; once connected.

        Raises BridgeFault.
        """
        path = private_folder(places.run) / "cluster.sock"
        wanted = prerequisites.connection(address, namespace)
        found = await cls._reached(path, wanted, LEFT_S)
        if found is None:
            await asyncio.to_thread(_started, places, path, address, namespace)
            found = await cls._reached(path, wanted, START_S)
        if found is None:
            raise _fault(None)
        first = await found._first(START_S)
        if first is None or "fault" in first:
            await found.close()
            raise _fault(first)
        found.ray = str(first.get("ok", ""))
        found._reading = asyncio.get_running_loop().create_task(found._read())
        return found

    @classmethod
    async def _reached(cls, path: Path, wanted: str, wait_s: float) -> Driver | None:
        """The bridge that listens there, if it is what is wanted; another one is ended."""
        try:
            driver = cls(*await asyncio.open_unix_connection(path))
        except OSError:
            return None
        told = await driver._first(wait_s)  # who it is
        if told is None:
            return None
        driver.pid = int(told.get("pid", 0))
        if told.get("is") == wanted:
            return driver
        await driver.close()
        return None

    async def _first(self, wait_s: float) -> dict[str, Any] | None:
        """What it says before it is asked; where nothing comes in time, it is let go of."""
        told = None
        try:
            with contextlib.suppress(TimeoutError):
                told = await asyncio.wait_for(frames.read(self._reader), wait_s)
        finally:
            if told is None:
                await self.close()  # a bridge that has not said its process is let be
        return told

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

    async def close(self, *, stays: bool = False) -> None:
        """Let go of the bridge; actors go on. It ends too, unless it is to wait for an engine."""
        there = self.pid > 1 and not self.gone.is_set()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        if there and not stays:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self.pid, signal.SIGKILL)
        self.gone.set()
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


def _started(places: Places, path: Path, address: str, namespace: str) -> None:
    """Start a bridge that listens there. Raises BridgeFault."""
    log = private_files.append(private_folder(places.state) / "cluster.log")
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.unlink(missing_ok=True)
        listening.bind(str(path))  # in a folder that is this user's alone
        listening.listen()
        # Not of asyncio's, whose end would be the bridge's.
        process = subprocess.Popen(
            [
                sys.executable, "-P", "-m", "sessions.remote.cluster.bridge", address, namespace,
            ],
            stdin=listening.fileno(), stdout=log, stderr=log, cwd="/", start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        told = f"The process that speaks with the cluster can't be started: {error.strerror}."
        raise BridgeFault(frames.AWAY, told) from error
    finally:
        listening.close()
        with contextlib.suppress(OSError):
            os.close(log)
    threading.Thread(target=process.wait, name="cluster-bridge", daemon=True).start()


def _fault(told: dict[str, Any] | None) -> BridgeFault:
    if told is None:
        return BridgeFault(
            frames.AWAY, "The process that speaks with the cluster has ended.",
            "It is started again; its words are in cluster.log in the state folder.",
        )  # fmt: skip
    kind, message, hint = (str(told.get(key, "")) for key in ("fault", "message", "hint"))
    return BridgeFault(kind, message, hint)
