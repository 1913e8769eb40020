"""What would let a request of a run through, where nobody is there to answer it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessions.record import events as ev
from sessions.record.closed_sets import Permission

if TYPE_CHECKING:
    from sessions.api.answers import SandboxState
    from sessions.record.summary import SessionSummary


def remedy(
    asked: ev.PermissionAsked,
    summary: SessionSummary,
    inside: SandboxState,
    *,
    confirmed_full: bool,
) -> str:
    """What lets a request through the next time, by what it asks for and what is in force.

    `inside`: what contains the session's commands, as `deck.sandbox` says; `confirmed_full`: by
    --yes-full.
    """
    mode, session = summary["permission"], summary["id"]
    agent = summary["agent"].get("session_id")  # one of the agent's own: it is one
    if agent and (mode != "full" or not confirmed_full):
        return _remedy_of_an_agent(asked, mode, session)
    if asked.detail_kind == "question":
        return f"Answer it in the deck: session {session}."
    if mode == "full" and not inside["works"] and not confirmed_full:
        return (
            "Mode full is not in force, since nothing contains what runs: confirm it with "
            "--yes-full, or use an environment that does."
        )
    if any(o.get("kind") == "allow_always" for o in asked.options):
        more = " or run with --permission full, which runs commands in the sandbox"
        rule = "Allow it for good by answering *always* once in the deck"
        return rule + (f",{more}." if asked.detail_kind == "command" and mode != "full" else ".")
    grants = [o.get("grant") for o in asked.options]
    if any(isinstance(grant, dict) and grant.get("kind") == "edits" for grant in grants):
        return "Run with --permission edit to let files in the working directory be changed."
    return (
        "This is asked in every mode, and no rule allows it: answer it in the deck (session "
        f"{session}), or do it yourself."
    )


def _remedy_of_an_agent(asked: ev.PermissionAsked, mode: Permission, session: str) -> str:
    """An agent runs its own tools, outside of any sandbox; no rule is consulted for them."""
    if mode == "full":
        return "Mode full is not in force, since nothing contains an agent: confirm it: --yes-full."
    edits = "--permission edit for files in the working directory, or "
    return (
        f"No rule is consulted for what an agent asks. Run with "
        f"{edits if asked.tool in ('edit', 'move', 'delete') and mode != 'edit' else ''}"
        f"--permission full --yes-full for all of it, or answer it in the deck (session {session})."
    )
