"""The interface's CPU with 24 tiles that stream, and tmux's server's: `live SECONDS`."""

from __future__ import annotations

import sys

from tests.bench import live
from tests.bench.probes import both

TILES = 24


def main() -> None:
    """As the module says."""
    seconds = float(sys.argv[1])
    _, streaming = live.deck(TILES, TILES, 1, seconds)
    panes = live.tmux(TILES, 1, seconds)
    interface, server = streaming["interface_mb"][0], panes["per_mb"][0]
    both.tell(interface=interface, tmux=server, times=interface / server, echo=streaming["p99"][0])


if __name__ == "__main__":
    main()
