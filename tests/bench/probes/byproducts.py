"""The byproducts of many sessions: `byproducts FOLDER`."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from tests.bench.probes import both
from tests.support.rig import rig_places


def main() -> None:
    """As the module says."""
    gather = both.module("sessions.harvest.gather")
    with tempfile.TemporaryDirectory(prefix="ad-bench-", dir=Path(sys.argv[1]).parent) as name:
        where = rig_places(Path(name))
        where.sessions.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(sys.argv[1], where.sessions, copy_function=os.link, dirs_exist_ok=True)
        taken = both.cpu(lambda: gather.gather(gather.all_sessions(where), where))
    both.tell(seconds=taken)


if __name__ == "__main__":
    main()
