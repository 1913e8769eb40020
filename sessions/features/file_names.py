"""The names of the files under a directory, and those among them that some letters mean."""

from __future__ import annotations

import heapq
import os
import subprocess
from pathlib import Path

MOST = 50_000
"""Names that are kept; a walk without git looks at no more entries than twice that."""
_GIT_S = 5.0
_GIT = ("git", "-c", "core.fsmonitor=false", "ls-files", "-z", "-co", "--exclude-standard")
_SKIPPED = frozenset({"node_modules", "__pycache__"})


def names_under(folder: Path) -> list[str]:
    """Paths of files relative to `folder`: git's list, or a bounded walk; [] without rights.

    Blocks: call it in a thread. Names that can't be shown as text are left out.
    """
    found = _of_git(folder)
    names = _walked(folder) if found is None else found
    return [name for name in names if name.isprintable()]


def _of_git(folder: Path) -> list[str] | None:
    env = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(
            _GIT,
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_GIT_S,
            check=True,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return [os.fsdecode(name) for name in done.stdout.split(b"\0")[:MOST] if name]


def _walked(folder: Path) -> list[str]:
    names: list[str] = []
    looked = 0
    for at, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if f not in _SKIPPED and not f.startswith("."))
        looked += len(folders) + len(files) + 1
        within = os.path.relpath(at, folder)
        names += [f if within == "." else f"{within}/{f}" for f in files]
        if looked > 2 * MOST or len(names) > MOST:
            break
    return names[:MOST]


def best(names: list[str], letters: str, most: int) -> list[str]:
    """The names that `letters` mean, best first: in the file's name, in the path, then strewn."""
    wanted = letters.lower()

    def rank(name: str) -> tuple[int, int, str] | None:
        low = name.lower()
        own = low.rpartition("/")[2]
        if own.startswith(wanted):
            return 0, len(name), name
        if wanted in own:
            return 1, len(name), name
        if wanted in low:
            return 2, len(name), name
        rest = iter(low)
        return (3, len(name), name) if all(c in rest for c in wanted) else None

    ranked = (found for name in names if (found := rank(name)) is not None)
    return [name for _, _, name in heapq.nsmallest(most, ranked)]
