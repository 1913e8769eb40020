"""Hours of work in minutes, watched: memory, descriptors, tasks, and how quick it stays.

    python -m tests.soak [--minutes M] [--hours H] [--json FILE] [--seed N]

Two dozen sessions of the real engine stream, call tools, are primed, forked, interrupted and
replaced, while clients come and go and the terminal of the real deck changes its size. The
begin is a fifth of the time after two minutes of warm-up, the end its last fifth. Exit code
1: a bound was broken. One real day is `--hours 24`; what grows with the number of events is
found in minutes, what grows with a clock is not.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sessions.engine.client import Client
from tests.bench.harness.table import machine
from tests.bench.harness.terminal import KEYS, percentile
from tests.soak.stage import Held, Stage, held
from tests.soak.work import SESSIONS, Done, Worker, come_and_go, hear

EVERY_S = 2.0


@dataclass
class Samples:
    """All that was measured: (seconds since the begin, value)."""

    engine: list[tuple[float, Held]] = field(default_factory=list)
    deck: list[tuple[float, Held]] = field(default_factory=list)
    key_ms: list[tuple[float, float]] = field(default_factory=list)
    command_ms: list[tuple[float, float]] = field(default_factory=list)
    lost: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    """Which tasks the deck has most of, in the end."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    name: str
    unit: str
    begin: float
    end: float
    most: float
    bound: str
    ok: bool


async def watch(stage: Stage, client: Client, samples: Samples, began: float) -> None:
    """What both processes hold, and how long a command takes."""
    while True:
        for _ in range(5):
            await asyncio.sleep(EVERY_S / 5)
            at = time.perf_counter()
            status = await client.call("deck.status")
            samples.command_ms.append((at - began, (time.perf_counter() - at) * 1000))
        stage.ask_deck()
        samples.engine.append((at - began, held(stage.engine, status["tasks"])))
        samples.deck.append((at - began, stage.deck()))
        if stage.deck_ended:
            log = stage.places.log.read_text("utf-8", "replace")
            raise RuntimeError(f"the deck ended: {log[-4000:]}")


async def type_keys(stage: Stage, samples: Samples, began: float, typing: asyncio.Lock) -> None:
    """Keys, one by one, timed until they come back; the composer is emptied now and then."""
    number = 0
    while True:
        async with typing:
            key = KEYS[number % len(KEYS)]
            number += 1
            if number % len(KEYS) == 0:
                stage.terminal.type("\x15")
                await asyncio.sleep(0.4)
            stage.terminal.tail = b""
            at = time.perf_counter()
            stage.terminal.type(key)
            seen = await asyncio.to_thread(stage.terminal.wait, key, 5.0)
            if seen is None:
                samples.lost += 1
            else:
                samples.key_ms.append((at - began, (seen - at) * 1000))
        await asyncio.sleep(0.23)


async def resize(stage: Stage, rng: random.Random, done: Done, typing: asyncio.Lock) -> None:
    """The terminal changes its size, and comes back; nobody types meanwhile."""
    while True:
        await asyncio.sleep(rng.uniform(4, 8))
        async with typing:
            for _ in range(rng.randint(1, 5)):
                stage.size(rng.randint(60, 240), rng.randint(16, 72))
                await asyncio.sleep(rng.uniform(0.02, 0.3))
            stage.size()
            await asyncio.sleep(0.5)
        done.counts["resizes"] += 1


@dataclass(frozen=True, slots=True)
class Rest:
    """What engine and deck hold without a session: before the work, and after it."""

    before: tuple[Held, Held]
    after: tuple[Held, Held]


async def at_rest(stage: Stage, client: Client) -> tuple[Held, Held]:
    """What both hold now that nothing happens any more."""
    await asyncio.sleep(12.0)  # the last notices go
    stage.ask_deck()
    await asyncio.sleep(1.0)
    status = await client.call("deck.status")
    return held(stage.engine, status["tasks"]), stage.deck()


async def soak(stage: Stage, seconds: float, seed: int) -> tuple[Samples, Done, Rest]:
    """Work for so long; the samples, what was done, what engine and deck hold without it."""
    rng, done, samples = random.Random(seed), Done(), Samples()
    client = await Client.connect(stage.places, start=False)
    hear(client)
    await client.attach()
    before = await at_rest(stage, client)
    # The typist has a session of its own, which is in focus and stays: a draft goes with its.
    await client.call("session.create", cwd=str(stage.work), title="typist")
    began, typing = time.perf_counter(), asyncio.Lock()
    workers = [Worker(client, str(stage.work), seed + n, done) for n in range(SESSIONS)]
    tasks = [asyncio.create_task(worker.run()) for worker in workers]
    tasks += [
        asyncio.create_task(watch(stage, client, samples, began)),
        asyncio.create_task(type_keys(stage, samples, began, typing)),
        asyncio.create_task(resize(stage, rng, done, typing)),
        asyncio.create_task(come_and_go(stage.places, random.Random(seed + 100), done)),
    ]
    ended, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    for task in ended:
        await task  # nobody ends by itself but by a fault: it is told
    _, stuck = await asyncio.wait(tasks, timeout=30)
    if stuck:
        raise RuntimeError(f"these do not end: {stuck}")
    for summary in await client.call("deck.list"):
        with suppress(Exception):  # a worker may have deleted it in this moment
            await client.call("session.delete", session=summary["id"])
    after = await at_rest(stage, client)
    samples.kinds = stage.kinds()
    await client.close()
    return samples, done, Rest(before, after)


