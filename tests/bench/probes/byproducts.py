"""The byproducts of many sessions, and of one of 2,000 events: `byproducts FOLDER FOLDER`."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from tests.bench.probes import both
from tests.support.rig import rig_places

_TRIES = 15


def main() -> None:
    """As the module says."""
    gather = both.module("sessions.harvest.gather")
    with tempfile.TemporaryDirectory(prefix="ad-bench-", dir=Path(sys.argv[1]).parent) as name:
        where = rig_places(Path(name))
        where.sessions.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(sys.argv[1], where.sessions, copy_function=os.link, dirs_exist_ok=True)
        taken = both.cpu(lambda: gather.gather(gather.all_sessions(where), where))
    both.tell(seconds=taken, one=_one(Path(sys.argv[2])))


def _one(folder: Path) -> float:
    """Milliseconds that reading a session and finding what it left takes, the best of some."""
    find = both.module("sessions.harvest.byproducts").byproducts
    (journal,) = folder.glob("*/journal.jsonl")
    read = both.journal().read
    return min(both.cpu(lambda: find("s", read(journal))) for _ in range(_TRIES)) * 1000


if __name__ == "__main__":
    main()
