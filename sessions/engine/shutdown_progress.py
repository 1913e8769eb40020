"""How far an engine that was told to end has come, for the one who waits for it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from sessions.paths import Places
from skills import private_files

_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Progress:
    """What an engine ends just now ("" = it has not begun to), and the CPU time it has taken."""

    step: str
    cpu: int


def tell(places: Places, step: str) -> None:
    """Say that the engine now ends `step`, a few words; "" at its end."""
    path = _path(places)
    with contextlib.suppress(OSError):  # on a full disk it ends all the same
        if step:
            private_files.write(path, step, synced=False)
        else:
            path.unlink(missing_ok=True)


def progress(places: Places, pid: int) -> Progress:
    """How far it is. CPU time is known on Linux alone; elsewhere its steps are all there is."""
    step, cpu = "", 0
    with contextlib.suppress(OSError):
        step = _path(places).read_text("utf-8", "replace")[:_LONGEST]
    with contextlib.suppress(OSError, ValueError, IndexError):
        # Behind the name, which may hold anything: utime and stime are fields 14 and 15.
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        cpu = int(fields[11]) + int(fields[12])
    return Progress(step, cpu)


def _path(places: Places) -> Path:
    return places.run / "ending"
