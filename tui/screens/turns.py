"""Going back: the turns of a session as a list, and what can be done from one of them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.cells import set_cell_size

from sessions.api.answers import Restored, Undone
from tui.screens.dialogs import Choice, Choose, Listing, Pick
from tui.words.text import clip, first_line

if TYPE_CHECKING:
    from sessions.api.answers import TurnShown
    from tui.deck.interfaces import ForPicking


async def pick_turn(deck: ForPicking, session: str, at: int | None) -> TurnShown | None:
    """A turn of a session, as `session.turns` tells it; the newest stands above.

    `at`: the turn that the cursor begins on.
    """
    turns = await deck.client.call("session.turns", session=session)
    rows = [_row(turn) for turn in reversed(turns)]
    listing = Listing(rows, enter="goes on from it", empty="No turn yet.", at=str(at or ""))
    title = f"Turns of {clip(deck.model.name_of(session), 50)}"
    chosen: Choice | None = await deck.app.push_screen_wait(Choose(title, listing))
    if chosen is None:
        return None
    return next(turn for turn in turns if str(turn["turn"]) == chosen.row)


def _row(turn: TurnShown) -> Pick:
    files = turn.get("files") or []
    noun = "file" if len(files) == 1 else "files"
    state = "undone" if turn.get("undone") else "" if turn.get("ended") else "running"
    text = first_line(str(turn.get("text", "")))
    style = "$text-muted" if turn.get("undone") else ""
    cells = (
        (f"{turn['turn']:>3}  ", "bold"),
        (set_cell_size(_when(str(turn.get("at", ""))), 13), "$text-muted"),
        (set_cell_size(f"{len(files)} {noun}" if files else "", 10), "$text-accent"),
        (f"{state}  " if state else "", "$text-warning"),
        (text, style),
    )
    names = " ".join(Path(str(path)).name for path in files)
    return Pick(str(turn["turn"]), cells, f"{turn['turn']} {turn.get('text', '')} {names} {state}")


def _when(at: str) -> str:
    """A time of an event in this place's clock; the day too, unless it was today."""
    try:
        when = datetime.fromisoformat(at.replace("Z", "+00:00")).astimezone()
    except ValueError:
        return ""
    today = when.date() == datetime.now(when.tzinfo).date()
    return when.strftime("%H:%M" if today else "%d %b %H:%M")


async def pick_way(deck: ForPicking, turn: TurnShown) -> str | None:
    """What to do from a turn: `after`, `before`, `undo`, `both`, `files` or `time`."""
    files = turn.get("files") or []
    ways: list[tuple[str, str, str]] = []
    if turn.get("ended"):
        ways.append(("after", "Fork after it", "a new session with all up to its end"))
    ways.append(("before", "Fork before it", "a new session; this message is in the composer"))
    if not turn.get("undone"):
        ways += [
            ("undo", "Undo to here", "it and all that followed leave the conversation"),
            ("both", "Undo, files too", "and files that tools changed since are put back"),
            ("files", "Put files back", "to before it; the conversation stays as it is"),
        ]
    ways.append(("time", "Where its time went", "the model, tools, waiting for you"))
    rows = [
        Pick(key, ((set_cell_size(name, 20), "bold"), (text, "$text-muted")))
        for key, name, text in ways
    ]
    shown = f"Turn {turn['turn']}: {clip(first_line(str(turn.get('text', ''))), 60)}"
    if files:
        shown += f" ({len(files)} changed)"
    chosen: Choice | None = await deck.app.push_screen_wait(Choose(shown, Listing(rows)))
    return chosen.row if chosen else None


def put_back(answer: Restored | Undone) -> str:
    """What came of putting files back, in a sentence or three; "" if none were to be."""
    restored, removed = answer.get("restored") or [], answer.get("removed") or []
    refused = answer.get("refused") or []
    said = []
    if restored:
        said.append(f"Put back: {_names(restored)}.")
    if removed:
        said.append(f"Removed, for it was not there before: {_names(removed)}.")
    if refused:
        path, why = refused[0]
        more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
        said.append(f"Left as it is: {Path(path).name}, {why}{more}.")
    if not said:
        said.append("No file had to be put back.")
    said.append("What commands did stands.")
    return " ".join(said)


def _names(paths: list[str]) -> str:
    names = [Path(path).name for path in paths]
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
