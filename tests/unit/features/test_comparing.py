"""Blind comparisons in a live deck: nothing told before the last verdict, everything after it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sessions.api.priming import PrimingJudged
from sessions.backends import throttle
from sessions.engine.commands import load_commands
from sessions.errors import NotFound, UsageError
from sessions.record import events as ev
from sessions.runtime.session import Session
from tests.support.messages_server import MessagesServer, Request, Step, say
from tests.support.nativerig import NativeRig, of_type

IDEAS = {"plain": "plain thought number", "sham": "sham thought number", "primed": "wild thought"}


def arms(request: Request) -> list[Step]:
    """Answers each arm with its own marked ideas, so that a test can tell them apart."""
    text = request.last_text
    if "come to your mind first" in text:
        item = {"id": "t1", "source": "", "term": "caching", "gloss": "keep it", "why": "fast"}
        return say(json.dumps({"items": [item, {**item, "id": "t2", "term": "batching"}]}))
    if "Rewrite it as" in text:
        arm = next((a for a, words in IDEAS.items() if words in text), "plain")
        return say(json.dumps({"ideas": [f"{IDEAS[arm]} {n} here" for n in range(1, 6)]}))
    if "Two lists of ideas" in text:
        return say("1")
    if "sluice" in text:
        return say("\n".join(f"The {IDEAS['primed']} {n} is here." for n in range(5)))
    if "caching" in text:
        return say("\n".join(f"The {IDEAS['sham']} {n} is here." for n in range(5)))
    return say("\n".join(f"The {IDEAS['plain']} {n} is here." for n in range(5)))


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[NativeRig]:
    throttle._GATES.clear()
    async with MessagesServer(arms) as server:
        rig = await NativeRig.make(
            tmp_path,
            server,
            extra=(
                f'[backends.other]\ntype = "anthropic"\nbase_url = "{server.url}"\nmodel = "other"'
            ),
        )
        yield rig
        await rig.close()


async def begun(rig: NativeRig) -> tuple[Session, PrimingJudged]:
    """A session with a question, and a comparison over two of its terms."""
    session = await rig.session()
    await rig.turn(session, "How shall we store tides?")
    primings = rig.deck.features.primings
    drawn = await primings.draw(session, "terms", {"terms": ["sluice", "weir"]}, seed=1)
    items = [item.to_json() for item in await primings.raw(session, drawn.id)]
    compare = load_commands()["priming.compare"]
    return session, await compare(rig.deck, session=session.id, id=drawn.id, items=items)


async def test_arms_are_told_only_after_the_last_verdict(rig: NativeRig) -> None:
    session, told = await begun(rig)
    judge = load_commands()["priming.judge"]
    assert told["of"] == 4 and told["given"] == 0
    while not told["done"]:
        assert not {"outcomes", "showings", "ideas"} & told.keys()
        wild = "first" if "wild" in told["first"][0] else "second"
        both = {"wild" in told["first"][0], "wild" in told["second"][0]}
        assert both == {True, False}, "each showing has the primed arm on one side"
        told = await judge(rig.deck, id=told["id"], answer=wild)
    assert told["outcomes"] == {"plain": "win", "sham": "win"}
    assert all("not enough to tell" in line for line in told["ledger"]["says"])
    (compared,) = of_type(session, ev.PrimingCompared)
    assert compared.outcomes == told["outcomes"] and compared.record["replies"]
    facts = compared.record["facts"]
    assert facts["facets"] == {"kind": "terms"} and facts["model"] == session.summary.model
    assert (facts["taken"], facts["of"]) == (0, 2), "the reply took up neither term"
    assert told["ledger"]["facets"][0].startswith("terms: 1 win, 0 ties, 0 losses against sham")
    known = await load_commands()["priming.known"](rig.deck, session=session.id)
    assert known["suggested"] == "" and "the most: 1" in known["says"]
    assert set(known["measured"]) == {"acronym", "names", "names ordinary", "arxiv", "terms"}
    assert all(said.startswith("not measured on") for said in known["measured"].values())
    # The forks left nothing in the session: one turn, the user's own.
    assert [m.origin for m in of_type(session, ev.UserMessage)] == ["typed"]


async def test_a_preference_for_a_side_is_a_tie(rig: NativeRig) -> None:
    _, told = await begun(rig)
    judge = load_commands()["priming.judge"]
    while not told["done"]:
        told = await judge(rig.deck, id=told["id"], answer="first")
    assert told["outcomes"] == {"plain": "tie", "sham": "tie"}


async def test_an_unfinished_comparison_is_there_after_the_engine_restarts(rig: NativeRig) -> None:
    from sessions.features.comparing import Comparisons

    session, told = await begun(rig)
    comparisons = rig.deck.features.comparisons
    await comparisons.judge(told["id"], "tie")
    again = Comparisons(rig.deck, rig.deck.features.primings)
    assert again.waiting() == [{"id": told["id"], "session": session.id, "left": 3}]
    assert again.resume(told["id"])["given"] == 1


async def test_a_model_of_another_backend_judges_after_the_user(rig: NativeRig) -> None:
    session, told = await begun(rig)
    comparisons = rig.deck.features.comparisons
    with pytest.raises(UsageError, match="user judges first"):
        await comparisons.by_model(told["id"], "other")
    while not told["done"]:
        told = await comparisons.judge(told["id"], "tie")
    with pytest.raises(UsageError, match="favours its own"):
        await comparisons.by_model(told["id"], session.summary.backend)
    judged = await comparisons.by_model(told["id"], "other")
    assert judged["judge"] == "other" and judged["ledger"]["comparisons"] == 1
    assert [e.judge for e in of_type(session, ev.PrimingCompared)] == ["user", "other"]


async def test_a_priming_that_is_in_the_session_is_not_compared(rig: NativeRig) -> None:
    session, _ = await begun(rig)
    primings = rig.deck.features.primings
    past = primings.of(session).past()[-1]
    items = [item.to_json() for item in await primings.raw(session, past.draw.id)]
    await primings.inject(session, past.draw.id, items)
    compare = load_commands()["priming.compare"]
    with pytest.raises(UsageError, match="in the session already"):
        await compare(rig.deck, session=session.id, id=past.draw.id, items=items)


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "nothing", "x" * 500])
async def test_an_unknown_comparison_is_said(rig: NativeRig, key: str) -> None:
    with pytest.raises(NotFound):
        rig.deck.features.comparisons.resume(key)
