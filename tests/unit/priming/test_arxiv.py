"""Papers from a loopback arXiv that misbehaves as the real one does."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from sessions.errors import AgentdeckError, UsageError
from sessions.priming.arxiv.client import ArxivClient, ArxivQuery, Unreachable, seconds_of
from sessions.priming.arxiv.draw import draw_papers
from sessions.priming.arxiv.feed import NotAFeed, read_feed
from sessions.priming.arxiv.ids import Month, ids_in, nth_ids, read_category, read_month, split_id
from sessions.priming.arxiv.rate_limiter import RateLimiter
from sessions.priming.arxiv.store import PaperStore, bundled
from tests.support.arxiv_server import (
    Answer,
    ArxivServer,
    category_of,
    share,
)
from tests.unit.priming.arxiv_rig import NOW, REAL, Time, params, source

# -- requests


async def test_a_month_at_forty_percent_takes_one_request(tmp_path: Path, time: Time) -> None:
    async with ArxivServer(share(0.4)) as server:
        for seed in range(5):
            drawn = await draw_papers(source(server, tmp_path, time), seed, params())
            assert len(drawn.draw) == 10
            assert drawn.meta["requests"] <= 2
    assert len(server.requests) <= 10


async def test_a_month_at_ten_percent_takes_at_most_four(tmp_path: Path, time: Time) -> None:
    async with ArxivServer(share(0.1), last=60_000) as server:
        for seed in range(10):
            drawn = await draw_papers(source(server, tmp_path, time), seed, params())
            assert len(drawn.draw) == 10
            assert drawn.meta["requests"] <= 4


async def test_requests_name_who_asks_and_want_a_feed(tmp_path: Path, time: Time) -> None:
    async with ArxivServer() as server:
        await draw_papers(source(server, tmp_path, time), 1, params())
    headers = server.requests[0].headers
    assert headers["user-agent"].startswith("agentdeck/")
    assert "application/atom+xml" in headers["accept"]


async def test_first_versions_are_asked_for_and_as_many_as_ids(tmp_path: Path, time: Time) -> None:
    async with ArxivServer() as server:
        await draw_papers(source(server, tmp_path, time), 1, params())
    request = server.requests[0]
    assert all(text.endswith("v1") and text.startswith("2601.") for text in request.ids)
    assert int(request.query["max_results"]) == len(request.ids) <= 150


async def test_requests_of_one_deck_keep_their_distance(tmp_path: Path, time: Time) -> None:
    async with ArxivServer(share(0.02)) as server:
        where = source(server, tmp_path, time)
        await asyncio.gather(*(draw_papers(where, seed, params(n=3)) for seed in range(4)))
    assert server.most_open == 1
    # The clock only moves by waiting: n requests need n - 1 whole pauses.
    assert time.now - NOW >= 3.0 * (len(server.requests) - 1)


async def test_the_distance_holds_between_processes(tmp_path: Path) -> None:
    gate = RateLimiter(tmp_path, 3.0)
    held = multiprocessing.get_context("spawn")
    inside, leave = held.Event(), held.Event()
    other = held.Process(target=_hold, args=(tmp_path, inside, leave))
    other.start()
    try:
        assert await asyncio.to_thread(inside.wait, 20)
        waiting = asyncio.create_task(gate.refused("test"))
        await asyncio.sleep(0)
        done, _ = await asyncio.wait([waiting], timeout=0.2)
        assert not done
        leave.set()
        await asyncio.wait_for(waiting, 60)
    finally:
        leave.set()
        await asyncio.to_thread(other.join, 10)


def _hold(folder: Path, inside: object, leave: object) -> None:
    async def hold() -> None:
        async with RateLimiter(folder, 3.0).turn():
            inside.set()  # type: ignore[attr-defined]
            leave.wait(20)  # type: ignore[attr-defined]

    asyncio.run(hold())


async def test_who_gives_up_waiting_leaves_the_gate_open(tmp_path: Path) -> None:
    gate = RateLimiter(tmp_path, 0.0)
    async with gate.turn():
        waiting = asyncio.create_task(gate.welcomed())
        await asyncio.wait([waiting], timeout=0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    await asyncio.wait_for(gate.welcomed(), 60)


# -- the same again


async def test_same_seed_same_papers_without_another_request(tmp_path: Path, time: Time) -> None:
    async with ArxivServer(share(0.4)) as server:
        first = await draw_papers(source(server, tmp_path, time), 7, params())
        asked = len(server.requests)
        again = await draw_papers(source(server, tmp_path, time), 7, params())
    assert again.draw == first.draw
    assert again.source == "cache" and len(server.requests) == asked


async def test_same_seed_same_papers_from_an_empty_cache(tmp_path: Path, time: Time) -> None:
    async with ArxivServer(share(0.4)) as server:
        first = await draw_papers(source(server, tmp_path / "a", time), 7, params())
        again = await draw_papers(source(server, tmp_path / "b", time), 7, params())
        other = await draw_papers(source(server, tmp_path / "b", time), 8, params())
    assert first.draw == again.draw != other.draw


async def test_more_papers_of_a_seed_begin_with_the_same(tmp_path: Path, time: Time) -> None:
    async with ArxivServer(share(0.4)) as server:
        few = await draw_papers(source(server, tmp_path, time), 7, params(n=5))
        many = await draw_papers(source(server, tmp_path, time), 7, params(n=12))
    assert many.draw[:5] == few.draw and len(many.draw) == 12


async def test_golden_ids_of_a_seed(tmp_path: Path, time: Time) -> None:
    async with ArxivServer(share(0.4)) as server:
        drawn = await draw_papers(source(server, tmp_path, time), 1, params(n=3))
    assert [paper["id"] for paper in drawn.draw] == GOLDEN_IDS


GOLDEN_IDS = ["2601.06419v1", "2601.17929v1", "2601.24766v1"]


# -- categories and old months


async def test_a_common_category_is_met_by_ids(tmp_path: Path, time: Time) -> None:
    async with ArxivServer(share(0.67)) as server:
        drawn = await draw_papers(source(server, tmp_path, time), 1, params(category="cs.AI"))
    assert drawn.meta["method"] == "ids"
    assert len(drawn.draw) == 10
    assert {paper["primary_category"] for paper in drawn.draw} == {"cs.AI"}
    assert len(server.requests) <= 3


async def test_a_rare_category_is_listed_whole(tmp_path: Path, time: Time) -> None:
    async with ArxivServer(share(0.6), last=30_000) as server:
        drawn = await draw_papers(source(server, tmp_path, time), 1, params(category="math.LO"))
    assert drawn.meta["method"] == "listed"
    assert len(drawn.draw) == 10
    assert all(paper["id"].startswith("2601.") for paper in drawn.draw)
    assert all("math.LO" in paper["categories"] for paper in drawn.draw)


async def test_old_months_have_archives_in_their_ids(tmp_path: Path, time: Time) -> None:
    there = share(0.8)
    async with ArxivServer(
        lambda base: base.startswith(("hep-th/", "astro-ph/")) and there(base)
    ) as server:
        drawn = await draw_papers(source(server, tmp_path, time), 1, params(month="1999-03", n=5))
    assert len(drawn.draw) == 5
    assert all(paper["id"].partition("/")[2].startswith("9903") for paper in drawn.draw)


async def test_a_month_without_papers_is_said(tmp_path: Path, time: Time) -> None:
    async with ArxivServer(lambda base: False) as server:
        with pytest.raises(AgentdeckError, match="no papers of 2026-01"):
            await draw_papers(source(server, tmp_path, time), 1, params())


# -- uniformity


MONTH = Month(2026, 1)


@cache
def _numbered() -> tuple[str, ...]:
    """The month fills only a part of the numbers up to the bound, as a real one does."""
    return tuple(nth_ids(MONTH, range(1, 35_001)))


@cache
def _existing(rate: float) -> frozenset[str]:
    return frozenset(filter(share(rate, "chi"), _numbered()))


_kind = cache(category_of)


@pytest.mark.parametrize("rate", [0.7, 0.4, 0.1])
@pytest.mark.parametrize("category", ["", "cs.AI", "math.LO"])
async def test_a_months_draw_is_uniform(rate: float, category: str, tmp_path: Path) -> None:
    """Chi-square over 20 equal slices of the month's existing papers, 400 draws of 5."""
    from sessions.priming.arxiv.feed import Feed
    from sessions.priming.arxiv.papers import Paper
    from sessions.priming.arxiv.sample import draw_sample
    from sessions.priming.rng import Stream

    existing = _existing(rate)
    wanted = [b for b in sorted(existing) if category in ("", _kind(b))]
    slot = {base: index * 20 // len(wanted) for index, base in enumerate(wanted)}

    @cache
    def paper(base: str) -> Paper:
        return Paper(f"{base}v1", "t", (), "abstract", _kind(base), (_kind(base),), "")

    async def ask(query: ArxivQuery) -> Feed:
        if query.ids:
            found = [b for b in (text[:-2] for text in query.ids) if b in existing]
            found = [b for b in found if category in ("", _kind(b))]
        else:
            found = wanted
        page = found[query.start : query.start + query.max_results]
        return Feed(tuple(paper(b) for b in reversed(page)), len(found))

    counts = [0] * 20
    for seed in range(400):
        sample = await draw_sample(ask, Stream("t", seed, {"rate": rate}), MONTH, category, 5)
        assert len(sample.papers) == 5 and len({p.id for p in sample.papers}) == 5
        for drawn in sample.papers:
            counts[slot[drawn.base]] += 1
    sizes = Counter(slot.values())
    expected = [sum(counts) * sizes[index] / len(wanted) for index in range(20)]
    chi_square = sum((c - e) ** 2 / e for c, e in zip(counts, expected, strict=True))
    # 19 degrees of freedom: 43.8 has p = 0.001. Seeds are fixed, so this can't flake.
    assert chi_square < 43.8, counts


# -- ids


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2601.03220v1", ("2601.03220", 1)),
        ("0704.0001", ("0704.0001", 0)),
        ("hep-th/9901001v2", ("hep-th/9901001", 2)),
        ("math.GT/0309136", ("math/0309136", 0)),
        ("2601.032201", None),
        ("9901001", None),
        ("hep-th/2601.03220", None),
        ("../../etc/passwd", None),
        ("2601.03220v0", None),
    ],
)
def test_ids(text: str, expected: tuple[str, int] | None) -> None:
    assert split_id(text) == expected


