"""Typing while sessions stream: the real deck and engine on a terminal, beside tmux.

Every session answers 100 tokens a second of Markdown from a scripted Messages API server on
loopback; keys are typed one by one and timed until their echo comes back on the terminal. tmux
shows the same text in as many panes. The rounds of both stand side by side.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.bench.harness.figure import Figure, Target
from tests.bench.harness.stage import Stage
from tests.bench.harness.terminal import cpu, rss
from tests.bench.harness.tmux import Tmux

RATE = 100.0
WATCHED_S = 13.0
"""The CPU of a megabyte is taken over this long at least: two whole answers of every session.

All begin theirs at once, and a table is dearer than prose: a part of one says little.
"""


@dataclass
class Runs:
    """What the rounds of one arrangement gave, by name."""

    values: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, **values: float) -> None:
        """One round's."""
        for name, value in values.items():
            self.values[name].append(value)

    def __getitem__(self, name: str) -> list[float]:
        return self.values[name]


def deck(
    sessions: int, shown: int, rounds: int, seconds: float, watched: float = 0.0
) -> tuple[Runs, Runs]:
    """Idle and streaming rounds of the deck, in turn. `watched`: seconds of only looking."""
    idle, streaming = Runs(), Runs()
    with Stage(sessions) as stage:
        stage.open(shown)
        for _ in range(rounds):
            echo, load = stage.typed(seconds)
            idle.add(p50=echo.p50, p99=echo.p99, lost=echo.lost, interface=load.interface)
            interface, engine = stage.memory
            idle.add(memory=interface, engine_memory=engine)
            if not sessions:
                continue
            stage.stream(RATE)
            echo, load = stage.typed(seconds)
            streaming.add(p50=echo.p50, p99=echo.p99, lost=echo.lost)
            streaming.add(interface=load.interface, engine=load.engine)
            load = stage.watched(watched or seconds / 2)
            streaming.add(interface_mb=load.interface_per_mb, engine_mb=load.engine_per_mb)
            interface, engine = stage.memory
            streaming.add(memory=interface, engine_memory=engine)
            stage.stop()
    return idle, streaming


def tmux(panes: int, rounds: int, seconds: float, watched: float = 0.0) -> Runs:
    """Rounds of tmux with as many panes. `watched`: seconds of only looking."""
    runs = Runs()
    for _ in range(rounds):
        shown = Tmux(panes, RATE)
        try:
            time.sleep(1.5)
            before, began = cpu(shown.pid), time.perf_counter()
            echo = shown.terminal.echo(seconds)
            share = 100 * (cpu(shown.pid) - before) / (time.perf_counter() - began)
            before, characters = cpu(shown.pid), shown.characters
            time.sleep(watched or seconds / 2)
            per_mb = 1e6 * (cpu(shown.pid) - before) / (shown.characters - characters)
            runs.add(p50=echo.p50, p99=echo.p99, share=share, per_mb=per_mb, memory=rss(shown.pid))
        finally:
            shown.close()
    return runs


def figures(quick: bool) -> Iterator[Figure]:
    """Echo, CPU and memory with 0, 6, 12 and 24 tiles, and with 58 sessions out of view."""
    rounds, seconds = (1, 5.0) if quick else (3, 10.0)
    none, _ = deck(0, 6, rounds, seconds)
    yield Figure("key echo p99, no session", none["p99"], "ms")
    decks = {}
    for tiles in (6, 12, 24):
        watched = WATCHED_S if tiles == 24 else 0.0
        idle, streaming = decks[tiles] = deck(tiles, tiles, rounds, seconds, watched)
        panes = tmux(tiles, rounds, seconds, watched)
        name = f"{tiles} tiles stream"
        yield Figure(f"key echo p50, {name}", streaming["p50"], "ms", None, "tmux", panes["p50"])
        promised = Target(30) if tiles == 24 else None
        yield Figure(
            f"key echo p99, {name}", streaming["p99"], "ms", promised, "tmux", panes["p99"]
        )
    yield Figure("key echo p99, 24 tiles stream", streaming["p99"], "ms", Target(25, "over"),
                 "the same deck idle", idle["p99"])  # fmt: skip
    yield Figure("keys without an echo", [sum(streaming["lost"])], "keys", Target(0))
    yield Figure("interface CPU, 24 tiles, typing", streaming["interface"], "% of a core",
                 Target(2.5, "ratio"), "tmux's server", panes["share"])  # fmt: skip
    for who in ("interface", "engine"):
        promised = Target(2.0, "ratio") if who == "interface" else None
        yield Figure(f"{who} CPU per streamed MB", streaming[f"{who}_mb"], "s", promised,
                     "tmux's server", panes["per_mb"])  # fmt: skip
    hidden = deck(64, 6, rounds, seconds)[1]
    alone = decks[6][1]
    yield Figure("key echo p99, 6 tiles and 58 hidden stream", hidden["p99"], "ms", None,
                 "6 alone", alone["p99"])  # fmt: skip
    yield Figure("interface CPU, 6 tiles and 58 hidden", hidden["interface"], "% of a core",
                 Target(1.3, "ratio"), "6 alone", alone["interface"])  # fmt: skip
    yield Figure("interface memory, 24 tiles", streaming["memory"], "MB", Target(60),
                 "no session", none["memory"])  # fmt: skip
    each = [(a - b) / 18 for a, b in zip(streaming["memory"], alone["memory"], strict=True)]
    yield Figure("interface memory per tile", each, "MB")
    each = [(a - b) / 58 for a, b in zip(hidden["engine_memory"], alone["engine_memory"],
                                         strict=True)]  # fmt: skip
    yield Figure("engine memory per session", each, "MB")
    yield Figure("engine memory, 64 sessions stream", hidden["engine_memory"], "MB")
