"""Commands of terminals; what a client does by looking on is in `engine.terminal_views`."""

from __future__ import annotations

import asyncio
from typing import cast

from sessions.api.terminals import Pasted, Recorded, TerminalCommand
from sessions.engine.commands import command
from sessions.engine.whole_deck import WholeDeck as Deck
from sessions.errors import NotFound
from sessions.record.summary import SessionSummary
from sessions.record.terminal_state import KILLED
from sessions.terminals import recording


@command("terminal.new")
async def new(
    deck: Deck,
    argv: list[str] | None = None,
    cwd: str = "",
    session: str = "",
    title: str = "",
    keys: bool | None = None,
    record: bool | None = None,
    columns: int = 80,
    rows: int = 24,
) -> SessionSummary:
    """A session that is a terminal with that program on it (none: a login shell); its summary.

    It begins in `cwd`, or where `session` works. `keys`: with the user's whole environment, as a
    login shell has it anyway. `record`: whether what it shows is recorded.
    """
    made = await deck.features.terminals.new(
        argv or (), cwd=cwd, beside=session, title=title, keys=keys, record=record,
        size=(max(2, min(columns, 1000)), max(2, min(rows, 1000))),
    )  # fmt: skip
    return made.summary.to_json()


@command("terminal.again")
async def again(deck: Deck, session: str) -> None:
    """Start the program of a terminal anew, where it has ended."""
    await deck.features.terminals.again(await deck.get(session))


@command("terminal.kill")
async def kill(deck: Deck, session: str) -> None:
    """End a terminal's program and all that it started: a hang-up, and a kill a second later."""
    deck.features.terminals.of(await deck.get(session)).end(KILLED)


@command("terminal.paste")
async def paste(deck: Deck, session: str, text: str, run: bool = False) -> Pasted:
    """Type a text into a terminal, and `run` it; several lines that would run are not typed."""
    why = deck.features.terminals.of(await deck.get(session)).paste(text, run)
    return {"typed": not why, "why": why}


@command("terminal.last")
async def last(deck: Deck, session: str) -> TerminalCommand:
    """The last command in a terminal whose shell tells of them, with its output."""
    ran = await deck.features.terminals.last(await deck.get(session))
    if ran is None:
        raise NotFound(
            "This terminal has told of no command.",
            "Its shell has to: docs/terminals.md says how (OSC 133).",
        )
    return {
        "command": ran.command, "output": ran.output, "exit": ran.exit, "seconds": ran.seconds,
    }  # fmt: skip


@command("terminal.notify")
async def notify(deck: Deck, session: str, state: str = "", message: str = "") -> None:
    """What a program on a terminal says of itself: needs-you, done, working, idle or failed."""
    # `state` is no Said for the checker: another word is refused in words that its user reads.
    deck.features.terminals.told(await deck.get(session), state, message)


@command("terminal.clipboard")
async def clipboard(deck: Deck, session: str, ask: str) -> str:
    """Answer a program's question for the clipboard with yes; what it wants to put there."""
    return await deck.features.terminals.of(await deck.get(session)).copied(ask)


@command("terminal.recorded")
async def recorded(deck: Deck, session: str, offset: int = 0) -> Recorded:
    """A part of what a terminal has shown, for showing it again."""
    target = await deck.get(session)
    deck.features.terminals.flush(target)
    return cast("Recorded", await asyncio.to_thread(recording.part, target.folder, offset))
