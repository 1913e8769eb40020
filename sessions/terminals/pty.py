"""A program on a pseudo-terminal: begun, fed, resized, ended with all that it started.

The program is spawned, never forked in Python (the engine has threads): a shell that is the
leader of a new session opens the pty, which so becomes its controlling terminal, and becomes the
program. The pty's end is read by whoever owns this, as fast as it likes: what is not read holds
up the program, not the engine.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import logging
import os
import signal
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sessions.errors import UsageError
from sessions.record.file_descriptors import user_limit
from sessions.safety import user_umask

log = logging.getLogger("agentdeck.terminals")

MOST_UNREAD, MOST_AT_ONCE = 2**16, 2**20
"""Bytes that wait for a program that does not read; more is refused, as is more at a time."""
GRACE_S = 1.0
"""Between HUP and KILL."""
_READ = 2**16
_BEGIN = (
    'exec 0<>"$0" 1>&0 2>&0; umask "$1"; [ "$2" = 0 ] || ulimit -S -n "$2"; cd -- "$3" || exit; '
    'shift 3; exec "$@"'
)
_DEFAULTS = [
    signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGTSTP,
    signal.SIGTTIN, signal.SIGTTOU, signal.SIGPIPE, signal.SIGCHLD, signal.SIGUSR1,
    signal.SIGUSR2, signal.SIGWINCH, signal.SIGCONT, signal.SIGALRM,
]  # fmt: skip


class Pty:
    """A program and the end of its terminal that the engine holds.

    `on_exit` is told its code once (negative: the signal that ended it).
    """

    def __init__(
        self, fd: int, theirs: int, pid: int, on_exit: Callable[[int | None], None]
    ) -> None:
        self.fd = fd
        self._theirs = theirs
        """The program's end, held open until it is gone: it may open it late, and close it."""
        self.pid = pid
        self.gone = False
        """The program has ended; others of its session may hold the terminal open."""
        self._on_exit = on_exit
        self._unread = bytearray()
        self._killing: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._await_exit()

    # -- begun

    @classmethod
    def start(
        cls,
        argv: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        size: tuple[int, int],
        on_exit: Callable[[int | None], None],
    ) -> Pty:
        """Begin a program; `size` in columns and rows. Raises UsageError: it can't be."""
        try:
            ours, theirs = os.openpty()
        except OSError as error:
            raise UsageError(f"There is no free terminal: {error.strerror}.") from error
        try:
            path = os.ttyname(theirs)
            _resize(theirs, *size)
            begin = ["/bin/sh", "-c", _BEGIN, path, f"{user_umask.current():o}",
                     str(user_limit()), str(cwd), *argv]  # fmt: skip
            # The session's leader has no terminal yet: the first that it opens is its own.
            pid = os.posix_spawn(
                "/bin/sh", begin, dict(env), setsid=True, setsigmask=[], setsigdef=_DEFAULTS,
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_RDWR, 0) for fd in (0, 1, 2)
                ],
            )  # fmt: skip
        except (OSError, ValueError) as error:
            os.close(ours)
            os.close(theirs)
            raise UsageError(f"The program can't be started: {error}.") from error
        os.set_blocking(ours, False)
        return cls(ours, theirs, pid, on_exit)

    def _await_exit(self) -> None:
        try:
            watched = os.pidfd_open(self.pid)
        except (AttributeError, OSError):
            threading.Thread(target=self._wait, name=f"terminal {self.pid}", daemon=True).start()
            return

        def ended() -> None:
            self._loop.remove_reader(watched)
            os.close(watched)
            self._ended(_code_of(self.pid))

        self._loop.add_reader(watched, ended)

    def _wait(self) -> None:
        code = _code_of(self.pid)
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._ended, code)

    def _ended(self, code: int | None) -> None:
        self.gone = True
        self._let_theirs_go()
        if self.fd >= 0:
            self._on_exit(code)
        else:
            self._reap()

    # -- read and written

    def read(self) -> bytes | None:
        """What it has printed, b"" if nothing waits, None at the end."""
        try:
            return os.read(self.fd, _READ) or None
        except BlockingIOError:
            return b""
        except OSError as error:
            if error.errno != errno.EIO:  # how Linux says that nobody holds the terminal any more
                log.warning("terminal of %d: %s", self.pid, error)
            return None

    def write(self, data: bytes) -> None:
        """Give it input, as it reads. Raises UsageError: it does not."""
        if self.fd < 0:
            raise UsageError("The program has ended.")
        if len(data) > MOST_AT_ONCE:
            raise UsageError("That is more than can be typed at once.", "Let it read a file.")
        if self._unread and len(self._unread) + len(data) > MOST_UNREAD:
            raise UsageError("The program does not read what is typed.", "Interrupt or kill it.")
        waits = bool(self._unread)
        self._unread += data
        if not waits:
            self._flush()

    def _flush(self) -> None:
        """Write what waits, as far as the terminal takes it."""
        try:
            while self._unread:
                del self._unread[: os.write(self.fd, self._unread[:4096])]
        except BlockingIOError:
            self._loop.add_writer(self.fd, self._flush)
            return
        except OSError:
            self._unread.clear()  # nobody reads any more
        self._loop.remove_writer(self.fd)

    def resize(self, columns: int, rows: int) -> None:
        """Make it that large; the program is told."""
        if self.fd >= 0:
            with contextlib.suppress(OSError):
                _resize(self.fd, columns, rows)

    # -- ended

    @property
    def others(self) -> bool:
        """Whether something of its session is left beside the program itself."""
        return any(pid != self.pid for pid in members(self.pid))

    def hang_up(self) -> None:
        """End the program and its whole session: HUP, and what is left after a moment KILL."""
        if self._killing is None:
            signal_session(self.pid, signal.SIGHUP)
            signal_session(self.pid, signal.SIGCONT)  # what is stopped could not end otherwise
            self._killing = self._loop.call_later(GRACE_S, self.kill)

    def kill(self) -> None:
        """End what is left of its session, now."""
        signal_session(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Let go of the terminal, and end whatever of its session is left."""
        if self.fd < 0:
            return
        if self._killing is not None:
            self._killing.cancel()
        self.kill()
        self._loop.remove_reader(self.fd)
        self._loop.remove_writer(self.fd)
        fd, self.fd = self.fd, -1
        os.close(fd)
        self._let_theirs_go()
        if self.gone:
            self._reap()

    def _let_theirs_go(self) -> None:
        if self._theirs >= 0:
            os.close(self._theirs)
            self._theirs = -1

    def _reap(self) -> None:
        """Only now, so that its number was nobody else's while its session was ended."""
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


def signal_session(leader: int, number: int) -> None:
    """Send a signal to everything in the session that a process leads."""
    for pid in members(leader):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def members(leader: int) -> list[int]:
    """The processes of the session that `leader` leads: it and its jobs, each a group of its own.

    Only while it is not reaped: its number is nobody else's until then.
    """
    if sys.platform == "linux":
        return _in_proc(leader)
    told = subprocess.run(
        ["ps", "-A", "-o", "pid=,sess=,pgid="], capture_output=True, text=True, check=False
    ).stdout
    rows = [line.split() for line in told.splitlines()]
    return [int(r[0]) for r in rows if len(r) == 3 and str(leader) in r] or [leader]


def _in_proc(leader: int) -> list[int]:
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ProcessLookupError):
                if os.getsid(int(entry.name)) == leader:
                    found.append(int(entry.name))
    return found


def _code_of(pid: int) -> int | None:
    """Wait for a process, which stays a zombie where the system can do so; its code.

    Negative: the signal that ended it.
    """
    try:
        if not hasattr(os, "waitid"):
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        told = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    except ChildProcessError:
        return None
    if told is None:
        return None
    return told.si_status if told.si_code == os.CLD_EXITED else -told.si_status


def _resize(fd: int, columns: int, rows: int) -> None:
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
