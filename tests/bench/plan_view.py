"""A run of 1,000 tasks in the deck: keys in its view while 24 of its sessions stream.

`down` and `up` are pressed one by one, and timed until the next task's row is drawn anew; behind
the view 24 tiles stream 100 tokens a second each.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator
from pathlib import Path

from sessions.engine.client import Client
from tests.bench.harness.figure import Figure, Target
from tests.bench.harness.stage import Stage
from tests.bench.harness.terminal import percentile

TASKS, AT_ONCE = 1000, 24
F10, UP, DOWN, ENTER = "\x1b[21~", "\x1b[A", "\x1b[B", "\r"


def figures(quick: bool) -> Iterator[Figure]:
    """The echo's p99, and what the interface takes."""
    with Stage(0) as stage:
        _show(stage)
        rounds = [_echo(stage, 5.0 if quick else 10.0) for _ in range(1 if quick else 3)]
        memory = [stage.memory[0]]
    name = f"{TASKS:,} tasks, {AT_ONCE} stream"
    yield Figure(f"key echo p99 in the run's view, {name}", [percentile(r, 0.99) for r in rounds],
                 "ms", Target(30))  # fmt: skip
    yield Figure(f"key echo p50 in the run's view, {name}", [percentile(r, 0.5) for r in rounds],
                 "ms")  # fmt: skip
    yield Figure(f"interface memory, {name}", memory, "MB")


def _show(stage: Stage) -> None:
    """Begin the run and open its view."""
    plan = stage.root / "work" / "plan.toml"
    plan.write_text(
        f'[plan]\nparallel = {AT_ONCE}\n[[task]]\nname = "t"\nprompt = "bench 100"\n'
        f"for_each = {{values = {list(range(TASKS))}}}\n"
    )
    asyncio.run(_begin(plan))
    stage.open(AT_ONCE)
    assert stage.terminal is not None
    until = time.perf_counter() + 60.0
    while not stage.characters:  # the SDK is imported with the first turn
        if time.perf_counter() > until:
            raise RuntimeError("nothing streams")
        time.sleep(0.2)
    for key, wanted in ((F10, "0/1000"), (ENTER, f"t[{AT_ONCE}] ")):
        stage.terminal.type(key)
        if stage.terminal.wait(wanted) is None:
            raise RuntimeError(f"the deck did not show {wanted}")
        time.sleep(1.0)


async def _begin(plan: Path) -> None:
    client = await Client.connect()
    try:
        await client.call("plan.start", file=str(plan))
        while sum(s.status == "working" for s in client.summaries.values()) < AT_ONCE:
            await asyncio.sleep(0.1)
    finally:
        await client.close()


def _echo(stage: Stage, seconds: float) -> list[float]:
    """Milliseconds from a key to the row that it leads to, from the first row and back to it."""
    assert stage.terminal is not None
    there = [(DOWN, row) for row in range(2, AT_ONCE + 1)]
    back = [(UP, row) for row in range(AT_ONCE - 1, 0, -1)]
    times: list[float] = []
    end = time.perf_counter() + seconds
    for number, (key, row) in enumerate(itertools.cycle(there + back)):
        taken = stage.terminal.answer(key, f"t[{row}] ")
        times.append(5000.0 if taken is None else taken)
        time.sleep(0.09 + (number * 7 % 13) / 400)
        if row == 1 and time.perf_counter() > end:
            break
    return times
