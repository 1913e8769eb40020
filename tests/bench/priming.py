"""Priming: what it costs beside the model's own time.

    python -m tests.bench.priming

Budgets: a draw under 5 ms, the gauge under 5 ms a turn, the whole pipeline at most 150 ms beside
the model; a month's sample in at most 2 requests at 40 % of the numbers in use, 4 at 10 %.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from sessions.backends.base import Reply
from sessions.priming import pipeline, record
from sessions.priming.arxiv.draw import Source, draw_papers
from sessions.priming.arxiv.feed import read_feed
from sessions.priming.arxiv.store import bundled
from sessions.priming.draw import local_draw
from sessions.priming.gauge import MeasuredTurn, read_turn
from sessions.priming.inject import compose
from sessions.priming.kinds import kind_of
from sessions.priming.prompts import Subject
from tests.bench.harness.figure import Figure, Target, timed
from tests.bench.harness.table import plain
from tests.support.arxiv_server import ArxivServer, entry, feed, share
from tests.support.rig import rig_places


def _gauge(rounds: int) -> list[float]:
    history = "\n".join(paper.abstract for paper in bundled())  # beyond the 3,000 words that count
    turn = bundled()[3].abstract + bundled()[7].abstract
    return timed(lambda: read_turn(turn, history), rounds)


async def _requests(rate: float, last: int, seeds: int) -> list[float]:
    async def wait(seconds: float) -> None:
        await asyncio.sleep(0)

    counts = []
    with tempfile.TemporaryDirectory() as folder:
        async with ArxivServer(share(rate), last) as server:
            for seed in range(seeds):
                where = Source(rig_places(Path(folder) / str(seed)), server.url, 0.0, wait=wait)
                params = kind_of("arxiv").read({"month": "2026-01"})
                counts.append((await draw_papers(where, seed, params)).meta["requests"])
    return counts


async def _pipeline(rounds: int) -> list[float]:
    """draw → expand → inject → measure → events → replay, with a model that takes no time."""
    drawn = await pipeline.draw("acronym", {}, seed=1)
    items = [
        {"source": made, "term": " ".join(f"{c}ane" for c in made), "gloss": "g " * 20,
         "why": "w " * 20, "leap": 3, "p": 0.1, "kind": "coined", "domain": made}
        for made in drawn.draw[:10]
    ]  # fmt: skip
    reply = json.dumps({"items": items})

    async def ask(*_: object, **__: object) -> Reply:
        return Reply(reply, {"input": 1}, "none")

    about = "\n".join(paper.abstract for paper in bundled()[:6])
    turns = [MeasuredTurn("go on", paper.abstract * 2) for paper in bundled()[:9]]

    async def whole() -> None:
        again = await pipeline.draw("acronym", {}, seed=1)
        expansion = await pipeline.expand(again, ask, Subject(about=about))
        chosen = [item for item in expansion.items if item.checked]
        injection = compose(again, chosen, total=len(expansion.items))
        gauge = pipeline.measured(turns, 5, injection.text, chosen)
        events = [
            record.drawn_event(again, expansion),
            record.injected_event(injection, 6),
            record.measured_event(again.id, 6, gauge),
        ]
        assert record.replay(events)[0].items == expansion.items

    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        await whole()
        taken.append(1000 * (time.perf_counter() - start))
    return taken


def figures(quick: bool) -> Iterator[Figure]:
    """All figures of this part."""
    rounds, seeds = (5, 5) if quick else (30, 30)
    for kind in ("acronym", "names"):
        params = kind_of(kind).read({})
        taken = timed(partial(local_draw, kind, 1, params), rounds)
        yield Figure(f"draw {kind}", taken, "ms", Target(5))
    yield Figure("gauge a turn", _gauge(rounds), "ms", Target(5))
    body = feed([entry(f"2601.{number:05d}") for number in range(1, 61)])
    yield Figure("read a feed of 60 papers", timed(lambda: read_feed(body), rounds // 3), "ms")
    for rate, most in ((0.40, 2), (0.10, 4)):
        counts = asyncio.run(_requests(rate, 60_000, seeds))
        name = f"a month's sample, {rate:.0%} of the numbers in use"
        yield Figure(name, counts, "requests", Target(most))
    yield Figure("pipeline beside the model", asyncio.run(_pipeline(rounds)), "ms", Target(150))


if __name__ == "__main__":
    print(plain("Priming", list(figures(quick=False))))
