"""The byproducts of many sessions, and of one of 2,000 events: `byproducts FOLDER FOLDER`."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from tests.bench.probes import both
from tests.support.rig import rig_places

_TRIES, _ROUNDS = 15, 3


def main() -> None:
    """As the module says."""
    # The best of some: what takes the core's caches meanwhile is in none of it.
    taken = min(_many(Path(sys.argv[1])) for _ in range(_ROUNDS))
    both.tell(seconds=taken, one=_one(Path(sys.argv[2])))


def _many(journals: Path) -> float:
    """Seconds that the byproducts of all these sessions take, found for the first time."""
    gather = both.module("sessions.harvest.byproduct_cache", "sessions.harvest.gather")
    # Removed with all that was made for the benchmark, not between two rounds or builds: for some
    # seconds ext4 passes over each file that was just deleted before it makes a new one.
    where = rig_places(Path(tempfile.mkdtemp(prefix="ad-bench-", dir=journals.parent)))
    where.sessions.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(journals, where.sessions, copy_function=os.link, dirs_exist_ok=True)
    return both.cpu(lambda: gather.gather(gather.all_sessions(where), where))


def _one(folder: Path) -> float:
    """Milliseconds that reading a session and finding what it left takes, the best of some."""
    find = both.module("sessions.harvest.byproducts").byproducts
    (journal,) = folder.glob("*/journal.jsonl")
    read = both.journal().read
    return min(both.cpu(lambda: find("s", read(journal))) for _ in range(_TRIES)) * 1000


if __name__ == "__main__":
    main()