def test_ids_are_found_in_prose() -> None:
    text = "As 2601.03220v1 and [hep-th/9901001] say, not 3.14159 nor 12601.03220; 2601.03220v1."
    assert ids_in(text) == ["2601.03220v1", "hep-th/9901001"]


def test_months_are_read_and_refused() -> None:
    from datetime import date

    today = date(2026, 1, 15)
    assert str(read_month("", today)) == "2025-12"
    assert str(read_month("2026-01", today)) == "2026-01"
    for wrong in ("2026-13", "2026-1", "1991-06", "2026-02", "jan"):
        with pytest.raises(UsageError):
            read_month(wrong, today)
    assert nth_ids(Month(2014, 12), [5]) == ["1412.0005"]
    assert nth_ids(Month(2015, 1), [5]) == ["1501.00005"]
    assert nth_ids(Month(2001, 1), [1000]) == ["adap-org/0101001"]


def test_categories_are_read_and_refused() -> None:
    for good in ("cs.AI", "hep-th", "math.*", "cond-mat.str-el", ""):
        assert read_category(good) == good
    for wrong in ("cs.AI OR all:x", "CS", "a b", "x" * 40):
        with pytest.raises(UsageError):
            read_category(wrong)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", 0),
        ("5", 5),
        ("999999999999", 86_400),
        ("Wed, 01 Jan 2020 00:00:00 GMT", 0),
        ("x", 0),
        ("inf", 0),
        ("-3", 0),
    ],
)
def test_retry_after(header: str, seconds: float) -> None:
    assert seconds_of({"retry-after": header}) == seconds


