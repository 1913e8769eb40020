"""Agents that run are noted in files: the next engine ends what a killed one left behind."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path

from sessions.paths import private_folder
from skills import private_files


def kill_group(pid: int, number: int) -> None:
    """Send a signal to everything in the group that a process leads."""
    if pid > 1 and pid != os.getpgid(0):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, number)


def start_time(pid: int) -> str:
    """When a process began, in clock ticks since boot (Linux), to tell it from a later one."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]


def remember(pids: Path, pid: int) -> None:
    """Note that an agent runs."""
    with contextlib.suppress(OSError):
        private_files.write(private_folder(pids) / str(pid), start_time(pid), synced=False)


def forget(pids: Path, pid: int) -> None:
    """It has ended."""
    with contextlib.suppress(OSError):
        (pids / str(pid)).unlink()


def sweep(pids: Path, send: Callable[[int, int], None] = kill_group) -> int:
    """End what a killed engine left behind; how many there were. `send`: a signal to all of one."""
    swept = 0
    if not pids.is_dir():
        return 0
    for entry in pids.iterdir():
        if entry.name.isdigit():
            pid, started = int(entry.name), entry.read_text()
            if started and start_time(pid) == started:
                send(pid, signal.SIGKILL)
                swept += 1
        with contextlib.suppress(OSError):
            entry.unlink()
    return swept
