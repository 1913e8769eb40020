"""What agents with an interface of their own say through their hooks, as a terminal's state.

Claude Code and Codex call a hook with a JSON object on its standard input that names its event;
Codex's `notify` gives one as its last argument. Both are read; what is neither says nothing.
"""

from __future__ import annotations

import json
from typing import Any

_WORKING = ("UserPromptSubmit", "PreToolUse", "PostToolUse", "PreCompact")
_RESTS = ("SessionStart", "SessionEnd")
_IDLE = ("idle_prompt", "auth_success")
"""Kinds of a notification that ask for nothing."""


def read(text: str) -> tuple[str, str]:
    """The state and the message of a hook's JSON; two empty words: it says nothing of either."""
    try:
        told: Any = json.loads(text)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(told, dict):
        return "", ""
    name = told.get("hook_event_name")
    if isinstance(name, str):
        return _hook(name, told)
    return _codex_notify(told)


def _hook(name: str, told: dict[str, Any]) -> tuple[str, str]:
    if name == "Notification":
        idle = told.get("notification_type") in _IDLE
        return ("done" if idle else "needs-you"), _words(told, "message", "title")
    if name in ("PermissionRequest", "Elicitation"):
        tool = _words(told, "tool_name", "message")
        return "needs-you", f"It asks for permission: {tool}" if tool else "It asks something."
    if name == "Stop":
        return "done", _words(told, "last_assistant_message")
    if name == "StopFailure":
        return "failed", _words(told, "error", "last_assistant_message")
    if name in _WORKING:
        return "working", _words(told, "prompt") if name == "UserPromptSubmit" else ""
    return ("idle", "") if name in _RESTS else ("", "")


def _codex_notify(told: dict[str, Any]) -> tuple[str, str]:
    kind = told.get("type")
    if kind == "agent-turn-complete":
        return "done", _words(told, "last-assistant-message")
    if kind in ("approval-requested", "user-input-requested"):
        return "needs-you", _words(told, "message", "command") or "It asks something."
    return "", ""


def _words(told: dict[str, Any], *names: str) -> str:
    found = (told.get(name) for name in names)
    return next((" ".join(word.split()) for word in found if isinstance(word, str) and word), "")
