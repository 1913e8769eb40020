"""What an editor tells `agentdeck acp`: read by kind, and what is wrong with it is named."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from acp.exceptions import RequestError

from sessions.cli import editor_messages as em
from sessions.cli.acp import Bridge
from sessions.engine.client import Client


@pytest.fixture
def bridge() -> Bridge:
    return Bridge(cast("Client", SimpleNamespace()), "")


@pytest.mark.parametrize(
    ("method", "params", "named"),
    [
        ("session/new", {}, "cwd"),
        ("session/new", {"cwd": 3}, "cwd"),
        ("session/prompt", {"prompt": []}, "sessionId"),
        ("session/prompt", {"sessionId": "s", "prompt": "hello"}, "prompt"),
        ("session/prompt", {"sessionId": "s", "prompt": [{"type": "text", "text": 1}]}, "text"),
        ("session/set_mode", {"sessionId": "s", "modeId": "yolo"}, "yolo"),
        ("session/set_mode", {"sessionId": "s"}, "modeId"),
        ("session/close", None, "sessionId"),
    ],
)
async def test_a_request_that_is_wrong_is_refused_with_what_is_wrong(
    bridge: Bridge, method: str, params: Any, named: str
) -> None:
    with pytest.raises(RequestError) as refused:
        await bridge.handle(method, params, False)
    assert refused.value.code == -32602
    assert named in str(refused.value.data)


@pytest.mark.parametrize(
    ("can", "shows"),
    [
        ({"elicitation": {"form": {}}, "fs": {"readTextFile": True}}, True),
        ({"elicitation": {"url": {}}}, False),
        ({"elicitation": {"form": None}}, False),
        ({"elicitation": True}, False),
        ([], False),
        (None, False),
    ],
)
async def test_an_editor_is_greeted_whatever_it_says_that_it_can(
    bridge: Bridge, can: Any, shows: bool
) -> None:
    greeting = await bridge.handle("initialize", {"clientCapabilities": can}, False)
    assert greeting["agentInfo"]["name"] == "agentdeck"
    assert em.shows_forms(can) is shows


@pytest.mark.parametrize(
    ("answer", "chosen"),
    [
        ({"outcome": {"outcome": "selected", "optionId": "yes", "_meta": 1}}, "yes"),
        ({"outcome": {"outcome": "cancelled", "optionId": "yes"}}, ""),
        ({"outcome": {"outcome": "selected"}}, ""),
        ({"outcome": "selected"}, ""),
        (None, ""),
    ],
)
def test_only_a_choice_is_one(answer: Any, chosen: str) -> None:
    assert em.option_chosen(answer) == chosen


def test_a_prompt_is_taken_as_text_with_what_it_names() -> None:
    blocks = [
        {"type": "text", "text": "Look", "annotations": {"priority": 1}},
        {"type": "resource", "resource": {"uri": "file:///a", "text": "x = 1"}},
        {"type": "resource", "resource": {"uri": "file:///b", "blob": "eA=="}},
        {"type": "resource_link", "uri": "file:///c", "name": "c", "size": 3},
        {"type": "image", "data": "eA==", "mimeType": "image/png", "uri": None},
        {"type": "of a newer version"},
    ]
    given = msgspec.convert({"sessionId": "s", "prompt": blocks}, em.PromptGiven)
    assert em.text_of(given.prompt or []) == (
        "Look\n\n[file:///a]\nx = 1\n\n[file:///b]\n\n\n[file:///c]"
    )
