"""Starting, finding and stopping the engine.

The first client starts it, the next finds it. A lock file held for the engine's life says
whether one runs (the kernel lets go of it however the engine ends), so a stale socket never
fools anybody; a second lock makes two clients that start at once wait for each other.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from sessions.engine import shutdown_progress
from sessions.engine.memory_limit import memory_limit_told
from sessions.errors import AgentdeckError, EngineError
from sessions.paths import Places, owned, private_folder
from skills import private_files

_OPEN = os.O_CLOEXEC | os.O_NOFOLLOW
START_TIMEOUT_S = 60.0
"""How long a starting engine may say nothing: on a machine that is full, 20 s were not enough."""
_LONGEST_END_S = 120.0
BUSY = "busy"
"""So begins what a starting engine says while an index of many sessions is made again."""


class EngineLock:
    """Held by the one engine of these places. Its content is the engine's pid."""

    def __init__(self, places: Places) -> None:
        self._path = private_folder(places.run) / "engine.lock"
        self._fd: int | None = None

    def take(self) -> bool:
        """True if no other engine runs; from then on this process is the engine."""
        try:
            fd = private_files.lock(self._path, wait=False)
        except BlockingIOError:
            return False
        os.ftruncate(fd, 0)
        os.write(fd, f"{os.getpid()}\n".encode())
        self._fd = fd
        return True

    def release(self) -> None:
        """Let the next engine in."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def running_pid(places: Places) -> int | None:
    """The pid of the engine of these places, or None. Touches nothing.

    Raises AgentdeckError: another user put the folder there, whose word is not taken.
    """
    try:
        fd = os.open(owned(places.run) / "engine.lock", os.O_RDWR | _OPEN)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        text = os.pread(fd, 32, 0).decode("ascii", "replace").strip()
        return int(text) if text.isdigit() else None
    finally:
        os.close(fd)
    return None


@contextlib.contextmanager
def _starting(places: Places) -> Iterator[None]:
    """Only one process at a time looks for, or starts, the engine. Blocks; use in a thread."""
    with private_files.locked(private_folder(places.run) / "start.lock"):
        yield


def ensure_running(places: Places) -> int:
    """The pid of the running engine; starts one if there is none.

    Blocks until it is ready, which takes long only where an index is made again.

    Raises:
        EngineError: it could not be started; says why.
        AgentdeckError: the folders can't be written to.
    """
    with _starting(places):
        pid = running_pid(places)
        if pid is not None:
            return pid
        return _spawn(places)


def _spawn(places: Places) -> int:
    private_folder(places.state)
    private_folder(places.data)
    ready, ready_child = os.pipe()
    log = private_files.append(places.log)
    try:
        process = subprocess.Popen(
            # -P: the working directory is never on the import path.
            [sys.executable, "-P", "-m", "sessions.engine.main", "--ready-fd", str(ready_child)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=places.data,
            pass_fds=(ready_child,),
            start_new_session=True,
        )
    finally:
        os.close(log)
        os.close(ready_child)
    try:
        said = _read_line(ready, START_TIMEOUT_S)
    finally:
        os.close(ready)
    if said != "ready":
        if process.poll() is None:
            process.terminate()
        raise EngineError(
            f"The engine did not start: {(said or 'it ended without a word').rstrip('.')}.",
            f"See {places.log}. {memory_limit_told()}".strip(),
        )
    return process.pid


def _read_line(fd: int, timeout_s: float) -> str:
    """The child's last line on its pipe, "" when it ends; `busy` lines give it more time."""
    import select

    said = b""
    while not said.endswith(b"\n") or said.splitlines()[-1].startswith(BUSY.encode()):
        readable, _, _ = select.select([fd], [], [], timeout_s)
        if not readable:
            return f"it took longer than {timeout_s:.0f} s"
        part = os.read(fd, 4096)
        if not part:
            break
        said += part
    return said.decode("utf-8", "replace").strip().rpartition("\n")[2]


def stop(places: Places, *, timeout_s: float = 15.0) -> bool:
    """End the running engine by signal and wait for it; False if none runs.

    On a full machine its end takes long: it is waited for while it gets on, up to `_LONGEST_END_S`.

    Raises:
        AgentdeckError: it does not end; says what it waits for and how to end it by force.
    """
    pid = running_pid(places)
    if pid is None:
        return False
    began, seen = time.monotonic(), shutdown_progress.progress(places, pid)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    freed = _lock_freed(places)
    while not freed.wait(timeout_s):
        now, waited = shutdown_progress.progress(places, pid), time.monotonic() - began
        if now == seen or waited > _LONGEST_END_S:
            at = f" It has been ending {now.step}." if now.step else ""
            raise AgentdeckError(
                f"The engine (process {pid}) has not ended in {waited:.0f} s.{at}",
                f"End it by force with `kill -9 {pid}`: the sessions are on disk.",
            )
        seen = now
    return True


def _lock_freed(places: Places) -> threading.Event:
    """Set as soon as the engine's lock is free; without polling."""
    freed = threading.Event()

    def block() -> None:
        fd = os.open(places.run / "engine.lock", os.O_RDWR | _OPEN)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
        finally:
            os.close(fd)
        freed.set()

    threading.Thread(target=block, daemon=True).start()
    return freed


def clear_socket(path: Path) -> None:
    """Remove the socket that an engine which was killed left behind."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
