"""Where an answer goes: tiles, a new session, a task of a run that has not begun."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessions.api.plans import RunShown, RunTask
from tui.screens.dialogs import Choose, Listing, Pick, Prompt
from tui.screens.session_list import tile_pick
from tui.words.text import one_line

if TYPE_CHECKING:
    from tui.deck.interfaces import Asks, ForPickingTiles


async def pick_receivers(deck: ForPickingTiles, title: str, of: str) -> list[str]:
    """Those that the answer of the session `of` goes to, as `session.hand` takes them."""
    known = deck.model.summaries
    rows = [tile_pick(deck, i) for i in deck.model.order if i != of and known[i].terminal is None]
    profiles = await deck.client.call("deck.profiles")
    rows += [
        Pick(_key(name), (("   a new session ", "bold"), (one_line(name), "")))
        for name in ("", *(profile["name"] for profile in profiles))
    ]
    for run in await deck.client.call("plan.going"):
        told = await deck.client.call("plan.show", run=run["id"])
        rows += [_task(told, task) for task in told["tasks"] if _waits(task)]
    listing = Listing(rows, marked=set(), enter="sends to the ticked ones")
    chosen = await deck.app.push_screen_wait(Choose(title, listing))
    return list(chosen.rows) if chosen is not None else []


async def ask_words(deck: Asks) -> str | None:
    """What is to be done with it; None if the user left."""
    words: str | None = await deck.app.push_screen_wait(
        Prompt("What is to be done with it?", "", "may be empty", enter="sends it")
    )
    return words


def _key(profile: str) -> str:
    return f"new:{profile}" if profile else "new"


def _waits(task: RunTask) -> bool:
    return task["state"] in ("pending", "blocked") or bool(task["counts"].get("pending"))


def _task(run: RunShown, task: RunTask) -> Pick:
    name = one_line(task["name"])
    cells = (
        ("   the task ", "bold"),
        (name, ""),
        (f"  of {one_line(run['title'])}", "$text-muted"),
    )
    return Pick(f"task:{run['id']}:{task['name']}", cells)
