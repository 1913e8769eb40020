"""What agents' hooks say, as a terminal's state."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sessions.terminals.agent_hooks import asks_by_title, named, read

CLAUDE = {"session_id": "a", "transcript_path": "/t", "cwd": "/w"}
CODEX = {"type": "agent-turn-complete", "thread-id": "b", "turn-id": "1", "cwd": "/w"}


@pytest.mark.parametrize(
    ("told", "state", "message"),
    [
        (CLAUDE | {"hook_event_name": "Notification", "notification_type": "permission_prompt",
                   "message": "Claude needs your\npermission"},
         "needs-you", "Claude needs your permission"),
        (CLAUDE | {"hook_event_name": "Notification", "notification_type": "idle_prompt",
                   "message": "Claude waits"}, "done", "Claude waits"),
        (CLAUDE | {"hook_event_name": "Stop", "last_assistant_message": "It is done."},
         "done", "It is done."),
        (CLAUDE | {"hook_event_name": "UserPromptSubmit", "prompt": "Hi"}, "working", "Hi"),
        (CLAUDE | {"hook_event_name": "PermissionRequest", "tool_name": "Bash"},
         "needs-you", "It asks for permission: Bash"),
        (CLAUDE | {"hook_event_name": "SubagentStop"}, "", ""),
        (CODEX | {"last-assistant-message": "All green."}, "done", "All green."),
        (CODEX | {"last-assistant-message": None}, "done", ""),
        (CODEX | {"input-messages": ["Generate a concise, single-line task title of at most"],
                  "last-assistant-message": "A title"}, "", ""),
        ({"type": "something"}, "", ""),
        ([1], "", ""),
    ],
)  # fmt: skip
def test_a_hook_says_what_state_its_agent_is_in(told: Any, state: str, message: str) -> None:
    assert read(json.dumps(told)) == (state, message)


def test_a_title_says_what_is_asked_and_is_a_name_without_it() -> None:
    asking = "[ ! ] Action Required | tidy up | work"
    assert [asks_by_title(t) for t in (asking, "⠋ tidy up | work")] == [True, False]
    assert {named(t) for t in (asking, "⠋ tidy up | work", "tidy up | work")} == {"tidy up | work"}
    assert named("~/work [main] - vim") == "~/work [main] - vim"


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"hook_event_name": 3}'])
def test_what_is_no_hook_says_nothing(text: str) -> None:
    assert read(text) == ("", "")
