"""Which papers: a uniform random sample of a month, or of a category within it.

arXiv offers no random order, and a month (35,000 papers) reaches beyond its largest offset. But
ids are numbers: draw numbers up to a bound that none goes beyond, ask for them by id, and keep
the first `n` of the draw's own order that exist. That is rejection sampling, so every existing
paper is equally likely whatever share of the numbers is in use. With a category, the server
intersects the ids with it, which rejects more and is as uniform.

A category so rare that this would take too many requests is listed whole (it is small, since it
is rare) and sampled here. Either way nothing is approximate.

Version 1 is asked for, because it never changes: the same seed gives the same papers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Literal

from sessions.priming.arxiv.client import MAX_IDS, ArxivQuery
from sessions.priming.arxiv.feed import Feed
from sessions.priming.arxiv.ids import Month, bound, nth_ids, split_id
from sessions.priming.arxiv.papers import Paper
from sessions.priming.rng import Stream

Ask = Callable[[ArxivQuery], Awaitable[Feed]]

FIRST_IDS = 60
"""Enough for 10 papers in one request at every share of used numbers from 0.40 up."""
MAX_REQUESTS = 12
# Beyond so many more requests of ids, counting a category and listing it is cheaper.
_PATIENCE = 2
_LIST_WHOLE = 1_000
_PAGE = 500
# An id belongs to the month in which it was announced; a paper may have been sent before.
_SENT_BEFORE = timedelta(days=21)


@dataclass(frozen=True, slots=True)
class Sample:
    """Papers in draw order, and how they were come by."""

    papers: list[Paper]
    method: Literal["ids", "listed"]
    """`ids`: numbers that exist; `listed`: the whole category, sampled here."""
    asked: int = 0
    """How many ids were asked for."""
    found: int = 0
    """How many of them exist (in the category)."""
    skipped: int = 0
    """Papers without a usable abstract, passed over."""


async def draw_sample(ask: Ask, stream: Stream, month: Month, category: str, n: int) -> Sample:
    """Draw `n` papers; fewer come back only where the month or the category has no more."""
    by_ids = _ByIds(ask, stream, month, category, n)
    while not by_ids.done:
        await by_ids.go_on()
        if category and not by_ids.done and by_ids.requests_to_go > _PATIENCE:
            listed = await _listed(ask, stream, month, category, n)
            if listed is not None:
                return listed
            # Too many to list: then it is not rare, and a few more requests will do.
            category = ""
    return by_ids.sample()


class _ByIds:
    """The rejection sampling, request by request."""

    def __init__(self, ask: Ask, stream: Stream, month: Month, category: str, n: int) -> None:
        self._ask = ask
        self._month = month
        self._search = f"cat:{category}" if category else ""
        self._n = n
        self._numbers: Iterator[int] = stream.numbers(bound(month))
        self._papers: list[Paper] = []
        self._requests = self._asked = self._found = self._skipped = 0
        self._exhausted = False

    @property
    def done(self) -> bool:
        return len(self._papers) >= self._n or self._exhausted or self._requests >= MAX_REQUESTS

    @property
    def requests_to_go(self) -> float:
        """About how many requests the missing papers will take."""
        rate = max(self._found, 0.5) / max(1, self._asked)
        return (self._n - len(self._papers)) / (rate * MAX_IDS)

    async def go_on(self) -> None:
        """One request."""
        size = MAX_IDS if self._asked or self._search else self._first()
        bases = nth_ids(self._month, (number + 1 for number in islice(self._numbers, size)))
        if not bases:
            self._exhausted = True
            return
        ids = tuple(f"{base}v1" for base in bases)
        feed = await self._ask(ArxivQuery(ids, self._search, max_results=len(ids)))
        self._requests += 1
        self._asked += len(bases)
        # The order of an answer means nothing; the draw's order does.
        given = {paper.base: paper for paper in feed.papers}
        for base in bases:
            paper = given.get(base)
            if paper is None:
                continue
            self._found += 1
            if not paper.usable:
                self._skipped += 1
            elif len(self._papers) < self._n:
                self._papers.append(paper)

    def _first(self) -> int:
        return min(MAX_IDS, max(FIRST_IDS, 6 * self._n))

    def sample(self) -> Sample:
        return Sample(self._papers, "ids", self._asked, self._found, self._skipped)


async def _listed(ask: Ask, stream: Stream, month: Month, category: str, n: int) -> Sample | None:
    """Sample a category's whole list of the month; None when it is too long to fetch."""
    first = date(month.year, month.month, 1)
    after = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    search = (
        f"cat:{category} AND "
        f"submittedDate:[{first - _SENT_BEFORE:%Y%m%d}0000 TO {after:%Y%m%d}2359]"
    )
    papers: dict[str, Paper] = {}
    start, total = 0, 1
    while start < total:
        query = ArxivQuery((), search, start, _PAGE, sort="submittedDate")
        feed = await ask(query)
        total = feed.total if feed.total >= 0 else len(feed.papers)
        if total > _LIST_WHOLE:
            return None
        papers.update((base, p) for p in feed.papers if month.owns(base := p.base))
        if not feed.papers:
            break
        start += len(feed.papers)
    bases = stream.shuffled(sorted(papers))
    usable = [papers[base] for base in bases if papers[base].usable]
    return Sample(usable[:n], "listed", len(bases), len(bases), len(bases) - len(usable))


def version_one(paper: Paper) -> bool:
    """Whether this is the text that never changes."""
    parts = split_id(paper.id)
    return parts is not None and parts[1] == 1
