"""Priming on live sessions: drawn, read, injected, measured, and replayed from the journal."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sessions.errors import UsageError
from sessions.features.priming import Wishes
from sessions.priming import record
from sessions.record import events as ev
from tests.support.messages_server import Request, Step, say
from tests.support.nativerig import NativeRig, of_type, text_of
from tests.support.rig import until


def reader(request: Request) -> list[Step]:
    """Reads the first letter sets of a draw as JSON; answers everything else in prose."""
    text = request.last_text
    if "Letter sets" in text or "letter sets" in text:
        sets = [w for w in text.split() if len(w) == 4 and w.isalpha() and w.isupper()][:3]
        items = [
            {
                "id": f"a{n}",
                "source": s,
                "term": " ".join(f"{c}{'abcdefgh'[n:]}" for c in s),
                "gloss": "a mechanism",
                "why": "it bears on this",
                "leap": 4,
                "p": 0.1 * n,
            }
            for n, s in enumerate(sets)
        ]
        return say(json.dumps({"items": items, "skipped": []}))
    return say("percolation quorum hysteresis lattice " * 20)


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[NativeRig]:
    async with NativeRig.answering(tmp_path, reader) as rig:
        yield rig


async def test_a_priming_from_draw_to_gauge_and_back_from_the_journal(rig: NativeRig) -> None:
    session = await rig.session()
    await rig.turn(session, "How shall we store tides?")
    primings = rig.deck.features.primings
    drawn = await primings.draw(session, "acronym", {"count": 20}, seed=7)
    found = await primings.expand(session, drawn.id, Wishes())
    assert found.items and found.how == "json"
    question = rig.server.asked[-1].body
    assert "tools" not in question
    assert "How shall we store tides?" in json.dumps(question["messages"])
    chosen = [item.to_json() for item in found.items[:2]]
    preview = primings.preview(session, drawn.id, chosen)
    assert preview["tokens"] > 20
    sent = await primings.inject(session, drawn.id, chosen)
    await until(lambda: not session.working)
    assert sent["turn"] == 2
    rejected = found.items[-1].term
    told = json.dumps([r.body["messages"] for r in rig.server.asked if "tools" in r.body])
    assert found.items[0].term in told and rejected not in told
    message = of_type(session, ev.UserMessage)[-1]
    assert message.origin == "priming" and "seed 7" in message.text
    measured = of_type(session, ev.PrimingMeasured)
    assert measured and measured[-1].gauge["uptake"]["of"] == 2
    (past,) = record.replay(session.journal.events())
    again = await primings.draw(session, "acronym", {"count": 20}, seed=past.draw.seed)
    assert again.draw == drawn.draw


async def test_a_busy_session_queues_the_injection(rig: NativeRig) -> None:
    session = await rig.session()
    primings = rig.deck.features.primings
    drawn = await primings.draw(session, "terms", {"terms": ["tide", "gate"]}, seed=1)
    items = [item.to_json() for item in await primings.raw(session, drawn.id)]
    await session.send("something first")
    sent = await primings.inject(session, drawn.id, items)
    assert "queued" in sent
    await until(lambda: session.summary.turns == 2 and not session.working)
    assert of_type(session, ev.UserMessage)[1].origin == "priming"


async def test_it_is_told_who_chose(rig: NativeRig) -> None:
    session = await rig.session()
    primings = rig.deck.features.primings
    drawn = await primings.draw(session, "acronym", {"count": 20}, seed=7)
    found = await primings.expand(session, drawn.id, Wishes())
    ticked = [item.to_json() for item in found.items if item.checked]
    assert ticked
    rest = [i.to_json() for i in found.items if not i.checked]
    other = [*ticked[1:], *rest[:1]] if rest else ticked[1:]
    edited = [{**ticked[0], "term": "Tide gate", "edited": True}, *ticked[1:]]
    for chosen, by, words in (
        (ticked, "deck", "ticked by agentdeck, sent by the user"),
        (other, "user", "chosen by the user"),
        (edited, "user", "chosen by the user"),
    ):
        assert words in primings.preview(session, drawn.id, chosen)["text"]
        await primings.inject(session, drawn.id, chosen)
        assert of_type(session, ev.PrimingInjected)[-1].by == by
    assert [by for *_, by in primings.of(session).find(drawn.id).injected] == [
        "deck",
        "user",
        "user",
    ]


async def test_nothing_chosen_is_refused(rig: NativeRig) -> None:
    session = await rig.session()
    primings = rig.deck.features.primings
    drawn = await primings.draw(session, "names", {}, seed=1)
    with pytest.raises(UsageError, match="Nothing was chosen"):
        await primings.inject(session, drawn.id, [])


async def test_a_priming_named_on_the_command_line_goes_with_the_prompt(rig: NativeRig) -> None:
    from sessions.engine.commands import load_commands

    session = await rig.session()
    commands = load_commands()
    await commands["priming.run"](rig.deck, session=session.id, wanted="acronym:count=10,seed=3")
    await rig.turn(session, "And now?")
    message = of_type(session, ev.UserMessage)[0]
    assert message.text == "And now?" and message.notes[0]["kind"] == "priming"
    assert "seed 3" in json.dumps(rig.server.asked[-1].body["messages"])
    injected = of_type(session, ev.PrimingInjected)[0]
    assert injected.turn == 1 and injected.by == "nobody"
    assert "taken by agentdeck, with nobody there" in str(message.notes[0]["text"])
    assert "by the user" not in str(message.notes[0]["text"])
    assert text_of(session).startswith("percolation")


async def test_one_draw_is_dealt_over_several_sessions(rig: NativeRig) -> None:
    from sessions.engine.commands import load_commands

    sessions = [await rig.session() for _ in range(3)]
    primings = rig.deck.features.primings
    words = {"terms": ["tide", "gate", "lock", "sluice", "weir", "dam"]}
    drawn = await primings.draw(sessions[0], "terms", words, seed=1)
    items = [item.to_json() for item in await primings.raw(sessions[0], drawn.id)]
    spread = load_commands()["priming.spread"]
    ids = [s.id for s in sessions]
    await spread(rig.deck, session=ids[0], id=drawn.id, items=items, sessions=ids)
    await until(lambda: not any(s.working for s in sessions))
    shares = [
        [i["term"] for e in of_type(s, ev.PrimingInjected) for i in e.items] for s in sessions
    ]
    assert sorted(term for share in shares for term in share) == sorted(words["terms"])
    assert all(len(share) == 2 for share in shares)
