"""The process that has imported the program, and forks for each `Forked` that asks it.

    python -P -m tests.support.fork_server LISTENER

It ends when no process of the tests is left that asked it to stay.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import gc
import importlib
import io
import json
import os
import pkgutil
import resource
import runpy
import select
import signal
import socket
import struct
import sys
import tempfile
import threading
import time
import traceback
from typing import Any

import pytest

from sessions.engine import peer
from sessions.tls import certificates
from tests.support import forked

PACKAGES = ("sessions", "skills", "tui")
LATER = (
    "acp.connection",
    "acp.stdio",
    "anyio._backends._asyncio",
    "anyio._core._sockets",
    "anthropic",
    "encodings.ascii",
    "h11",
    "httpcore2",
    "mcp.server.mcpserver",
    "truststore",
    "watchfiles",
    "zoneinfo",
)
"""What is imported when it is first used, and used by nearly every engine."""
_FREE = 400
"""From here on no process has descriptors."""


def _import_all() -> None:
    """Every module of the program, as each would be imported by the one that needs it."""
    for package in map(importlib.import_module, PACKAGES):
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            with contextlib.suppress(ImportError):  # an extra that is not installed
                importlib.import_module(found.name)
    for name in (*LATER, forked.PROBE):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    for trust_env in (True, False):  # every engine would read for itself what the system trusts
        with contextlib.suppress(OSError):
            certificates.trusted(trust_env=trust_env)


class Server:
    """Forks, and tells the ends of what it has made."""

    def __init__(self, listener: int) -> None:
        self.listener = socket.socket(fileno=listener)
        self.lifelines: set[socket.socket] = set()
        self.ended, self._ends = socket.socketpair()
        self.ended.setblocking(False)
        self._ends.setblocking(False)
        self.made: dict[int, socket.socket] = {}
        self.tied: dict[socket.socket, int] = {}

    def serve(self) -> None:
        """Until nobody is left."""
        signal.set_wakeup_fd(self._ends.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        came = False
        while self.lifelines or not came:
            heard = [self.listener, self.ended, *self.lifelines, *self.tied]
            ready, _, _ = select.select(heard, [], [])
            if self.ended in ready:
                self.ended.recv(4096)
                self._reap()
            if self.listener in ready:
                self._answer(self.listener.accept()[0])
                came = True
            for gone in self.tied.keys() & ready:
                os.kill(self.tied.pop(gone), signal.SIGKILL)
            for ended in self.lifelines.intersection(ready):
                self.lifelines.remove(ended)
                ended.close()

    def _answer(self, connection: socket.socket) -> None:
        if peer.uid_at(connection) != os.getuid():
            connection.close()
            return
        head, fds, _, _ = socket.recv_fds(connection, 4, 64)
        if size := struct.unpack("=I", head)[0]:
            self._fork(connection, json.loads(connection.recv(size, socket.MSG_WAITALL)), fds)
        else:
            self.lifelines.add(connection)
            connection.sendall(b"!")

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG)) != (0, 0):
                pid, status = ended
                self.tied.pop(self.made[pid], None)
                with self.made.pop(pid) as connection, contextlib.suppress(OSError):
                    connection.sendall(struct.pack("=i", os.waitstatus_to_exitcode(status)))

    def _fork(self, connection: socket.socket, said: dict[str, Any], fds: list[int]) -> None:
        address = self.listener.getsockname().decode()
        pid = os.fork()
        if pid == 0:
            try:
                _become(said, fds)
                forked.SERVERS = forked.Known(address)
                code = _run(said["command"])
            except BaseException:
                traceback.print_exc()
                code = 1
            _end(code)
        for fd in fds:
            os.close(fd)
        self.made[pid] = connection
        if said.get("tied"):
            self.tied[connection] = pid
        with contextlib.suppress(OSError):
            connection.sendall(struct.pack("=i", pid))


# -- in the child


def _become(said: dict[str, Any], fds: list[int]) -> None:
    """What was asked for, of what the server is."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if said["session"]:
        os.setsid()
    numbers: list[int] = said["numbers"]
    free = [fcntl.fcntl(fd, fcntl.F_DUPFD, _FREE) for fd in fds]
    os.closerange(0, _FREE)
    for fd, number in zip(free, numbers, strict=True):
        os.dup2(fd, number)
    os.closerange(_FREE, max(free) + 1)
    for which, most in said["limits"]:
        resource.setrlimit(which, tuple(most))
    if said["terminal"]:
        forked.take_terminal()
    os.umask(said["umask"])
    os.environ.clear()
    os.environ.update(said["env"])
    time.tzset()
    tempfile.tempdir = None
    _open_streams()
    os.chdir(said["cwd"])


def _stream(fd: int, name: str, errors: str) -> io.TextIOWrapper:
    """As the interpreter makes it when it begins."""
    mode, plain = "r" if fd == 0 else "w", bool(os.environ.get("PYTHONUNBUFFERED"))
    made: Any = open(fd, mode + "b", 0 if plain and fd else -1, closefd=False)  # noqa: SIM115
    (made if plain and fd else made.raw).name = name
    lines = not plain and (fd == 2 or made.isatty())
    text: Any = io.TextIOWrapper(
        made, "utf-8", errors, "\n" if fd else None, line_buffering=lines, write_through=plain
    )
    text.mode = mode
    stream: io.TextIOWrapper = text
    return stream


_SERVERS = (sys.stdin, sys.stdout, sys.stderr)
"""Held, so that nothing closes their descriptors, which are the child's by then."""


def _open_streams() -> None:
    sys.stdin = sys.__stdin__ = _stream(0, "<stdin>", "surrogateescape")  # type: ignore[misc]
    sys.stdout = sys.__stdout__ = _stream(1, "<stdout>", "surrogateescape")  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _stream(2, "<stderr>", "backslashreplace")  # type: ignore[misc]


def _run(command: list[str]) -> int:
    """The command's exit code; what it starts as an engine is a fork of the server too."""
    forked.fork_engines(pytest.MonkeyPatch())
    try:
        if command[1] == "-P":
            module = sys.modules["__main__"] = sys.modules[command[3]]
            sys.argv = [str(module.__file__), *command[4:]]
            module.main()
        else:
            sys.argv = command[1:]
            runpy.run_path(command[1], run_name="__main__")
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    return 0


def _end(code: int) -> None:
    """As the interpreter ends, but for taking every module apart."""
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        traceback.print_exc()
        code = code or 120
    os._exit(code & 0xFF)


if __name__ == "__main__":
    gc.disable()  # nothing that is imported goes again: it is not searched for garbage
    _import_all()
    gc.freeze()
    gc.enable()
    Server(int(sys.argv[1])).serve()
