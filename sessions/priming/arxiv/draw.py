"""A draw of papers: from the network, else the same draw from before, else what is here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

from sessions.errors import AgentdeckError
from sessions.paths import Places
from sessions.priming.arxiv.client import ArxivClient, Unreachable
from sessions.priming.arxiv.ids import Month, bound, read_category, read_month
from sessions.priming.arxiv.offline import WantedPapers, from_here
from sessions.priming.arxiv.papers import Paper
from sessions.priming.arxiv.rate_limiter import RateLimiter
from sessions.priming.arxiv.sample import Sample, draw_sample, version_one
from sessions.priming.arxiv.store import PaperStore
from sessions.priming.kind_params import PapersParams
from sessions.priming.model import JSON, Draw, new_priming_id
from sessions.priming.rng import Stream, canonical
from sessions.record.closed_sets import DrawnSource

URL = "https://export.arxiv.org/api/query"
INTERVAL_S = 3.0


@dataclass(frozen=True, slots=True)
class Source:
    """Where papers come from. The clock (seconds since 1970) and the wait are for tests."""

    places: Places
    url: str = URL
    interval_s: float = INTERVAL_S
    offline: bool = False
    clock: Callable[[], float] = time.time
    wait: Callable[[float], Awaitable[None]] = field(default=asyncio.sleep)
    timeout_s: float = 20.0


async def draw_papers(source: Source, seed: int, params: JSON) -> Draw:
    """Draw papers as `params` say (`month`, `category`, `n`, `any`).

    Raises:
        UsageError: the month or the category can't be, or arXiv refuses them.
        AgentdeckError: the month or the category has no papers, or none are here and arXiv can't
            be asked.
    """
    today = datetime.fromtimestamp(source.clock(), UTC).date()
    asked = cast("PapersParams", params)
    month = read_month(asked["month"], today)
    category = read_category(asked["category"])
    n = asked["n"]
    wanted = WantedPapers(month, category, n, bool(asked["month"]), asked.get("any") == "yes")
    params = {**params, "month": str(month), "category": category}
    # The month is still growing while it lasts, so its draws are of their day.
    growing = str(today) if (today.year, today.month) == (month.year, month.month) else ""
    shaping = {"month": str(month), "category": category, "bound": bound(month)}
    stream = Stream("arxiv", seed, shaping)
    store = PaperStore(source.places.state / "arxiv", source.clock)
    key = canonical({"seed": seed, "url": source.url, "growing": growing, **shaping})
    meta: JSON = {"bound": bound(month)}
    kept = store.kept_draw(key)
    if kept is not None and (len(kept[0]) >= n or kept[1].get("all")):
        return _drawn(seed, params, kept[0][:n], "cache", (), {**kept[1], **meta, "requests": 0})
    try:
        sample, requests = await _from_network(source, store, stream, month, category, n)
    except Unreachable as error:
        here = from_here(store, seed, wanted, error)
        return _drawn(seed, params, here.papers, here.label, (str(error), here.note), meta)
    if not sample.papers:
        raise AgentdeckError(
            f"arXiv has no papers of {wanted.words}.",
            "Choose another month, or check the category.",
        )
    meta |= {"requests": requests, "method": sample.method, "asked": sample.asked}
    meta |= {"found": sample.found, "skipped": sample.skipped}
    about = {"month": str(month), "category": category, "all": len(sample.papers) < n, **meta}
    store.keep_draw(key, about, sample.papers)
    return _drawn(seed, params, sample.papers, "network", _notes(sample, growing, n), meta)


async def _from_network(
    source: Source, store: PaperStore, stream: Stream, month: Month, category: str, n: int
) -> tuple[Sample, int]:
    """The sample, and how many requests it took. Raises Unreachable, UsageError."""
    if source.offline:
        raise Unreachable("arXiv was not asked (offline).")
    gate = RateLimiter(source.places.run, source.interval_s, clock=source.clock, wait=source.wait)
    async with ArxivClient(
        source.url,
        gate,
        store,
        unit_s=source.interval_s,
        wait=source.wait,
        timeout_s=source.timeout_s,
    ) as client:
        sample = await draw_sample(client.ask, stream, month, category, n)
        return sample, client.requests


def _notes(sample: Sample, growing: str, n: int) -> tuple[str, ...]:
    notes: list[str] = []
    if len(sample.papers) < n:
        notes.append(f"Only {len(sample.papers)} of {n} papers were found.")
    if growing:
        notes.append("This month still grows: the same seed may give other papers tomorrow.")
    if sample.skipped:
        notes.append(f"{sample.skipped} without a usable abstract were passed over.")
    if any(not version_one(paper) for paper in sample.papers):
        notes.append("Some are not first versions; their text may change.")
    return tuple(notes)


def _drawn(
    seed: int,
    params: JSON,
    papers: list[Paper],
    source: DrawnSource,
    notes: tuple[str, ...],
    meta: JSON,
) -> Draw:
    draw = [paper.to_json() for paper in papers]
    return Draw(new_priming_id(), "arxiv", seed, params, draw, source, notes, meta)
