"""Reading journals, folding them, appending to one: `record FOLDER`."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from tests.bench.harness.words import tokens
from tests.bench.probes import both

JOURNALS, EVENTS = 24, 24_000


def main() -> None:
    """As the module says."""
    files = sorted(Path(sys.argv[1]).glob("*/journal.jsonl"))
    size = sum(file.stat().st_size for file in files) / 1e6
    read, transcript = both.journal().read, both.transcript()
    both.tell(
        read=size / both.cpu(lambda: [sum(1 for _ in read(file)) for file in files]),
        fold=size / both.cpu(lambda: [transcript.of(read(file)) for file in files]),
        loads=size / both.cpu(lambda: [[json.loads(s) for s in f.open("rb")] for f in files]),
        append=_append(),
    )


def _append() -> float:
    ev, journal = both.events(), both.journal().Journal
    source = tokens(1)
    texts = ["".join(next(source) for _ in range(5)) for _ in range(EVENTS)]
    with tempfile.TemporaryDirectory(prefix="ad-bench-") as name:
        made = [
            journal.create(Path(name) / str(n), ev.SessionCreated(id=str(n)))[0]
            for n in range(JOURNALS)
        ]

        def write() -> None:
            for number, text in enumerate(texts):
                made[number % JOURNALS].append(ev.Text(turn=1, text=text))

        taken = both.cpu(write)
        for each in made:
            each.close()
    return taken / EVENTS * 1e6


if __name__ == "__main__":
    main()
