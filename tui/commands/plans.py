"""Runs of plans, seen and steered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.actions import action
from tui.commands.sessions import GROUP, connected, has_session

if TYPE_CHECKING:
    from tui.deck.action_ports import OpensRuns, Talks


@action("runs", "Runs of plans", keys=("f10", "alt+e"), group=GROUP, when=connected)
async def runs(deck: OpensRuns) -> None:
    """Each run with its tasks, who worked when, what it takes and what needs you."""
    from tui.screens.runs import RunsView
    from tui.screens.session_list import reopen

    session = await deck.app.push_screen_wait(RunsView(deck))
    if session:
        await reopen(deck, session)


@action("draft_plan", "Make a plan of this session", group=GROUP, when=has_session)
async def draft_plan(deck: Talks) -> None:
    """Its model drafts a plan of what was said, as a file in the session's directory."""
    summary = deck.model.summary()
    if summary is None:
        return
    deck.say("The plan is being drafted …")
    made = await deck.client.call("plan.draft", session=summary.id)
    open_questions = len(made["questions"])
    more = f" {open_questions} questions are open, above it." if open_questions else ""
    note = f" {made['note']}" if made["note"] else ""
    deck.say(f"{made['path']}: read it, change it, then agentdeck plan start.{more}{note}")
