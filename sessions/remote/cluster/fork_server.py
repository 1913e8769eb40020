"""A process of a node that has loaded what sessions need, and makes their processes by forking.

Most of an actor's start are imports: a session's own, and those of the SDK that its backend speaks
by. They are paid once here. What an actor had to load beside that, the next one finds loaded. It
has one thread and no loop, so that a fork of it is whole; nothing of a session is ever in it.

    worker (Ray's) → socket of this process → fork: the child serves that connection by `frames`

A worker that ends, ends its child, which can't be asked to where it is frozen; a child that ends
is told to its worker by the end of the connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import json
import logging
import os
import pkgutil
import select
import signal
import socket
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, cast

from sessions.remote.cluster import frames
from skills import private_files

if TYPE_CHECKING:
    from sessions.remote.cluster.shapes import (
        BodyFault,
        FrameAnswer,
        FrameAsked,
        ProcessSeed,
        SeedSent,
    )

log = logging.getLogger("agentdeck.cluster")

IDLE_S = 120.0
"""So long it waits for the next actor when it has none."""
FORKED = b"f"
"""What a worker hears first."""
_LEARNT = frozenset((
    "sessions", "skills", "anthropic", "openai", "httpx2", "httpcore2", "h11", "anyio", "pydantic",
    "email", "yaml", "tomlkit", "mcp", "aiohttp", "multidict", "yarl", "frozenlist", "aiosignal",
    "attr", "propcache",
))  # fmt: skip
"""Packages whose modules are loaded here once an actor has had to: none of them starts threads."""
_FDS = 2
_HANGUP = select.POLLHUP | getattr(select, "POLLRDHUP", 0)


class ForkServer:
    """Forks whoever is asked for, until nobody has been for a while, or its node has ended."""

    def __init__(self, listening: socket.socket, learnt: Path, node: int) -> None:
        self._listening = listening
        self._learnt = learnt
        self._seen = 0
        self._wanted: list[str] = []
        self._children: dict[int, socket.socket] = {}
        self._awake, wake = os.pipe()
        for fd in (self._awake, wake):
            os.set_blocking(fd, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake)
        self._poll = select.poll()
        self._poll.register(listening, select.POLLIN)
        self._poll.register(self._awake, select.POLLIN)
        self._node = -1
        with contextlib.suppress(OSError):  # then the time alone ends it
            self._node = os.pidfd_open(node)
            self._poll.register(self._node, select.POLLIN)
        self._over = False

    def run(self, more: Iterable[str]) -> socket.socket | None:
        """The connection that this process, which is a child then, is to serve; None: the end.

        `more`: modules that the first actor is known to need.
        """
        _load_first(more)
        while not self._over or self._children:
            self._learn()
            wait_ms = 0 if self._wanted else None if self._children else IDLE_S * 1000
            ready = {fd for fd, _ in self._poll.poll(wait_ms)}
            if not ready and self._wanted:
                self._load_next()  # whoever comes waits for one module at most
            elif not ready:
                break
            if self._node in ready:
                self._end()
            if self._awake in ready:
                os.read(self._awake, 4096)
                self._reap()
            for pid, connection in list(self._children.items()):
                if connection.fileno() in ready:
                    os.kill(pid, signal.SIGKILL)  # it is reaped when it is no more
                    self._poll.unregister(connection)
            if not self._over and self._listening.fileno() in ready:
                mine = self._forked()
                if mine is not None:
                    return mine
        return None

    def _end(self) -> None:
        """The node has ended: whoever comes yet is lost, and tries again."""
        self._over = True
        self._poll.unregister(self._node)
        self._poll.unregister(self._listening)
        self._listening.close()

    def _forked(self) -> socket.socket | None:
        connection, _ = self._listening.accept()
        pid = os.fork()
        if pid:
            self._children[pid] = connection
            self._poll.register(connection, _HANGUP)
            return None
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for other in (self._listening, *self._children.values()):
            other.close()
        os.setsid()
        return connection

    def _reap(self) -> None:
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            if (connection := self._children.pop(pid, None)) is not None:
                with contextlib.suppress(KeyError):
                    self._poll.unregister(connection)
                connection.close()

    def _learn(self) -> None:
        """See what actors before have had to load."""
        try:
            changed = self._learnt.stat().st_mtime_ns
            if changed != self._seen:
                self._seen = changed
                self._wanted = _allowed(json.loads(self._learnt.read_bytes()))
        except (OSError, ValueError):
            return

    def _load_next(self) -> None:
        _load(self._wanted.pop())
        if not self._wanted:
            _settle()


def _load_first(more: Iterable[str]) -> None:
    """What every session needs."""
    from sessions import config, features
    from sessions.engine import commands, whole_deck

    assert config and whole_deck
    commands.load_commands()
    for module in pkgutil.iter_modules(features.__path__):
        _load(f"{features.__name__}.{module.name}")
    for name in _allowed(more):
        _load(name)
    _settle()


def _load(name: str) -> None:
    with contextlib.suppress(Exception):  # then whoever needs it says why
        importlib.import_module(name)


def _settle() -> None:
    """Memory that is here by now stays shared: no child's collection touches it."""
    gc.collect()
    gc.freeze()


