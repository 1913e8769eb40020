"""Daydreams: off by default, within the budget, the best of a night in the inbox."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sessions.backends import throttle
from sessions.engine.commands import load_commands
from sessions.errors import UsageError
from sessions.record import events as ev
from tests.support.messages_server import MessagesServer, Request, Step, say
from tests.support.nativerig import NativeRig, of_type
from tests.support.rig import until

DREAM = "\n[priming.daydream]\nenabled = true\nidle_minutes = 0.0\nbudget_tokens = 300\n"
NO_NETWORK = '\n[priming.arxiv]\nurl = "http://127.0.0.1:9/none"\nmin_interval_s = 0.0\n'


def dreamer(request: Request) -> list[Step]:
    """Connects, and marks every connection with eights."""
    if "Mark the idea" in request.last_text:
        return say(json.dumps({"novelty": 8, "coherence": 8, "usefulness": 8}))
    if "Two things drawn by chance" in request.last_text:
        return say("Both queue at a narrow place: widen it and measure.")
    return say("An answer.")


@pytest.fixture
async def server() -> AsyncIterator[MessagesServer]:
    throttle._GATES.clear()
    async with MessagesServer(dreamer) as server:
        yield server


async def test_nothing_is_dreamt_unless_it_is_switched_on(
    tmp_path: Path, server: MessagesServer
) -> None:
    rig = await NativeRig.make(tmp_path, server, extra=NO_NETWORK)
    session = await rig.session()
    await rig.turn(session, "How shall we store tides?")
    assert rig.deck.features.daydreams._timer is None
    told = await load_commands()["priming.inbox"](rig.deck)
    assert told == {"enabled": False, "budget_tokens": 50_000, "waiting": []}
    await rig.close()


async def test_an_idle_deck_dreams_until_the_budget_is_spent(
    tmp_path: Path, server: MessagesServer
) -> None:
    rig = await NativeRig.make(tmp_path, server, extra=NO_NETWORK + DREAM)
    session = await rig.session()
    await rig.turn(session, "How shall we store tides?")
    dreams = rig.deck.features.daydreams
    await until(lambda: bool(dreams.inbox.waiting()), 60)
    await until(lambda: dreams._task is not None and dreams._task.done(), 60)
    with pytest.raises(UsageError, match="budget"):
        for _ in range(20):
            await dreams.dream(session)
    (best,) = dreams.inbox.waiting()
    assert best["mean"] == 8.0 and best["receipts"]["draw_seed"] is not None
    assert [n["kind"] for n in rig.listener.notices if n["kind"] == "daydream"] == ["daydream"]
    # Dreaming leaves the session as it is.
    assert len(of_type(session, ev.UserMessage)) == 1
    await rig.close()


async def test_a_daydream_becomes_a_priming_with_its_receipts(
    tmp_path: Path, server: MessagesServer
) -> None:
    rig = await NativeRig.make(tmp_path, server, extra=NO_NETWORK)
    session = await rig.session()
    await rig.turn(session, "How shall we store tides?")
    dreamt = await rig.deck.features.daydreams.dream(session)
    assert dreamt["kept"]
    commands = load_commands()
    told = await commands["priming.wake"](rig.deck, session=session.id, id=dreamt["id"])
    assert "narrow place" in told["items"][0]["gloss"]
    await commands["priming.inject"](
        rig.deck, session=session.id, id=told["id"], items=told["items"]
    )
    await until(lambda: not session.working)
    assert "narrow place" in of_type(session, ev.UserMessage)[-1].text
    drawn = of_type(session, ev.PrimingDrawn)[-1]
    assert drawn.data["meta"]["daydream"]["receipts"] == dreamt["receipts"]
    assert (await commands["priming.inbox"](rig.deck))["waiting"] == []
    await rig.close()
