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
from sessions.paths import Places, private_folder
from sessions.record.closed_sets import one_of
from sessions.remote.cluster import frames, prerequisites
from sessions.remote.cluster.frame_client import FrameClient
from sessions.safety.sanitise import clean_line
from skills import private_files

START_S = 90.0
LEFT_S = 5.0
"""A bridge that was left by an engine before this one, and says nothing for so long, is let be."""


class BridgeFault(AgentdeckError):
    """What the bridge could not do; `kind` as in `frames`."""

    def __init__(self, kind: frames.FaultWord, message: str, hint: str = "") -> None:
        super().__init__(clean_line(message), clean_line(hint))
        self.kind = kind


class Driver(FrameClient):
    """A running bridge, connected to its cluster; what it can't do is a BridgeFault."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__(reader, writer, _fault)
        self.ray = ""
        """Ray's version."""
        self.pid = 0
        """The bridge's process."""

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
        found.listen()
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

    async def close(self, *, stays: bool = False) -> None:
        """Let go of the bridge; actors go on. It ends too, unless it is to wait for an engine."""
        if self.pid > 1 and not self.gone.is_set() and not stays:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self.pid, signal.SIGKILL)
        await self.let_go()


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
    kind: frames.FaultWord = one_of(frames.FaultWord, told.get("fault"), frames.AWAY)
    return BridgeFault(kind, str(told.get("message", "")), str(told.get("hint", "")))
