"""A session that left something that ran is said so once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sessions.engine.commands import load_commands
from tests.support.messages_server import Request, Step, call, say
from tests.support.nativerig import NativeRig
from tests.support.rig import until

SCRIPT = "print(sum(range(10)))\n"


def worker(request: Request) -> list[Step]:
    """Writes a script, runs it, says so."""
    told = str(request.body["messages"])
    if "tide" in told:
        return say("It is a gate that the tide closes. Shall we make it a skill?")
    if "script" not in told:
        return say("Nothing to do.")
    if not request.results:
        return call("Write", {"file_path": "total.py", "content": SCRIPT}, f"w{len(told)}")
    if told.count("'tool_result'") % 2:
        return call("Bash", {"command": "python3 total.py"}, f"b{len(told)}")
    return say("It ran.")


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[NativeRig]:
    async with NativeRig.answering(tmp_path, worker, permission="full") as rig:
        yield rig


async def test_talk_alone_is_never_suggested(rig: NativeRig) -> None:
    session = await rig.session()
    await rig.turn(session, "hello")
    assert not rig.deck.features.harvests._tasks
    assert await load_commands()["harvest.suggestion"](rig.deck, session=session.id) == ""


async def test_a_script_that_ran_is_suggested_once_and_can_be_dismissed(rig: NativeRig) -> None:
    session = await rig.deck.create(cwd=str(rig.root / "work"), confirmed_full=True)
    for _ in range(2):
        await rig.turn(session, "write a script and run it")
    harvests = rig.deck.features.harvests
    await until(lambda: not harvests._tasks)
    told = [n for n in rig.listener.notices if n["kind"] == "harvest"]
    assert len(told) == 1 and "total.py" in told[0]["message"]
    suggestion = load_commands()["harvest.suggestion"]
    assert "total.py" in await suggestion(rig.deck, session=session.id)
    await suggestion(rig.deck, session=session.id, dismiss=True)
    assert await suggestion(rig.deck, session=session.id) == ""


async def test_yes_to_a_model_that_proposes_a_skill_makes_its_draft(rig: NativeRig) -> None:
    session = await rig.session()
    await rig.turn(session, "hello")
    await rig.turn(session, "yes")
    names = load_commands()["harvest.drafts"]
    assert await names(rig.deck) == [], "nobody had proposed one"
    await rig.turn(session, "What is a tide gate?")
    await rig.turn(session, "Yes, please!")
    (name,) = await names(rig.deck)
    (told,) = [n for n in rig.listener.notices if n["kind"] == "harvest"]
    assert name in told["message"]
    assert "has made a draft of the skill" in str(rig.server.requests[-1].body["messages"][-1])
