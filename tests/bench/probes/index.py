"""The index made of journals, its size, and what a search takes: `index FOLDER`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.bench.probes import both

QUERIES = ("tide17 gate3", "weir7", "gat", "tide")
ROUNDS = 5


def main() -> None:
    """As the module says."""
    folder = Path(sys.argv[1])
    size = sum(file.stat().st_size for file in folder.glob("*/journal.jsonl")) / 1e6
    of = both.module("sessions.archive.index").Index
    with tempfile.TemporaryDirectory(prefix="ad-bench-") as name:
        path = Path(name) / "index.db"
        index = of.open(path, folder)
        built = both.cpu(index.refresh)
        for query in QUERIES:
            index.search(query)  # read from the disk once
        asked = both.cpu(lambda: [index.search(q) for q in QUERIES for _ in range(ROUNDS)])
        index.close()
        kept = sum(file.stat().st_size for file in Path(name).iterdir()) / 1e6
    both.tell(
        build=size / built,
        share=kept / size,
        search=asked / ROUNDS / len(QUERIES) * 1000,
    )


if __name__ == "__main__":
    main()
