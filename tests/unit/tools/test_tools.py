"""Questions, and how a toolbox checks, runs and caps calls."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sessions.record import events as ev
from sessions.record import forms
from sessions.tools import schema
from sessions.tools.base import CallContext, Outcome, Verdict, define
from sessions.tools.state import ToolOptions
from sessions.tools.toolbox import Toolbox
from tests.support.toolhost import Desk, say


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, mode="edit", answer=say("once"))


# -- questions


QUESTION = {
    "question": "Which?",
    "options": [{"label": "Red"}, {"label": "Blue", "description": "the sky"}],
}


@pytest.mark.parametrize(
    ("decision", "reason", "several", "expected"),
    [
        ("choice-2", "", False, "Which?\nBlue"),
        ("choice-1,choice-2", "", True, "Which?\nRed, Blue"),
        ("choice-1,choice-2", "", False, "Which?\nRed"),
        ("other", "Green", False, "Which?\nGreen"),
        ("no", "", False, "Which?\nThe user gave no answer."),
        ("cancelled", "", False, "Which?\nThe user gave no answer."),
    ],
)
async def test_question(
    desk: Desk, decision: str, reason: str, several: bool, expected: str
) -> None:
    desk.host.answer = say(decision, reason)
    result = await desk.use("AskUserQuestion", questions=[QUESTION | {"multiSelect": several}])
    assert result.content == expected
    asked = desk.host.asked[0]
    assert asked.detail_kind == "question"
    assert [o["name"] for o in asked.options[:2]] == ["Red", "Blue"]


@pytest.mark.parametrize(
    ("entered", "several", "expected"),
    [
        ({"said": "Green"}, False, "Which?\nGreen"),
        ({"chosen": ["Red", "Blue"], "said": "or both"}, True, "Which?\nRed, Blue: or both"),
        ({"chosen": "Blue"}, False, "Which?\nBlue"),
        ({}, False, "Which?\nThe user gave no answer."),
    ],
)
async def test_a_question_answered_by_its_form(
    desk: Desk, entered: ev.JSON, several: bool, expected: str
) -> None:
    desk.host.answer, desk.host.entered = say("other"), entered
    result = await desk.use("AskUserQuestion", questions=[QUESTION | {"multiSelect": several}])
    assert result.content == expected
    assert not forms.faults(desk.host.asked[0].form, entered)


# -- the toolbox


WRONG = [
    ("Read", {}, "`file_path` is missing"),
    ("Read", {"file_path": 3}, "must be a string, not 3"),
    ("Read", {"file_path": "a", "ofset": 1}, "Did you mean `offset`?"),
    ("Read", {"file_path": "a", "limit": 0}, "at least 1"),
    ("Read", {"file_path": "a", "limit": True}, "must be an integer"),
    ("Edit", {"file_path": "a", "old_string": "b"}, "`new_string` is missing"),
    ("MultiEdit", {"file_path": "a", "edits": []}, "at least 1"),
    ("MultiEdit", {"file_path": "a", "edits": [{"old_string": "x"}]}, "`edits[0].new_string`"),
    ("Grep", {"pattern": "x", "output_mode": "lines"}, "must be one of"),
    ("Bash", {"command": ["ls"]}, "must be a string"),
    ("bash", {"command": "ls"}, "There is no tool 'bash'"),
    ("Glob", {"pattern": ""}, "must not be empty"),
]


@pytest.mark.parametrize(("name", "args", "says"), WRONG)
async def test_wrong_arguments_go_back_to_the_model(
    desk: Desk, name: str, args: dict[str, object], says: str
) -> None:
    result = await desk.use(name, **args)
    assert result.status == "error"
    assert says in result.content
    assert not desk.host.asked


async def test_nulls_for_what_is_left_out_are_taken(desk: Desk) -> None:
    (desk.ws / "a").write_text("x")
    assert (await desk.use("Read", file_path="a", offset=None)).status == "ok"


def test_schema_survives_deep_nesting() -> None:
    value: object = 1
    kind: dict[str, object] = {"type": "integer"}
    for _ in range(200):
        value, kind = [value], {"type": "array", "items": kind}
    assert schema.check(value, kind)


def test_definitions_do_not_change(desk: Desk) -> None:
    first = desk.box.definitions()
    first[0]["name"] = "spoilt"
    assert desk.box.definitions()[0]["name"] == "Read"
    assert desk.box.definitions() == desk.box.definitions()
    assert [d["name"] for d in desk.box.definitions()] == [
        "Read", "Write", "Edit", "MultiEdit", "LS", "Glob", "Grep", "Bash", "BashOutput",
        "KillBash", "AskUserQuestion",
    ]  # fmt: skip


async def test_result_is_capped_with_a_pointer_to_the_rest(tmp_path: Path) -> None:
    desk = Desk(tmp_path, mode="edit", options=ToolOptions(result_tokens=200))
    (desk.ws / "a").write_text("".join(f"line {n}\n" for n in range(1000)))
    result = await desk.use("Read", file_path="a")
    assert result.truncated
    assert len(result.content) < 1500
    assert str(desk.files / result.path) in result.content
    assert "line 500" in (desk.files / result.path).read_text()


class Meeting:
    """A tool whose calls wait for each other: it ends only if they run at the same time."""

    name = "Meet"
    definition = define("Meet", "Meet.", {"on": {"type": "string"}, "write": {"type": "boolean"}})

    def __init__(self, count: int) -> None:
        self.barrier = asyncio.Barrier(count)
        self.running = 0
        self.most = 0

    def touches(self, args: ev.JSON, ctx: CallContext) -> tuple[frozenset[str], bool]:
        return frozenset({args["on"]}), bool(args.get("write"))

    async def permission(self, args: ev.JSON, ctx: CallContext) -> Verdict:
        return Verdict("allow", quiet=True)

    async def run(self, args: ev.JSON, ctx: CallContext) -> Outcome:
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            async with asyncio.timeout(60):
                await self.barrier.wait()
        finally:
            self.running -= 1
        return Outcome("met")


async def test_calls_that_touch_different_things_run_at_once(desk: Desk) -> None:
    tool = Meeting(3)
    box = Toolbox(desk.box.state, [tool])
    calls = [desk.call("Meet", on=str(n), write=True) for n in range(3)]
    assert [r.content for r in await box.run(calls, desk.host)] == ["met"] * 3


async def test_reads_of_one_thing_run_at_once(desk: Desk) -> None:
    tool = Meeting(3)
    box = Toolbox(desk.box.state, [tool])
    calls = [desk.call("Meet", on="x") for _ in range(3)]
    assert [r.content for r in await box.run(calls, desk.host)] == ["met"] * 3


async def test_writes_to_one_thing_run_one_after_the_other(desk: Desk) -> None:
    tool = Meeting(1)
    box = Toolbox(desk.box.state, [tool])
    await box.run([desk.call("Meet", on="x", write=True) for _ in range(3)], desk.host)
    assert tool.most == 1


async def test_edits_of_one_file_in_one_answer_are_all_made(desk: Desk) -> None:
    (desk.ws / "a").write_text("".join(f"<{n}>" for n in range(20)))
    calls = [
        desk.call("Edit", file_path="a", old_string=f"<{n}>", new_string=f"[{n}]")
        for n in range(20)
    ]
    results = await desk.box.run(calls, desk.host)
    assert {r.status for r in results} == {"ok"}
    assert [r.call for r in results] == [c.call for c in calls]
    assert (desk.ws / "a").read_text() == "".join(f"[{n}]" for n in range(20))


async def test_one_failing_call_does_not_stop_the_others(desk: Desk) -> None:
    (desk.ws / "a").write_text("x")
    calls = [desk.call("Nope"), desk.call("Read", file_path="a"), desk.call("Read")]
    results = await desk.box.run(calls, desk.host)
    assert [r.status for r in results] == ["error", "ok", "error"]


async def test_interrupt_answers_every_open_call(desk: Desk) -> None:
    """A request that waits, and calls that wait for it: each gets its result."""
    desk.host.answer = None
    calls = [desk.call("Bash", command="ls"), desk.call("Bash", command="pwd")]
    task = asyncio.create_task(desk.box.run(calls, desk.host))
    await desk.host.until(lambda: bool(desk.host.asked))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    results = desk.host.of(ev.ToolResult)
    assert sorted(r.call for r in results) == ["c1", "c2"]
    assert {r.status for r in results} == {"cancelled"}


async def test_a_request_never_times_out_into_a_yes(desk: Desk) -> None:
    desk.host.answer = say("cancelled")
    assert (await desk.bash("touch made")).status == "denied"
    assert not (desk.ws / "made").exists()


@pytest.mark.parametrize("decision", ["yes", "", "allow", "always-prefix", "y", "once "])
async def test_an_answer_that_was_not_offered_is_no(desk: Desk, decision: str) -> None:
    desk.host.answer = say(decision)
    assert (await desk.bash("touch made; true")).status == "denied"
    assert not (desk.ws / "made").exists()
