"""Commands and engines of the tests begin as a fork of a process that has imported the program.

Each is a process of its own, with its own arguments, environment, directory, descriptors and
session, and its own exit code; what it is spared is the import of all modules, which costs more
than what most of them do. What a fork can't have is begun as ever (`forkable`): limits, settings
that the interpreter reads when it begins, other programs. So is what a test says is to be begun so,
because the beginning is what it tests.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import resource
import select
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest

from sessions.engine import lifecycle, peer
from tests.support import relay

COMMAND, ENGINE = "sessions.cli.main", "sessions.engine.main"
PROBE = "tests.support.who_am_i"
_SETTINGS = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC", "TEXTUAL", "ESCDELAY")
"""So begin the variables that are read once, when a process begins or a library is imported."""
_LONGEST_S = 120.0


def is_setting(name: str) -> bool:
    """Whether a process that runs already can't be given this variable any more."""
    return name.startswith(_SETTINGS) and not name.startswith("TEXTUAL_SNAPSHOT")


def settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Of the variables, those."""
    return {name: text for name, text in environment.items() if is_setting(name)}


SETTINGS = settings(os.environ) | {"LC_ALL": "C.UTF-8"}
"""Those of the server, and so of all that it forks."""


class Servers:
    """The server of these tests: all workers of a run have one, which ends with the last."""

    def __init__(self) -> None:
        self._lifeline: socket.socket | None = None
        self._lock = threading.Lock()
        run = os.environ.get("PYTEST_XDIST_TESTRUNUID", f"{os.getpid()}-{time.time_ns()}")
        self._address = f"\0deck-forks-{run}"  # no file: the kernel forgets it with the server

    def address(self) -> str:
        """Where it is asked; it begins when it first is, and has imported the program then."""
        with self._lock:
            until = time.monotonic() + _LONGEST_S
            self._lifeline = self._lifeline or self._connected()
            while self._lifeline is None:
                assert time.monotonic() < until, "the server that forks has not begun"
                self._begin()
                self._lifeline = self._connected()
        return self._address

    def _connected(self) -> socket.socket | None:
        made = socket.socket(socket.AF_UNIX)
        with contextlib.suppress(OSError):
            made.connect(self._address)
            made.sendall(struct.pack("=I", 0))
            if made.recv(1):
                assert peer.uid_at(made) == os.getuid()
                return made
        made.close()
        return None

    def _begin(self) -> None:
        with socket.socket(socket.AF_UNIX) as listener:
            try:
                listener.bind(self._address)
            except OSError:  # another worker was first
                time.sleep(0.05)
                return
            listener.listen(64)
            others = {k: v for k, v in os.environ.items() if not is_setting(k) and k[:3] != "COV"}
            self._server = subprocess.Popen(
                [sys.executable, "-P", "-m", "tests.support.fork_server", str(listener.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=others | SETTINGS,
                pass_fds=[listener.fileno()],
            )


class Known(Servers):
    """The server as what it has forked knows it."""

    def __init__(self, address: str) -> None:
        self._address = address

    def address(self) -> str:
        """Where it is asked."""
        return self._address


SERVERS: Servers = Servers()


def forks_here(environment: Mapping[str, str]) -> bool:
    """Whether anything is forked here: coverage is taken in processes that begin and end."""
    return sys.platform == "linux" and not any(name.startswith("COV") for name in environment)


def forkable(command: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Whether a fork is what a fresh process of this command would be."""
    if not forks_here(environment) or command[:3] != [sys.executable, "-P", "-m"]:
        return False
    return command[3] in (COMMAND, ENGINE, PROBE) and settings(environment) == SETTINGS


def _umask() -> int:
    """Of this process, without a moment in which it is another."""
    said = Path("/proc/self/status").read_text("ascii").partition("Umask:")[2]
    return int(said.split()[0], 8)


_NONE: Mapping[int, int] = MappingProxyType({})


def _limits(own: Mapping[int, int]) -> list[tuple[int, tuple[int, int]]]:
    """Those of this process, which what it starts inherits, but for its `own`."""
    which = (resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE)
    ours = {each: resource.getrlimit(each) for each in which}
    return list((ours | {each: (most, most) for each, most in own.items()}).items())


