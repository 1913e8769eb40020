"""One process at a time works in an actor's home: who comes after one that was given up ends it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from sessions.errors import AgentdeckError
from skills import private_files

_LOCK = "actor.lock"
_ENDED_S, _LOOK_S = 10.0, 0.02


def taken(home: Path) -> int:
    """Hold an actor's home until the descriptor is closed. Raises AgentdeckError: another does."""
    try:
        held = private_files.lock(home / _LOCK, wait=False)
    except BlockingIOError as error:
        raise AgentdeckError(f"Another process works for this session in {home}.") from error
    os.ftruncate(held, 0)
    os.pwrite(held, str(os.getpid()).encode(), 0)
    return held


def freed(home: Path) -> bool:
    """End the process that still works there, if one does; whether none does now. Blocks.

    Ray may give an actor up whose process lives on for a while: on a node that was cut off.
    """
    deadline = time.monotonic() + _ENDED_S
    while True:
        try:
            held = private_files.lock(home / _LOCK, wait=False)
        except FileNotFoundError:
            return True
        except BlockingIOError:
            _killed(home)
            if time.monotonic() > deadline:
                return False
            time.sleep(_LOOK_S)
        else:
            os.close(held)
            return True


def _killed(home: Path) -> None:
    said = (home / _LOCK).read_text("ascii", "replace")
    if said.isdigit() and int(said) > 1 and int(said) != os.getpid():
        try:
            os.kill(int(said), signal.SIGKILL)
        except ProcessLookupError:
            return