def part(samples: Sequence[tuple[float, Any]], start: float, end: float) -> list[Any]:
    """The values between two moments."""
    return [value for at, value in samples if start <= at < end]


def busy(found: Sequence[tuple[float, Held]]) -> list[tuple[float, float]]:
    """The share of a core that a process took between one sample and the next."""
    return [
        (at, 100 * (two.cpu_s - one.cpu_s) / (at - before))
        for (before, one), (at, two) in itertools.pairwise(found)
    ]


def rows(samples: Samples, seconds: float, rest: Rest) -> list[Row]:
    """The table: begin and end are a fifth of the time each: after the warm-up, and the last."""
    # What is kept for drawing fills up in the first two minutes, and not beyond its bounds.
    warm = max(seconds * 0.2, min(120.0, seconds * 0.4))
    begin, end = (warm, warm + seconds * 0.2), (seconds * 0.8, seconds + 60)
    made: list[Row] = []

    def add(name: str, unit: str, values: Sequence[tuple[float, float]], share: float,
            room: float) -> None:  # fmt: skip
        one, two = part(values, *begin), part(values, *end)
        first = statistics.median(one) if one else float("nan")
        last = statistics.median(two) if two else float("nan")
        most = max((value for _, value in values), default=float("nan"))
        limit = first * share + room
        made.append(Row(name, unit, first, last, most, f"at most {limit:.1f}", last <= limit))

    for number, (who, found) in enumerate((("engine", samples.engine), ("deck", samples.deck))):
        add(f"{who}: memory", "MB", [(t, h.rss) for t, h in found], 1.05, 2.0)
        add(f"{who}: descriptors", "", [(t, float(h.fds)) for t, h in found], 1.1, 4)
        add(f"{who}: tasks", "", [(t, float(h.tasks)) for t, h in found], 1.1, 8)
        add(f"{who}: CPU", "% of a core", busy(found), 1.3, 10)
        before, after = rest.before[number], rest.after[number]
        for name, one, two, room in (
            ("descriptors", before.fds, after.fds, 4),
            ("tasks", before.tasks, after.tasks, 4),
            ("child processes", before.children, after.children, 0),
        ):
            made.append(Row(f"{who}: {name} at rest", "", one, two, two,
                            f"at most {one + room}", two <= one + room))  # fmt: skip
    for name, timed in (("key", samples.key_ms), ("command", samples.command_ms)):
        add(f"{name}: typical", "ms", timed, 1.5, 10)
        first, last = percentile(part(timed, *begin), 0.95), percentile(part(timed, *end), 0.95)
        limit = first * 1.5 + 25
        made.append(Row(f"{name}: 95 of 100", "ms", first, last, max(v for _, v in timed),
                        f"at most {limit:.1f}", last <= limit))  # fmt: skip
    made.append(Row("keys without an echo", "", float("nan"), samples.lost, samples.lost,
                    "none", samples.lost == 0))  # fmt: skip
    return made


def show(table: Sequence[Row], done: Done, seconds: float) -> None:
    """Print what was found."""
    print(f"\n{seconds:.0f} s on " + ", ".join(f"{k} {v}" for k, v in machine().items()))
    print("done: " + ", ".join(f"{n} {what}" for what, n in sorted(done.counts.items())))
    for what, count in done.refused.most_common(5):
        print(f"refused {count} times: {what}")
    print(f"\n{'':34}{'begin':>10}{'end':>10}{'most':>10}  bound")
    for row in table:
        begin = "" if row.begin != row.begin else f"{row.begin:.1f}"
        mark = "ok" if row.ok else "BROKEN"
        name = f"{row.name} {f'({row.unit})' if row.unit else ''}"
        print(f"{name:34}{begin:>10}{row.end:>10.1f}{row.most:>10.1f}  {row.bound}  {mark}")


def main() -> int:
    """Run; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--hours", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    seconds = asked.hours * 3600 or asked.minutes * 60
    with Stage() as stage:
        samples, done, rest = asyncio.run(soak(stage, seconds, asked.seed))
    table = rows(samples, seconds, rest)
    show(table, done, seconds)
    if asked.json:
        told = {
            "seconds": seconds,
            "machine": machine(),
            "done": dict(done.counts),
            "refused": dict(done.refused),
            "rows": [asdict(row) for row in table],
            "engine": [(round(t), asdict(h)) for t, h in samples.engine],
            "deck": [(round(t), asdict(h)) for t, h in samples.deck],
        }
        asked.json.write_text(json.dumps(told, indent=1) + "\n")
    if not all(row.ok for row in table):
        print("the deck's tasks: " + ", ".join(f"{n} {what}" for what, n in samples.kinds.items()))
    return 0 if all(row.ok for row in table) and not done.refused else 1


if __name__ == "__main__":
    sys.exit(main())
