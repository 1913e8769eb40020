"""Conversations of other harnesses taken in, beside a bare parse of their lines: `imports FOLDER`.

FOLDER has a folder for each harness.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from tests.bench.probes import both
from tests.support.rig import rig_places


def main() -> None:
    """As the module says."""
    import_paths = both.module("sessions.importers.run").import_paths
    found = {}
    for folder in sorted(Path(sys.argv[1]).iterdir()):
        with tempfile.TemporaryDirectory(prefix="ad-bench-") as name:
            where = rig_places(Path(name))
            done: list[object] = []
            taken = both.cpu(lambda f=folder, w=where, d=done: d.extend(import_paths([f], w)))  # type: ignore[misc]
            assert done, folder
        found[folder.name] = both.cpu(lambda f=folder: _parsed(f)) / taken  # type: ignore[misc]
    both.tell(**found)


def _parsed(folder: Path) -> None:
    for path in folder.iterdir():
        for line in path.open("rb"):
            json.loads(line)


if __name__ == "__main__":
    main()
