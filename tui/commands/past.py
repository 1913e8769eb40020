"""Actions that go back: to a turn of one's choice, or by one turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.actions import action
from tui.commands.turns import GROUP, can_repeat

if TYPE_CHECKING:
    from tui.deck.action_interfaces import Forks, GoesBack, ShowsTime, Talks, Undoes
    from tui.deck.interfaces import HasComposer


@action("turns", "Turns: fork, undo, put files back", keys=("alt+t",), group=GROUP,
        when=can_repeat)  # fmt: skip
async def turns(deck: GoesBack) -> None:
    """All turns of the session: fork, undo or put files back at one of them. Also esc twice."""
    from tui.screens.turns import pick_turn, pick_way

    session = deck.model.current
    if session is None:
        return
    in_hand = deck.tile.view.block_in_hand if deck.tile is not None else None
    turn = await pick_turn(deck, session, in_hand.turn if in_hand else None)
    way = await pick_way(deck, turn) if turn is not None else None
    if turn is None or way is None:
        return
    number = int(turn["turn"])
    if way in ("after", "before"):
        await _fork(deck, session, number if way == "after" else number - 1)
    elif way == "time":
        await show_time(deck, session, number)
    elif way == "files":
        await put_files_back(deck, session, number)
    else:
        await undo_to(deck, session, number, files=way == "both")
    if way in ("before", "undo", "both"):
        _offer(deck, str(turn.get("text", "")))


@action("timeline", "Where the turn's time went", group=GROUP, when=can_repeat)
async def timeline(deck: ShowsTime) -> None:
    """A turn's time in stretches: the model, tools, waiting for you; the last turn first."""
    summary = deck.model.summary()
    if summary is not None:
        await show_time(deck, summary.id, summary.turns)


async def show_time(deck: ShowsTime, session: str, turn: int) -> None:
    """A turn's timeline, in front of the deck."""
    from tui.screens.timeline import TimelineScreen

    await deck.app.push_screen_wait(TimelineScreen(deck, session, turn))


async def _fork(deck: Forks, session: str, turn: int) -> None:
    summary = deck.model.summaries.get(session)
    title = f"{summary.title} (fork)" if summary is not None and summary.title else ""
    made = await deck.client.call("session.fork", session=session, turn=turn, title=title)
    deck.go(deck.feed.met(made))


async def undo_to(deck: Undoes, session: str, turn: int | None, *, files: bool) -> None:
    """Take a turn (default: the last) and what followed out of the conversation."""
    from tui.screens.turns import put_back

    at = {} if turn is None else {"turn": turn}
    answer = await deck.client.call("session.undo", session=session, files=files, **at)
    if files:
        deck.say(put_back(answer))


async def put_files_back(deck: Undoes, session: str, turn: int) -> None:
    """Put files back to before a turn."""
    from tui.screens.turns import put_back

    deck.say(put_back(await deck.client.call("session.rewind", session=session, turn=turn)))


def _offer(deck: HasComposer, text: str) -> None:
    """Put a message that was taken back into the composer, if nothing stands there."""
    if not deck.composer.text.strip():
        deck.composer.paste(text)
    deck.composer.focus()


@action("undo", "Undo the last turn", keys=("alt+u",), group=GROUP, when=can_repeat)
async def undo(deck: Talks) -> None:
    """Take the last turn out of the conversation; with its files, if you say so."""
    from tui.screens.dialogs import Choice, Choose, Listing, Pick

    session = deck.model.current
    if session is None:
        return
    rows = [
        Pick("talk", (("The conversation only", ""), ("  files stay as they are", "$text-muted"))),
        Pick(
            "files",
            (("The conversation and its files", ""), ("  put back as before", "$text-muted")),
        ),
    ]
    title = f"Undo the last turn of {deck.model.name_of(session)}"
    chosen: Choice | None = await deck.app.push_screen_wait(
        Choose(title, Listing(rows, enter="undoes it"))
    )
    if chosen is not None:
        await undo_to(deck, session, None, files=chosen.row == "files")