async def test_an_answer_of_today_is_not_asked_for_again(tmp_path: Path, time: Time) -> None:
    async with ArxivServer() as server:
        gate, store = RateLimiter(tmp_path, 0.0), PaperStore(tmp_path, time)
        for _ in range(2):
            async with ArxivClient(server.url, gate, store) as client:
                found = await client.ask(ArxivQuery(("2601.00001v1",), max_results=1))
                assert [paper.id for paper in found.papers] == ["2601.00001v1"]
    assert len(server.requests) == 1


async def test_a_wrong_address_is_said(tmp_path: Path, time: Time) -> None:
    async with ArxivServer() as server:
        server.faults = [Answer(404, b"<html>Not Found</html>", "text/html")]
        async with ArxivClient(
            server.url, RateLimiter(tmp_path, 0.0), PaperStore(tmp_path, time)
        ) as client:
            with pytest.raises(Unreachable, match="no arXiv API"):
                await client.ask(ArxivQuery(("2601.00001v1",), max_results=1))


# -- the real captures, where they are


@pytest.mark.skipif(REAL is None, reason="no captures here")
@pytest.mark.parametrize(
    ("name", "count", "first", "error"),
    [
        ("n03-partial-idlist-1-of-2.xml", 1, "1707.08567v1", ""),
        ("n04-single.xml", 1, "1605.08386v1", ""),
        ("n07-error-400-bad-id.xml", 0, "", "incorrect id format for abc"),
        ("n10-search-100.xml", 100, "2202.12139v1", ""),
        ("o02-search-2-2025-10.xml", 2, "2510.14968v1", ""),
    ],
)
def test_real_captures_are_read(name: str, count: int, first: str, error: str) -> None:
    assert REAL is not None
    found = read_feed((REAL / name).read_bytes())
    assert len(found.papers) == count and found.error == error
    if first:
        paper = found.papers[0]
        assert paper.id == first and paper.title and paper.abstract and paper.authors
        assert paper.primary_category and "\n" not in paper.title + paper.abstract


@pytest.mark.skipif(REAL is None, reason="no captures here")
def test_the_real_refusal_is_no_feed() -> None:
    assert REAL is not None
    with pytest.raises(NotAFeed, match="Rate exceeded"):
        read_feed((REAL / "p01-rate-exceeded-429.txt").read_bytes())


def test_the_shipped_sample_is_real_and_whole() -> None:
    papers = bundled()
    assert len(papers) >= 40
    assert all(split_id(paper.id) and paper.usable and paper.authors for paper in papers)
    assert len({paper.primary_category for paper in papers}) >= 20
