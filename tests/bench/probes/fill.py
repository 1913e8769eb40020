"""Journals to read, written by the older build: `fill KIND FOLDER COUNT`.

`streamed`: 200 KB of answers token by token, as a deck records them; `short` and `long`: of 4,000
and 800,000 characters. `small`: sessions of 20 messages. `made`: sessions of 200 KB in which files
are written and run; `worked`: such a one of 2,000 events.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.bench.harness.words import tokens
from tests.bench.probes import both

WORDS = [f"{a}{b}" for a in ("tide", "gate", "lock", "weir", "dam") for b in range(200)]
OPEN = 6
"""So many sessions have a tile."""


def streamed(number: int, count: int) -> Iterator[Any]:
    """Turns of some hundred chunks."""
    ev = both.events()
    source = tokens(number)
    for turn in range(1, count + 1):
        yield ev.UserMessage(turn=turn, text=" ".join(next(source) for _ in range(12)))
        yield ev.TurnStarted(turn=turn, model="m")
        for _ in range(200):
            yield ev.Text(turn=turn, text="".join(next(source) for _ in range(5)))
        yield ev.TurnEnded(turn=turn, reason="end_turn", usage={"input": 900, "output": 900})


def small(number: int, count: int) -> Iterator[Any]:
    """Ten turns of a few words."""
    ev, rng = both.events(), random.Random(number)
    for turn in range(1, count + 1):
        text = " ".join(rng.choices(WORDS, k=12))
        yield ev.UserMessage(turn=turn, text=text)
        yield ev.Text(turn=turn, text=text[::-1])
        yield ev.TurnEnded(turn=turn, reason="end_turn")


def made(number: int, count: int) -> Iterator[Any]:
    """Turns of ten events: files, commands, code, doubts."""
    from tests.bench import harvest

    for turn in range(1, count + 1):
        yield from harvest._turn(number, turn, 19_000)


def worked(number: int, count: int) -> Iterator[Any]:
    """The same, with answers of a page."""
    from tests.bench import harvest

    for turn in range(1, count + 1):
        yield from harvest._turn(number, turn, 1_500)


KINDS: dict[str, tuple[Callable[[int, int], Iterator[Any]], int]] = {
    "streamed": (streamed, 10),
    "small": (small, 10),
    "made": (made, 10),
    "worked": (worked, 200),
    "short": (streamed, 1),
    "long": (streamed, 200),
}


def main() -> None:
    """As the module says."""
    kind, folder, count = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    ev, journal = both.events(), both.journal().Journal
    new_id = both.module("sessions.ids").new_id
    of, turns = KINDS[kind]
    shown = count if count == 24 else OPEN
    for number in range(count):
        session = new_id()
        title = f"tile{number - count + shown:02d}" if number >= count - shown else "scripted"
        first = ev.SessionCreated(id=session, title=title, model="scripted", cwd="/")
        written = journal.create(folder / session, first)[0]
        written.append_all(of(number, turns))
        if number < count - shown:
            written.append(both.closed())
        written.close()


if __name__ == "__main__":
    main()
