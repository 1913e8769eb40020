"""Plans: made, started, and their runs seen and steered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sessions.api.plans import PlanFound
from tui.actions import action
from tui.commands.sessions import GROUP, connected, has_session
from tui.start_directory import folder_of
from tui.words.text import one_line

if TYPE_CHECKING:
    from tui.deck.action_interfaces import OpensRuns, Talks
    from tui.screens.dialogs import Choice

_NEW = "new"
_AT = "empty: now · or when: 23:00, a date, every weekdays 22:00"


@action("runs", "Runs of plans", keys=("f10", "alt+e"), group=GROUP, when=connected)
async def runs(deck: OpensRuns) -> None:
    """Each run with its tasks, who worked when, what it takes and what needs you."""
    await _show_runs(deck)


async def _show_runs(deck: OpensRuns, run: str = "") -> None:
    from tui.screens.runs import RunsView
    from tui.screens.session_list import reopen

    session = await deck.app.push_screen_wait(RunsView(deck, run))
    if session:
        await reopen(deck, session)


@action("start_plan", "Start a plan", group=GROUP, when=connected)
async def start_plan(deck: OpensRuns) -> None:
    """A plan file of the session's directory, or a new one: edited, checked, begun now or later."""
    from sessions.errors import AgentdeckError
    from tui.terminal.editor import edit_file

    at = ""
    while (chosen := await _chosen(deck, at)) is not None:
        found, choice = chosen
        if choice.row == _NEW:
            folder = folder_of(deck.model.summary())
            at = (await deck.client.call("plan.new", directory=folder))["path"]
        elif plan := next((each for each in found if each["path"] == choice.row), None):
            at = plan["path"]
            if choice.key == "enter" and not plan["fault"]:
                await _begin(deck, plan)
                return
        else:
            continue
        try:
            edit_file(deck.app, Path(at))
        except AgentdeckError as error:
            deck.say(f"{at}: {error}")


async def _chosen(deck: OpensRuns, at: str) -> tuple[list[PlanFound], Choice] | None:
    from tui.screens.dialogs import Choose, Listing, Offer, Pick

    folder = folder_of(deck.model.summary())
    found = await deck.client.call("plan.files", directory=folder)
    rows = [Pick(plan["path"], _cells(plan)) for plan in found]
    rows.append(
        Pick(_NEW, (("a new one", "bold"), (f"  in {one_line(folder)}, by your editor", "")))
    )
    listing = Listing(
        rows,
        (Offer("alt+e", "edits it"),),
        enter="starts it, or writes it",
        at=at,
    )
    choice = await deck.app.push_screen_wait(Choose("Start a plan", listing))
    return None if choice is None else (found, choice)


def _cells(plan: PlanFound) -> tuple[tuple[str, str], ...]:
    name = (f"{one_line(Path(plan['path']).name):<28} ", "bold")
    if plan["fault"]:
        return (name, (one_line(plan["fault"]), "$text-error"))
    return (name, (f"{one_line(plan['title'])}: {_size(plan)}", ""))


def _size(plan: PlanFound) -> str:
    sessions = f"{plan['sessions']} session{'s' if plan['sessions'] != 1 else ''}"
    return f"{sessions} and more" if plan["more"] else sessions


async def _begin(deck: OpensRuns, plan: PlanFound) -> None:
    """Now, or by the clock; what it warns of is said before."""
    from sessions.plans import times
    from tui.screens.dialogs import Confirm, Prompt

    title, file = one_line(plan["title"]), plan["path"]
    if plan["warnings"]:
        told = "\n".join(plan["warnings"])
        if not await deck.app.push_screen_wait(Confirm(f"Start {title}?", told, "Start")):
            return
    asked = Prompt(f"{title}, {_size(plan)}: begins", "", _AT, enter="starts it")
    when = await deck.app.push_screen_wait(asked)
    if when is None:
        return
    if when := when.strip():
        every = when.removeprefix("every ").strip() if when.startswith("every ") else ""
        told_when = {"every": every} if every else {"at": when}
        entry = await deck.client.call("plan.schedule", file=file, **told_when)
        deck.say(f"{title} begins {times.told(entry['due'])}.")
        return
    begun = await deck.client.call("plan.start", file=file)
    await _show_runs(deck, begun["id"])


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
    deck.say(
        f"{made['path']}: the palette's “Start a plan” reads, edits and starts it.{more}{note}"
    )
