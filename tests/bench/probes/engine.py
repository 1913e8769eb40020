"""The engine's CPU while sessions stream: `engine SESSIONS RATE SECONDS`."""

from __future__ import annotations

import asyncio
import os
import sys

from tests.bench import engine
from tests.bench.harness.terminal import rss
from tests.bench.probes import both

_TRIES = 3


def main() -> None:
    """As the module says."""
    sessions, rate, seconds = map(int, sys.argv[1:])
    engine.SESSIONS, engine.RATE = sessions, rate
    for attempt in range(1, _TRIES + 1):
        try:
            found = asyncio.run(engine._run(seconds))
            break
        except ZeroDivisionError:  # on a busy machine nothing had been streamed yet
            if attempt == _TRIES:
                raise
    # At the whole rate: on a busy machine fewer come, and what they take says nothing.
    share = found["us"] * sessions * rate / 1e4
    both.tell(per_event=found["us"], share=share, memory=rss(os.getpid()))


if __name__ == "__main__":
    main()
