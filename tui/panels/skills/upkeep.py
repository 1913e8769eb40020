"""Upkeep of the user's skills: figures, what wants a look, and the messages that say so."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sessions.api.harvest import SkillKept
from tui.screens.dialogs import Choice, Choose, Confirm, Listing, Pick
from tui.words.text import clean, one_line

if TYPE_CHECKING:
    from textual.app import App

    from tui.deck.client import DeckClient


async def show(app: App[Any], client: DeckClient, put_away: Callable[[str], None]) -> None:
    """The list, what wants a look first; `enter` tells of one, and puts it away if that is said."""
    found = await client.call("skills.upkeep")
    by_name = {each["name"]: each for each in found}
    width = min(28, max((len(name) for name in by_name), default=0))
    picks = [Pick(each["name"], cells(each, width)) for each in found]

    def chosen(choice: Choice | None) -> None:
        if choice and choice.row:
            name = str(choice.row)
            confirm = Confirm(one_line(name), about(by_name[name]), "Put it away")
            app.push_screen(confirm, lambda yes: put_away(name) if yes else None)

    looks = sum(bool(each["says"]) for each in found)
    title = f"Upkeep of your skills: {looks} of {len(found)} want a look"
    app.push_screen(Choose(title, Listing(picks, empty="You have no skills yet.")), chosen)


def cells(each: SkillKept, width: int) -> tuple[tuple[str, str], ...]:
    """A row of the list: its name, all that wants a look, its figures."""
    said = "; ".join(each["says"])
    return (
        (f"{one_line(each['name']):<{width}} ", "bold"),
        (f"{one_line(said)}  " if said else "", "$text-warning"),
        (used(each), "$text-muted"),
    )


def used(each: SkillKept) -> str:
    """Its figures on one line."""
    if not each["used"]:
        return f"never used, on for {each['offered']} messages"
    who = f"model {each['by_model']}, you {each['by_user']}"
    return f"used {each['used']} × ({who}), helped {each['helped']}, last {each['last'][:10]}"


def about(each: SkillKept) -> str:
    """All that is known of one, with the messages that say so."""
    lines = [used(each), *(f"- {clean(said)}" for said in each["says"])]
    if each["says"] and each["messages"]:
        lines += ["", "The messages that say so:"]
        lines += [f"  {one_line(message)}" for message in each["messages"]]
    lines += ["", "Put it away? It is kept, and can be brought back."]
    return "\n".join(lines)
