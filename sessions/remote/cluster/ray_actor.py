"""What Ray makes an actor of: it passes on what it is asked to the process of its session.

That process is forked by the node's fork server; where there can be none, the session is in here.
Little is imported, since the start of an actor is paid by every task.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sessions import VERSION
from sessions.errors import AgentdeckError
from sessions.paths import places, private_folder
from sessions.remote.cluster import actor_homes, frames
from sessions.remote.cluster.frame_client import FrameClient
from skills import private_files

if TYPE_CHECKING:
    from sessions.remote.cluster.shapes import ActorPlaced, ActorRefused, ProcessSeed, SeedSent

log = logging.getLogger("agentdeck.cluster")

_MOST_PATH = 104
_TRIES = 3
_FORKED_S = 120.0
_START = (
    "import sys; sys.path[:] = {path!r}; "
    "from sessions.remote.cluster.fork_server import main; main()"
)  # fmt: skip


class ActorFault(Exception):
    """What a session's process could not do, in its words."""


class SessionActor:
    """One session's actor."""

    def __init__(self, seed: SeedSent) -> None:
        self._seed = seed
        self._opening: asyncio.Task[Any] | None = None
        self._watching: asyncio.Task[None] | None = None

    async def hello(self) -> ActorPlaced | ActorRefused:
        """Who is here; the deck is open when this is answered."""
        told: ActorPlaced | ActorRefused = await self._asked("hello")
        told["node"] = _node()
        return told

    async def call(self, command: str, args: bytes) -> bytes:
        """A command of the engine."""
        return bytes(await self._asked("call", command=command, args=args))

    async def news(
        self, known: Mapping[str, int], wait_s: float, gather_s: float
    ) -> dict[str, list[bytes]]:  # fmt: skip
        """Lines that are not known yet, as soon as there are any, or as many as were gathered."""
        args = {"known": dict(known), "wait_s": wait_s, "gather_s": gather_s}
        return dict(await self._asked("news", **args))

    async def end(self, known: Mapping[str, int]) -> dict[str, list[bytes]]:
        """End all that it started; the rest of the record."""
        return dict(await self._asked("end", known=dict(known)))

    async def _asked(self, op: str, **args: Any) -> Any:
        if self._opening is None:
            self._opening = asyncio.ensure_future(self._opened())
        opened = await asyncio.shield(self._opening)
        if isinstance(opened, FrameClient):
            return await opened.ask(op, **args)
        return await getattr(opened, op)(**args)

    async def _opened(self) -> Any:
        """The session's process, or the session."""
        try:
            connection = await asyncio.to_thread(born, self._seed)
        except (OSError, AgentdeckError) as error:
            log.warning("the session has no process of its own: %s", error)
            from sessions.remote.cluster.actor_deck import ActorBody

            return ActorBody(self._seed)
        asking = FrameClient(*await asyncio.open_unix_connection(sock=connection), _fault)
        asking.listen()
        self._watching = asyncio.ensure_future(_ended_with(asking))
        return asking


def _node() -> str:
    """Ray's name for the node that this process is on."""
    import ray

    return str(ray.get_runtime_context().get_node_id())


async def _ended_with(asking: FrameClient) -> None:
    """An actor whose session's process has ended is dead: Ray says so to who asks."""
    await asking.gone.wait()
    log.warning("the session's process has ended")
    os._exit(1)


def _fault(told: dict[str, Any] | None) -> Exception:
    return ActorFault(str(told["fault"]) if told else "The session's process has ended.")


def born(seed: SeedSent) -> socket.socket:
    """A process for a session, connected. Raises OSError, AgentdeckError: there can't be one."""
    if sys.platform != "linux":
        raise OSError("it is forked on Linux only")
    given: ProcessSeed = {
        "seed": seed,
        "env": dict(os.environ),
        "cwd": str(Path.cwd()),
    }
    sent = frames.frame(given)
    connection = _forked(_sdks(str(seed.get("config", ""))))
    try:
        socket.send_fds(connection, [b"n"], [1, 2])
        connection.sendall(sent)
        connection.setblocking(False)
    except BaseException:
        connection.close()
        raise
    return connection


def _sdks(config: str) -> list[str]:
    """What the backends of a configuration speak by."""
    backends = json.loads(config).get("backends", {}) if config else {}
    said = {str(each.get("type", "anthropic")) for each in backends.values()}
    return sorted(said & {"anthropic", "openai"})


def _forked(sdks: list[str]) -> socket.socket:
    """The way to a process that the fork server of this node has forked."""
    folder = private_folder(places().run)
    said = (VERSION, sys.executable, str(actor_homes.root()), *sys.path)
    name, learnt = (_name(*said, str(os.getppid())), _name(*said))
    path = folder / f"{name}.sock"
    if len(os.fsencode(path)) > _MOST_PATH:
        raise OSError(f"the path {path} is too long for a socket")
    for _ in range(_TRIES):
        with private_files.locked(folder / f"{learnt}.lock"):
            try:
                connection = _connected(path)
            except (FileNotFoundError, ConnectionRefusedError):
                _started(path, folder / f"{learnt}.json", sdks)
                connection = _connected(path)
        connection.settimeout(_FORKED_S)
        with contextlib.suppress(ConnectionError):
            if connection.recv(1):
                return connection
        connection.close()  # it was about to end
    raise OSError("what is to fork it ends")


def _name(*said: str) -> str:
    """By what tells the processes of one node and installation from those of another."""
    return f"fork-{hashlib.sha256(chr(0).join(said).encode()).hexdigest()[:10]}"


def _connected(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(str(path))
    except BaseException:
        connection.close()
        raise
    return connection


def _started(path: Path, learnt: Path, sdks: list[str]) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        path.unlink(missing_ok=True)
        listening.bind(str(path))  # in a folder that is this user's alone
        listening.listen(128)
        # By this process's own path: Ray adds to it what a job brings.
        subprocess.run(
            [sys.executable, "-P", "-c", _START.format(path=sys.path), str(learnt),
             str(os.getppid()), *sdks],
            stdin=listening.fileno(), cwd="/", start_new_session=True, check=True,
        )  # fmt: skip