def _allowed(names: Iterable[object]) -> list[str]:
    said = (name for name in names if isinstance(name, str))
    return [n for n in said if n.partition(".")[0] in _LEARNT and n not in sys.modules]


def told(learnt: Path, before: frozenset[str]) -> None:
    """Note what this process had to load, for those after it."""
    more = {n for n in set(sys.modules) - before if n.partition(".")[0] in _LEARNT}
    with contextlib.suppress(OSError, ValueError):
        known = set(json.loads(learnt.read_bytes())) if learnt.exists() else set()
        if not more <= known:
            private_files.write(learnt, json.dumps(sorted(known | more)).encode(), synced=False)


def asked_for(connection: socket.socket) -> ProcessSeed:
    """What a worker sends first; its output becomes this process's. Raises OSError, ValueError."""
    connection.settimeout(60)
    connection.sendall(FORKED)
    _, outputs, _, _ = socket.recv_fds(connection, 1, _FDS)
    for fd, kept in zip(outputs, (1, 2), strict=True):
        os.dup2(fd, kept)
        os.close(fd)
    return cast("ProcessSeed", frames.received(connection))


async def _serve(connection: socket.socket, seed: SeedSent, learnt: Path) -> None:
    """Answer the worker until it is gone."""
    from sessions.remote.cluster.actor_deck import ActorBody

    before = frozenset(sys.modules)
    body = ActorBody(seed)
    connection.setblocking(False)
    reader, writer = await asyncio.open_unix_connection(sock=connection)
    tasks: set[asyncio.Task[None]] = set()

    async def done(asked: FrameAsked) -> None:
        try:
            method = getattr(body, str(asked["op"]).lstrip("_"))
            answer: FrameAnswer | BodyFault = {
                "id": asked["id"],
                "ok": await method(**asked["args"]),
            }
        except Exception as error:
            # The boundary of a worker: one question fails, the session goes on.
            log.exception("%s", asked.get("op"))
            answer = {"id": asked["id"], "fault": f"{type(error).__name__}: {error}"}
        if asked["op"] == "end":
            await asyncio.to_thread(told, learnt, before)
        with contextlib.suppress(ConnectionError):
            writer.write(frames.frame(answer))
            await writer.drain()

    while (asked := await frames.read(reader)) is not None:
        task = asyncio.ensure_future(done(cast("FrameAsked", asked)))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    os._exit(0)  # as by a kill: what is open then was cut off, and nobody interrupted it


def _live(connection: socket.socket, learnt: Path) -> NoReturn:
    """What a child does."""
    try:
        asked = asked_for(connection)
        os.environ.clear()
        os.environ.update(asked["env"])
        os.chdir(asked["cwd"])
        logging.basicConfig(level=logging.WARNING)
        asyncio.run(_serve(connection, asked["seed"], learnt))
    except Exception:
        log.exception("a session's process")
    finally:
        os._exit(0)  # whatever is left of the session ends as after a kill


def main() -> None:
    """Serve the workers that come to the socket that stdin is.

    Arguments: `learnt`, the node, modules that are needed for sure.
    """
    if os.fork():
        os._exit(0)  # Ray ends what a worker has started; this is for the workers after it too
    listening = socket.socket(fileno=os.dup(0))
    listening.setblocking(True)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    learnt = Path(sys.argv[1])
    mine = ForkServer(listening, learnt, int(sys.argv[2])).run(sys.argv[3:])
    if mine is not None:
        _live(mine, learnt)
