"""The interface's CPU with 24 tiles that stream, and tmux's server's: `live SECONDS [ROUNDS]`.

So many seconds keys are typed, then both are only looked at for half as long: 13 are one whole
answer of each session, 26 two. All begin theirs at once, and a table is dearer than prose, so that
a part of one says little. Rounds of both stand side by side; a figure is the median of its rounds.
"""

from __future__ import annotations

import statistics
import sys
from collections import defaultdict

from tests.bench import live
from tests.bench.probes import both

TILES = 24


def main() -> None:
    """As the module says."""
    seconds, rounds = float(sys.argv[1]), int((*sys.argv, "1")[2])
    found: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        _, streaming = live.deck(TILES, TILES, 1, seconds)
        panes = live.tmux(TILES, 1, seconds)
        interface, server = streaming["interface_mb"][0], panes["per_mb"][0]
        found["interface"].append(interface)
        found["tmux"].append(server)
        found["times"].append(interface / server)
        found["echo"].append(streaming["p99"][0])
    both.tell(**{name: statistics.median(values) for name, values in found.items()})


if __name__ == "__main__":
    main()
