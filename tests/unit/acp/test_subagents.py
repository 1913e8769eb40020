"""An agent's sub-agents are sessions of their own: in the list, openable, led by the agent."""

from __future__ import annotations

import pytest

from sessions.errors import UsageError
from sessions.importers.deck_sessions import own_sessions
from sessions.record import events as ev
from sessions.record.summary import Summary
from sessions.runtime.session import Session
from tests.support.deckrig import Rig
from tests.support.nativerig import text_of
from tests.support.rig import until
from tests.unit.acp.test_steering import Make, make

__all__ = ["make"]


async def children(rig: Rig) -> dict[str, Summary]:
    """The sessions that belong to others, by their titles."""
    return {s.title: s for s in await rig.deck.all_summaries() if s.parent}


async def delegated(rig: Rig) -> Session:
    """A session whose agent has had a scout, which had an aide."""
    session = await rig.session()
    await session.send("delegate")
    await until(lambda: bool(session.summary.asks))
    await session.answer(session.summary.asks[0]["ask"], "yes")
    await rig.idle(session)
    return session


async def at_work(rig: Rig) -> tuple[Session, Session]:
    """A session whose turn is over, and that of its sub-agent, which works on behind it."""
    session = await rig.session()
    await session.send("crew")
    await rig.idle(session)
    (mate,) = (await children(rig)).values()
    return session, await rig.deck.get(mate.id)


async def test_a_sub_agent_is_a_session_with_what_it_was_told_said_and_did(make: Make) -> None:
    rig = await make()
    session = await delegated(rig)
    found = await children(rig)
    assert set(found) == {"Scout", "Scout › Aide"}
    scout, aide = found["Scout"], found["Scout › Aide"]
    row = next(e for e in session.journal.events() if isinstance(e, ev.ToolCall))
    assert scout.parent == {"id": session.id, "seq": 0, "call": row.call, "by": "agent"}
    assert aide.parent is not None and aide.parent["id"] == scout.id
    await until(lambda: scout.id not in rig.deck.sessions)
    opened = await rig.deck.get(scout.id)
    events = [*opened.journal.events()]
    assert [e.text for e in events if isinstance(e, ev.UserMessage)] == ["Scout for it"]
    assert text_of(opened) == "I lookFound it."
    calls = [(e.title, e.turn) for e in events if isinstance(e, ev.ToolCall)]
    assert calls == [("Read a.txt", 1), ("Run ls", 1)]
    assert opened.summary.closed and opened.summary.status == "done"
    results = [e for e in session.journal.events() if isinstance(e, ev.ToolResult)]
    assert {e.data.get("session") for e in results} >= {scout.id, aide.id}
    own = own_sessions(rig.deck.places)
    assert own["child"] == scout.id, "an import knows it as one of the deck's own"
    with pytest.raises(UsageError, match="leads this session itself"):
        await opened.send("and you?")


async def test_one_that_works_on_behind_the_turn_is_ended_alone(make: Make) -> None:
    rig = await make()
    session, led = await at_work(rig)
    await until(lambda: text_of(led) == "I dig on ")
    assert led.summary.status == "working" and not led.summary.closed
    await led.interrupt()
    await until(lambda: led.summary.closed)
    ended = [e.reason for e in led.journal.events() if isinstance(e, ev.TurnEnded)]
    assert ended == ["interrupted"] and session.summary.status == "done"


async def test_one_that_is_told_more_goes_on_in_its_session(make: Make) -> None:
    rig = await make()
    session = await rig.session()
    for _ in range(2):
        await session.send("crew")
        await rig.idle(session)
        await session.send("crew end")
        await rig.idle(session)
    (mate,) = (await children(rig)).values()
    await until(lambda: mate.id not in rig.deck.sessions)
    led = await rig.deck.get(mate.id)
    assert [e.turn for e in led.journal.events() if isinstance(e, ev.TurnEnded)] == [1, 2]


async def test_one_whose_agent_is_gone_works_no_more(make: Make) -> None:
    rig = await make()
    _, led = await at_work(rig)
    assert led.summary.status == "working"
    backend = rig.deck.backend("scripted")
    assert backend.restart() is False, "it works"  # type: ignore[attr-defined]
    backend._end()  # type: ignore[attr-defined]
    await until(lambda: led.summary.closed)
    assert [e.detail for e in led.journal.events() if isinstance(e, ev.TurnEnded)] == [
        "The agent that led this session has gone."
    ]
