"""The paired run of a draft: two fresh sessions, one with the skill, told after the choice."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sessions.engine.commands import load_commands
from sessions.errors import NotFound, UsageError
from sessions.features.paired_runs import SkillPair, decode
from sessions.harvest.pair_ledger import PairLedger
from sessions.record import events as ev
from tests.support.messages_server import (
    Hang,
    MessagesServer,
    Request,
    Step,
    call,
    error,
    say,
    start,
)
from tests.support.nativerig import NativeRig, of_type
from tests.support.rig import until
from tests.support.shapes import answered
from tests.unit.harvest.test_service import worked


def helper(request: Request) -> list[Step]:
    """Uses the skill where it is on offer."""
    tools = json.dumps(request.body.get("tools", []))
    if request.results or '"total"' not in tools:
        return say("Done.")
    return call("skill", {"name": "total"})


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[NativeRig]:
    async with NativeRig.answering(tmp_path, helper) as rig:
        yield rig


def drafted(tmp_path: Path) -> None:
    harvest = worked(tmp_path / "home")
    harvest.create(harvest.worth(harvest.byproducts(["s1"])), "total")


async def decided(rig: NativeRig, name: str, answer: str) -> Any:
    """The next pair, or after the last what came out."""
    told = await answered(rig.deck, "harvest.choose", name=name, answer=answer)
    return told["next"] or told["check"]


async def test_one_of_the_two_has_the_skill_and_the_choice_is_kept(
    rig: NativeRig, tmp_path: Path
) -> None:
    drafted(tmp_path)
    pair = load_commands()["harvest.pair"]
    told = await pair(rig.deck, name="total", begin=True)
    sessions = [await rig.deck.get(side["session"]) for side in told["sides"]]
    await until(lambda: not any(s.working for s in sessions), 60)
    told = await answered(rig.deck, "harvest.pair", name="total")
    assert told["done"] and told["prompt"] == "How can I sum the numbers of a stream?"
    assert "skilled" not in json.dumps(told)
    with_ = [bool(of_type(s, ev.SkillUsed)) for s in sessions]
    assert sorted(with_) == [False, True]
    assert [m.origin for s in sessions for m in of_type(s, ev.UserMessage)] == ["harvest"] * 2
    answer = ("first", "second")[with_.index(True)]
    check = await decided(rig, "total", answer)
    assert check["passed"] is True and "preferred with the skill" in check["detail"]
    drafts = await load_commands()["harvest.check"](rig.deck, name="total")
    assert "pair" in [c["name"] for c in drafts["checks"]]
    with pytest.raises(NotFound):
        await pair(rig.deck, name="total")


async def test_a_skill_that_is_not_better_is_said_plainly(rig: NativeRig, tmp_path: Path) -> None:
    drafted(tmp_path)
    pair = load_commands()["harvest.pair"]
    told = await pair(rig.deck, name="total", begin=True)
    sessions = [await rig.deck.get(side["session"]) for side in told["sides"]]
    await until(lambda: not any(s.working for s in sessions), 60)
    without = [bool(of_type(s, ev.SkillUsed)) for s in sessions].index(False)
    check = await decided(rig, "total", ("first", "second")[without])
    assert check["passed"] is False and "WITHOUT" in check["detail"]


async def test_no_choice_before_both_have_ended(rig: NativeRig, tmp_path: Path) -> None:
    drafted(tmp_path)
    rig.server.script = lambda request: [start(), Hang()]
    pair = load_commands()["harvest.pair"]
    await pair(rig.deck, name="total", begin=True)
    with pytest.raises(UsageError, match="not ended"):
        await decided(rig, "total", "first")


async def test_a_draft_that_no_message_led_to_has_nothing_to_send(
    rig: NativeRig, tmp_path: Path
) -> None:
    from sessions.harvest.byproducts import Found
    from sessions.harvest.service import Harvest

    Harvest(rig.deck.places).create([Found("text", "Always measure before you cut.")], "measure")
    with pytest.raises(UsageError, match="No message"):
        await load_commands()["harvest.pair"](rig.deck, name="measure", begin=True)


async def test_several_prompts_are_judged_one_by_one_and_told_after_the_last(
    rig: NativeRig, tmp_path: Path
) -> None:
    drafted(tmp_path)
    pair = load_commands()["harvest.pair"]
    told = await pair(rig.deck, name="total", begin=True, prompts=["Sum it.", "Add it.", "Sum it."])
    assert told["of"] == 2, "the same prompt is sent once"
    await until(lambda: len(rig.deck.sessions) == 5 and not rig.deck.working, 60)
    told = await pair(rig.deck, name="total")
    given: list[str] = []
    while "detail" not in told:
        assert told["done"] and "skilled" not in json.dumps(told)
        given.append(told["prompt"])
        sessions = [await rig.deck.get(side["session"]) for side in told["sides"]]
        skilled = [bool(of_type(s, ev.SkillUsed)) for s in sessions].index(True)
        told = await decided(rig, "total", ("first", "second")[skilled])
    assert given == ["Sum it.", "Add it."]
    assert told["passed"] is True and told["cost"] == "4 runs of 2 prompts"
    assert "with it preferred in 2 of 2 (34 to 100 %): too few to tell" in told["detail"]


async def test_a_run_that_ended_in_an_error_decides_nothing(rig: NativeRig, tmp_path: Path) -> None:
    drafted(tmp_path)
    assert isinstance(rig.server, MessagesServer)
    rig.server.script = lambda request: (
        [*error("invalid_request_error", status=400)] if request.number else say("Done.")
    )
    pair = load_commands()["harvest.pair"]
    told = await pair(rig.deck, name="total", begin=True)
    sessions = [await rig.deck.get(side["session"]) for side in told["sides"]]
    await until(lambda: not any(s.working for s in sessions), 60)
    told = await pair(rig.deck, name="total")
    assert "error" in [side["reason"] for side in told["sides"]]
    check = await decided(rig, "total", "first")
    assert check["passed"] is None and "not counted" in check["detail"]
    assert PairLedger(rig.deck.places).skills() == {}


async def test_an_installed_skill_is_on_in_one_and_off_in_the_other(
    rig: NativeRig, tmp_path: Path
) -> None:
    pair = load_commands()["harvest.pair"]
    with pytest.raises(UsageError, match="not known what led to"):
        await pair(rig.deck, name="deepen", begin=True)
    told = await pair(rig.deck, name="deepen", begin=True, prompts=["Go."])
    sessions = [await rig.deck.get(side["session"]) for side in told["sides"]]
    on = [rig.deck.features.skills.of(s).states.get("deepen") for s in sessions]
    assert sorted(str(state) for state in on) == ["None", "on"]
    await until(lambda: not rig.deck.working, 60)
    check = await decided(rig, "deepen", "tie")
    assert check["passed"] is None and "0 of 0 (0 to 100 %), 1 alike" in check["detail"]
    rows = (await load_commands()["skills.list"](rig.deck))["rows"]
    (row,) = [row for row in rows if row["name"] == "deepen"]
    assert "1 alike: too few to tell (0 of 6 decided pairs)" in row["measured"]
    with pytest.raises(NotFound):
        await pair(rig.deck, name="nothing-of-that-name", begin=True, prompts=["Go."])


@pytest.mark.parametrize("kept", [b"[]", b'{"pairs": 1}', b'{"pairs": [{"sessions": "a"}]}', b"{"])
def test_a_file_of_pairs_that_was_spoilt_is_told_as_no_run(kept: bytes) -> None:
    with pytest.raises(ValueError):
        decode(kept)


def test_a_run_that_an_older_version_began_is_one_pair() -> None:
    kept = b'{"sessions": ["a", "b"], "skilled": 1, "prompt": "Go on."}'
    assert decode(kept) == [SkillPair(["a", "b"], 1, "Go on.")]
