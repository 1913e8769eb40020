"""What priming costs beside the model's own time.

    python -m tests.bench.priming

Budgets: a draw under 5 ms, the gauge under 5 ms a turn, the whole pipeline at most 150 ms beside
the model; a month's sample in at most 2 requests at 40 % of the numbers in use, 4 at 10 %.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sessions.backends.base import Reply
from sessions.priming import pipeline, record
from sessions.priming.arxiv.draw import Source, draw_papers
from sessions.priming.arxiv.feed import read_feed
from sessions.priming.arxiv.store import bundled
from sessions.priming.draw import local_draw
from sessions.priming.gauge import Turn, read_turn
from sessions.priming.inject import compose
from sessions.priming.kinds import kind_of
from sessions.priming.prompts import Subject
from tests.support.arxiv_server import ArxivServer, entry, feed, share
from tests.support.rig import rig_places


def _ms(work: Callable[[], object], rounds: int = 30) -> dict[str, float]:
    """Median and worst of some rounds, in milliseconds, after one to warm up."""
    work()
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        taken.append(1000 * (time.perf_counter() - start))
    return {"median_ms": round(statistics.median(taken), 3), "worst_ms": round(max(taken), 3)}


def _gauge() -> dict[str, float]:
    history = "\n".join(paper.abstract for paper in bundled())  # beyond the 3,000 words that count
    turn = bundled()[3].abstract + bundled()[7].abstract
    return _ms(lambda: read_turn(turn, history))


async def _requests(rate: float, last: int, seeds: int) -> dict[str, float]:
    async def wait(seconds: float) -> None:
        await asyncio.sleep(0)

    counts = []
    with tempfile.TemporaryDirectory() as folder:
        async with ArxivServer(share(rate), last) as server:
            for seed in range(seeds):
                where = Source(rig_places(Path(folder) / str(seed)), server.url, 0.0, wait=wait)
                params = kind_of("arxiv").read({"month": "2026-01"})
                counts.append((await draw_papers(where, seed, params)).meta["requests"])
    return {"mean": statistics.mean(counts), "most": max(counts)}


async def _pipeline() -> dict[str, float]:
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
    turns = [Turn("go on", paper.abstract * 2) for paper in bundled()[:9]]

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
    for _ in range(20):
        start = time.perf_counter()
        await whole()
        taken.append(1000 * (time.perf_counter() - start))
    return {"median_ms": round(statistics.median(taken), 2), "worst_ms": round(max(taken), 2)}


def measure() -> dict[str, Any]:
    """All figures of this part."""
    acronym, names = kind_of("acronym").read({}), kind_of("names").read({})
    body = feed([entry(f"2601.{number:05d}") for number in range(1, 61)])
    return {
        "draw_acronym": _ms(lambda: local_draw("acronym", 1, acronym)),
        "draw_names": _ms(lambda: local_draw("names", 1, names)),
        "gauge_a_turn": _gauge(),
        "feed_of_60_papers": _ms(lambda: read_feed(body), 10),
        "requests_at_40_percent": asyncio.run(_requests(0.40, 60_000, 30)),
        "requests_at_10_percent": asyncio.run(_requests(0.10, 60_000, 30)),
        "pipeline_beside_the_model": asyncio.run(_pipeline()),
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
