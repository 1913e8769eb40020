"""How actors begin, and how often what they stream is pulled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from sessions.ids import new_id
from sessions.record import events as ev
from sessions.remote.cluster import start_pace
from sessions.remote.cluster.actor_deck import ActorBody
from sessions.remote.cluster.start_pace import StartPace


async def _turns() -> None:
    """Whatever can go on goes on."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_actors_begin_a_few_at_a_time_in_their_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that needs something else is not kept by them."""
    monkeypatch.setattr(start_pace, "AT_ONCE", 1)
    pace, begun = StartPace(), list[int]()
    ends = [asyncio.Event() for _ in range(5)]

    async def begin(number: int, kind: str = "cpu") -> None:
        async with pace.turn(kind, 2):
            begun.append(number)
            await ends[number].wait()

    begins = [asyncio.ensure_future(begin(n)) for n in range(4)]
    begins.append(asyncio.ensure_future(begin(4, "gpu")))
    await _turns()
    assert begun == [0, 1, 4]
    ends[1].set()
    await _turns()
    assert begun == [0, 1, 4, 2]
    for each in ends:
        each.set()
    await asyncio.gather(*begins)
    assert begun == [0, 1, 4, 2, 3]


async def test_an_actor_that_finds_no_room_lets_the_next_begin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It waits on, beside them."""
    monkeypatch.setattr(start_pace, "AT_ONCE", 1)
    monkeypatch.setattr(start_pace, "GIVES_WAY_S", 0.0)
    pace, waits = StartPace(), asyncio.Event()

    async def begin() -> None:
        async with pace.turn("gpu", 1):
            await waits.wait()

    first = asyncio.ensure_future(begin())
    await _turns()
    async with asyncio.timeout(60), pace.turn("gpu", 1):
        assert not first.done()
    waits.set()
    await first
    assert not pace._places["gpu"].locked() and pace._places["gpu"]._value == 1


def _speaker(monkeypatch: pytest.MonkeyPatch) -> tuple[ActorBody, Callable[[ev.Event], None]]:
    """An actor of one session, and what makes that say something."""
    body = ActorBody({"session": new_id()})
    there = SimpleNamespace(id=body.session, summary=SimpleNamespace(seq=1))
    deck = SimpleNamespace(sessions={body.session: there})

    async def opened() -> Any:
        return deck

    async def after(_: object, known: dict[str, int]) -> dict[str, list[bytes]]:
        new = there.summary.seq - known[body.session]
        await asyncio.sleep(0)  # it is read from the disk
        return {body.session: [b"line"] * new} if new else {}

    monkeypatch.setattr(body, "_deck", deck)
    monkeypatch.setattr(body, "_open", opened)
    monkeypatch.setattr(body, "_after", after)

    def says(event: ev.Event) -> None:
        there.summary.seq += 1
        body.on_event(body.session, event, b"line")

    return body, says


async def test_who_asks_takes_nothing_from_who_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Something is said while one looks; another asks before it waits."""
    body, says = _speaker(monkeypatch)
    news = asyncio.ensure_future(body.news({body.session: 1}, 60))
    await asyncio.sleep(0)
    says(ev.Text(turn=1, text="a"))
    asked = asyncio.ensure_future(body.news({body.session: 2}, 0))
    await _turns()
    assert news.done() and await news == {body.session: [b"line"]}
    assert await asked == {}


async def test_a_stream_is_gathered_until_something_else_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody looks at it: its pieces come together, an end at once."""
    body, says = _speaker(monkeypatch)
    news = asyncio.ensure_future(body.news({body.session: 1}, 60, 60))
    await _turns()
    for word in ("a", "b"):
        says(ev.Text(turn=1, text=word))
        await _turns()
        assert not news.done()
    says(ev.TurnEnded(turn=1, reason="end_turn"))
    assert len((await asyncio.wait_for(news, 60))[body.session]) == 3
    # Somebody looks: each piece at once.
    assert await asyncio.wait_for(body.news({body.session: 1}, 60), 60)
