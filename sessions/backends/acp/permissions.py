"""How the deck's permission modes answer an agent's requests without asking anybody.

Agents run their own tools outside our sandbox, so the modes are read narrowly: only what a
mode plainly means is answered; everything else is asked. What our own tools ask for in every
mode (secrets, what steers other programs) is asked for here too, agentdeck's own files are
refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sessions.record.closed_sets import OptionKind
from sessions.tools.workspace import Target

_READING = ("read", "search", "think")
_EDITING = ("edit", "delete", "move")


@dataclass(frozen=True, slots=True)
class AgentVerdict:
    """`option_kind`: what to choose among the agent's options, "" = ask the user, saying `why`."""

    option_kind: OptionKind | Literal[""] = ""
    why: str = ""


def decide(mode: str, call: dict[str, Any], targets: Sequence[Target]) -> AgentVerdict:
    """What `mode` says of a tool call that an agent asks for.

    `call` is a ToolCallUpdate of the Agent Client Protocol, `targets` what its paths really are.
    """
    kind = str(call.get("kind") or "other")
    reading, editing = kind in _READING, kind in _EDITING
    if why := next((t.forbidden for t in targets if t.forbidden), ""):
        return AgentVerdict("reject_once", f"agentdeck's own files are left alone: {why}")
    border = _border(targets, editing)
    if border and not (editing and mode == "read-only"):
        return AgentVerdict("", f"Asked in every mode: {border}.")
    if mode == "full":
        return AgentVerdict("allow_once", "mode full")
    inside = bool(targets) and all(t.inside for t in targets)
    if reading and targets and all(t.inside or t.skill or t.own for t in targets):
        return AgentVerdict("allow_once", "reading here, and skills, is free")
    if mode == "read-only":
        return AgentVerdict("reject_once", "mode read-only")
    if mode == "edit" and editing and inside:
        return AgentVerdict("allow_once", "mode edit: edits inside the working directory are free")
    return AgentVerdict()


def _border(targets: Sequence[Target], editing: bool) -> str:
    """Which protected place a call touches, in words; or ""."""
    for target in targets:
        if target.secret or (editing and target.steering):
            return target.secret or target.steering
    return ""
