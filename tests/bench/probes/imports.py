"""Conversations of other harnesses taken in, beside a bare parse of their lines: `imports FOLDER`.

FOLDER has a folder for each harness.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median

from tests.bench.probes import both
from tests.support.rig import rig_places

TIMES = 5


def main() -> None:
    """As the module says."""
    import_paths = both.module("sessions.importers.run").import_paths
    found = {}
    for folder in sorted(Path(sys.argv[1]).iterdir()):
        # Side by side, again and again: what takes the core's caches meanwhile takes both's.
        found[folder.name] = median(_share(import_paths, folder) for _ in range(TIMES))
    both.tell(**found)


def _share(import_paths: Callable[..., Iterable[object]], folder: Path) -> float:
    """How fast an import is, as a share of the bare parse beside it."""
    with tempfile.TemporaryDirectory(prefix="ad-bench-") as name:
        where = rig_places(Path(name))
        done: list[object] = []
        taken = both.cpu(lambda: done.extend(import_paths([folder], where)))
        assert done, folder
    return both.cpu(lambda: _parsed(folder)) / taken


def _parsed(folder: Path) -> None:
    for path in folder.iterdir():
        for line in path.open("rb"):
            json.loads(line)


if __name__ == "__main__":
    main()
