"""Questions of agents to the user: `elicitation/create`, over the scripted agent's stdio."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sessions.record import events as ev
from tests.support.host import FakeHost
from tests.unit.acp.test_conversation import Make, make, run

__all__ = ["make"]

PORT = {
    "type": "object",
    "properties": {
        "port": {"type": "integer", "title": "Port", "minimum": 1, "maximum": 65535},
        "name": {"type": "string", "description": "of the service"},
    },
    "required": ["port"],
}
PICK = {
    "properties": {
        "question_0": {
            "type": "string",
            "oneOf": [
                {"const": "Red", "title": "Red", "description": "warm"},
                {"const": "Blue", "title": "Blue"},
            ],
        },
        "question_0_custom": {"type": "string", "title": "Other"},
    }
}


def form(schema: Any, message: str = "Which port?", **more: Any) -> str:
    """The scripted agent's order to ask with a form."""
    params = {"mode": "form", "message": message, "requestedSchema": schema, **more}
    return "client " + json.dumps([["elicitation/create", params]])


def say(decision: str, **content: Any) -> Callable[[ev.PermissionAsked], ev.PermissionAnswered]:
    return lambda asked: ev.PermissionAnswered(
        turn=1, call=asked.call, ask=asked.ask, decision=decision, allowed=True, content=content
    )


def answers(host: FakeHost) -> Any:
    return json.loads(host.text())


async def test_a_form_is_asked_and_what_was_entered_goes_back(make: Make, tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    host.answer = say("form", port=8080, name="")
    await run(make(), host, form(PORT))
    assert answers(host) == [{"action": "accept", "content": {"port": 8080}}]
    asked = next(e for e in host.events if isinstance(e, ev.PermissionAsked))
    assert [(f["name"], f["kind"], f["required"]) for f in asked.form] == [
        ("port", "integer", True),
        ("name", "text", False),
    ]
    assert asked.summary == "Which port?" and asked.detail_kind == "question"
    assert [o["kind"] for o in asked.options] == ["form", "reject_once"]
    # A question of no call is told as one, with its answer.
    call = next(e for e in host.events if isinstance(e, ev.ToolCall))
    result = next(e for e in host.events if isinstance(e, ev.ToolResult))
    assert call.call == asked.call == result.call and call.title == "Which port?"
    assert result.status == "ok" and "8080" in result.content


async def test_one_question_with_choices_is_answered_by_a_key(make: Make, tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    host.answer = say("choice-2")
    await run(make(), host, form(PICK, "Which colour?"))
    assert answers(host) == [{"action": "accept", "content": {"question_0": "Blue"}}]
    asked = next(e for e in host.events if isinstance(e, ev.PermissionAsked))
    names = [(o["name"], o["kind"]) for o in asked.options]
    assert names == [
        ("Red", "choice"), ("Blue", "choice"), ("Say more …", "form"), ("No answer", "reject_once"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("decision", "action"), [("no", "decline"), ("cancelled", "cancel"), ("nonsense", "decline")]
)
async def test_no_answer_is_said_as_such(
    make: Make, tmp_path: Path, decision: str, action: str
) -> None:
    host = FakeHost(tmp_path)
    host.answer = say(decision)
    await run(make(), host, form(PORT))
    assert answers(host) == [{"action": action}]


async def test_a_page_is_shown_and_never_opened_by_itself(make: Make, tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    host.answer = say("yes")
    params = {"mode": "url", "elicitationId": "e", "url": "https://x.test/a", "message": "Sign in"}
    await run(make(), host, "client " + json.dumps([["elicitation/create", params]]))
    assert answers(host) == [{"action": "accept"}]
    asked = next(e for e in host.events if isinstance(e, ev.PermissionAsked))
    assert asked.detail.startswith("https://x.test/a\n")


@pytest.mark.parametrize(
    "params",
    [
        {"mode": "form", "message": "?", "requestedSchema": {
            "properties": {"x": {"type": "object"}}, "required": ["x"]}},
        {"mode": "hologram", "message": "?"},
        {"mode": "url", "message": "?", "url": "https://x\u202e/"},
    ],
)  # fmt: skip
async def test_what_cant_be_shown_is_refused(make: Make, tmp_path: Path, params: Any) -> None:
    host = FakeHost(tmp_path)
    await run(make(), host, "client " + json.dumps([["elicitation/create", params]]))
    (error,) = answers(host)
    assert error["code"] == -32602 and "can't be shown" in error["message"]
    assert not any(isinstance(e, ev.PermissionAsked) for e in host.events)


async def test_a_question_within_a_call_belongs_to_it(make: Make, tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    host.answer = say("no")
    call = {"sessionUpdate": "tool_call", "toolCallId": "t9", "title": "Ask", "status": "pending",
            "rawInput": {"q": 1}}  # fmt: skip
    params = {"message": "?", "requestedSchema": PORT, "toolCallId": "t9"}
    steps = [["update", call], ["elicitation/create", params]]
    await run(make(), host, "client " + json.dumps(steps))
    asked = next(e for e in host.events if isinstance(e, ev.PermissionAsked))
    assert asked.call == "t9"


@pytest.mark.parametrize(
    ("act", "answer"),
    [
        ("withdraw", {"outcome": {"outcome": "cancelled"}}),
        ("withdraw form", {"action": "cancel"}),
    ],
)
async def test_what_the_agent_takes_back_waits_for_nobody(
    make: Make, tmp_path: Path, act: str, answer: Any
) -> None:
    host = FakeHost(tmp_path)  # nobody answers
    await run(make(), host, act)
    assert answers(host) == answer
    asked = [e.ask for e in host.events if isinstance(e, ev.PermissionAsked)]
    given = [(e.ask, e.decision) for e in host.events if isinstance(e, ev.PermissionAnswered)]
    assert given == [(ask, "cancelled") for ask in asked], "what was shown is taken away"


@pytest.mark.parametrize("method", ["_vendor/extension", "craft/unheard", "session/nonsense"])
async def test_an_extension_that_is_not_known_is_no_method(
    make: Make, tmp_path: Path, method: str
) -> None:
    host = FakeHost(tmp_path)
    await run(make(), host, "client " + json.dumps([[method, {"sessionId": "of nobody"}]]))
    assert answers(host)[0]["code"] == -32601
