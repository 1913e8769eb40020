"""What agents with an interface of their own say through their hooks, as a terminal's state.

Claude Code and Codex call a hook with a JSON object on its standard input that names its event;
Codex's `notify` gives one as its last argument. Both are read; what is neither says nothing. Codex
says by its title alone that it waits for an approval.
"""

from __future__ import annotations

import json
import re
from typing import Any

_WORKING = ("UserPromptSubmit", "PreToolUse", "PostToolUse", "PreCompact")
_RESTS = ("SessionStart", "SessionEnd")
_ASIDE = "Generate a concise, single-line task title"
"""How Codex begins a turn of its own, in which it names the conversation."""
_ASKS = re.compile(r"\A\[ . \] Action Required(?: \| )?")
"""How Codex's title says that it waits for an approval."""
_TURNS = re.compile(r"\A[^\w\s()\[\]/~.#$@\"'-]+\s+")
"""What turns in front of a title while its program works is no part of its name."""
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


def asks_by_title(title: str) -> bool:
    """Whether a program's title says that it waits for its user."""
    return _ASKS.match(title) is not None


def named(title: str) -> str:
    """A program's title without what it says of the moment."""
    return _TURNS.sub("", _ASKS.sub("", title))


def _codex_notify(told: dict[str, Any]) -> tuple[str, str]:
    kind, asked = told.get("type"), told.get("input-messages")
    if isinstance(asked, list) and asked and str(asked[0]).startswith(_ASIDE):
        return "", ""
    if kind == "agent-turn-complete":
        return "done", _words(told, "last-assistant-message")
    if kind in ("approval-requested", "user-input-requested"):
        return "needs-you", _words(told, "message", "command") or "It asks something."
    return "", ""


def _words(told: dict[str, Any], *names: str) -> str:
    found = (told.get(name) for name in names)
    return next((" ".join(word.split()) for word in found if isinstance(word, str) and word), "")