def _limit(limits: Mapping[int, int], more: Callable[[], object] | None) -> None:
    for which, most in limits.items():
        resource.setrlimit(which, (most, most))
    if more:
        more()


def take_terminal() -> None:
    """Of a process that leads a session: its input is the session's terminal."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Forked(subprocess.Popen[str]):
    """As `subprocess.Popen`, of a fork where that will do, under these limits on resources.

    `fresh`: no fork will do, since how it begins is what counts.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        fresh: bool = False,
        limits: Mapping[int, int] = _NONE,
        **how: Any,
    ) -> None:
        self._fresh = fresh
        self._limits = limits
        self._told: socket.socket | None = None
        super().__init__(list(command), **how)

    def _execute_child(self, args: Any, *how: Any) -> None:
        (_executable, before, _close, passed, cwd, env, _info, _flags, _shell, *rest) = how
        pipes, (_signals, gid, gids, uid, umask, session, group) = rest[:6], rest[6:]
        given = dict(os.environ if env is None else env)
        odd = (gid, gids, uid) != (None,) * 3 or umask != -1 or group != -1
        if self._fresh or odd or before not in (None, take_terminal) or not forkable(args, given):
            under = partial(_limit, self._limits, before) if self._limits else before
            super()._execute_child(args, how[0], under, *how[2:])  # type: ignore[misc]
            return
        own_in, _, _, own_out, _, own_err = pipes
        said = {
            "command": args,
            "cwd": os.fspath(cwd or os.getcwd()),
            "env": given,
            "umask": _umask(),
            "session": session,
            "limits": _limits(self._limits),
            "terminal": before is take_terminal,
            "numbers": [0, 1, 2, *passed],
        }
        std = [fd if fd != -1 else number for number, fd in enumerate((own_in, own_out, own_err))]
        self._told = socket.socket(socket.AF_UNIX)
        self._told.connect(SERVERS.address())
        relay.ask(self._told, said, [*std, *passed])
        self.pid = struct.unpack("=i", self._told.recv(4, socket.MSG_WAITALL))[0]
        self._child_created = True
        self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]

    def _internal_poll(self, *args: Any, **more: Any) -> int | None:
        if self._told is None:
            return super()._internal_poll(*args, **more)  # type: ignore[misc, no-any-return]
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._wait(0)
        return self.returncode

    def _wait(self, timeout: float | None) -> int:
        if self._told is None:
            return super()._wait(timeout)  # type: ignore[misc, no-any-return]
        with self._waitpid_lock:  # type: ignore[attr-defined]
            if self.returncode is None:
                if not select.select([self._told], [], [], timeout)[0]:
                    raise subprocess.TimeoutExpired(self.args, timeout or 0)
                self.returncode = struct.unpack("=i", self._told.recv(4, socket.MSG_WAITALL))[0]
                self._told.close()
        return self.returncode


def relayed(*script: str) -> tuple[str, ...]:
    """A command for the product to start: Python runs this script, as a fork where that will do."""
    if not forks_here(os.environ):
        return (sys.executable, *script)
    return (sys.executable, "-I", "-S", relay.__file__, SERVERS.address()[1:], *script)


def begin_engine(environment: Mapping[str, str]) -> None:
    """Start the engine of a home, where what a test starts itself would do so in more time."""
    command = [sys.executable, "-P", "-m", COMMAND, "engine", "start"]
    settled = {**environment, "LC_ALL": SETTINGS["LC_ALL"]}
    with Forked(command, env=settled, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as begun:
        said, _ = begun.communicate(timeout=_LONGEST_S)
    assert begun.returncode == 0, said


def fork_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engines that this process starts are forks from now on."""
    popen = SimpleNamespace(Popen=Forked, DEVNULL=subprocess.DEVNULL)
    monkeypatch.setattr(lifecycle, "subprocess", popen)
    monkeypatch.setenv("LC_ALL", SETTINGS["LC_ALL"])
