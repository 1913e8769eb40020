"""How the deck's permission modes answer an agent's requests without asking anybody.

Agents run their own tools outside our sandbox, so the modes are read narrowly: only what a
mode plainly means is answered; everything else is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

_READING = ("read", "search", "think")
_EDITING = ("edit", "delete", "move")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`option_kind`: what to choose among the agent's options, "" = ask the user."""

    option_kind: str = ""
    why: str = ""


def decide(mode: str, call: dict[str, Any], cwd: Path) -> Verdict:
    """What `mode` says of a tool call that an agent asks for.

    `call` is a ToolCallUpdate of the Agent Client Protocol; its `kind` and `locations` decide.
    """
    kind = str(call.get("kind") or "other")
    if mode == "full":
        return Verdict("allow_once", "mode full")
    if kind in _READING and _inside(call, cwd):
        return Verdict("allow_once", "reading inside the working directory is free")
    if mode == "read-only":
        return Verdict("reject_once", "mode read-only")
    if mode == "edit" and kind in _EDITING and _inside(call, cwd):
        return Verdict("allow_once", "mode edit: edits inside the working directory are free")
    return Verdict()


def _inside(call: dict[str, Any], cwd: Path) -> bool:
    """Whether every path that the call names lies in `cwd`; without a path it does not."""
    paths = [
        str(place["path"])
        for place in [*(call.get("locations") or []), *(call.get("content") or [])]
        if isinstance(place, dict) and place.get("path")
    ]
    root = cwd.resolve()
    return bool(paths) and all((root / p).resolve().is_relative_to(root) for p in paths)
