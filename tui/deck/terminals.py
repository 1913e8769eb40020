"""The deck's part in terminals: how they begin, who gets the keys, and what they ask of it."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from sessions.errors import UsageError
from sessions.safety.sanitise import clean_line
from tui.deck.tell_engine import tell_engine

if TYPE_CHECKING:
    from tui.deck.interfaces import Asks, ForBeginning, ForPicking, ForTerminals
    from tui.widgets.permission import PermissionBox

_OPERATORS = frozenset("();<>|&")


def attend(deck: ForTerminals) -> None:
    """Those in view look on; the one that waits for the keys gets them."""
    if deck.link.up:
        for tile in deck.tiles.values():
            tile.attend(deck.client)
    if (wanted := deck.tiles.get(deck.model.keys_for)) is not None:
        deck.model.keys_for = ""
        wanted.face.focus()


def copies(deck: ForTerminals, given: PermissionBox.Answered) -> bool:
    """A program may put something into the clipboard: done here, by the deck's own way."""
    summary = deck.model.summaries.get(given.session)
    if summary is None or summary.terminal is None or given.decision != "copy":
        return False
    deck.in_background(copy_asked(deck, given.session, given.ask), "copy")
    return True


def start_again(deck: ForTerminals, session: str) -> None:
    """A program that has ended is started again, and has the keys again."""
    deck.model.keys_for = session
    tell_engine(deck, session, lambda c: c.call("terminal.again", session=session))


async def copy_asked(deck: Asks, session: str, ask: str) -> None:
    """Copy what a program asked to be copied."""
    deck.app.copy_to_clipboard(
        await deck.client.call("terminal.clipboard", session=session, ask=ask)
    )


async def paste(deck: ForPicking, session: str, text: str) -> bool:
    """Type a text into a terminal; where its lines would run at once, ask first. Whether it was."""
    from tui.screens.dialogs import Confirm

    told = await deck.client.call("terminal.paste", session=session, text=text)
    if told["typed"]:
        return True
    lines = len(text.splitlines())
    first = "\n".join(clean_line(line.expandtabs(4))[:100] for line in text.splitlines()[:6])
    more = f"\n… and {lines - 6} more" if lines > 6 else ""
    said = f"{told['why']} It runs at once, line by line:\n\n{first}{more}"
    asked = f"Paste {lines} lines into {deck.model.name_of(session)}?"
    question = Confirm(asked, said, "Paste and run", danger=True)
    if not await deck.app.push_screen_wait(question):
        return False
    await deck.client.call("terminal.paste", session=session, text=text, run=True)
    return True


def command_of(line: str) -> list[str]:
    """The words of a command line; a shell has it where only a shell knows what it means.

    Raises UsageError.
    """
    parts = shlex.shlex(line, posix=False, punctuation_chars=True)
    parts.commenters = ""
    try:
        words = shlex.split(line)
        means_more = any(_OPERATORS.issuperset(part) or part.startswith("$") for part in parts)
    except ValueError as error:
        raise UsageError(f"That is no command: {error}.", "Close what was quoted.") from error
    return [os.environ.get("SHELL") or "sh", "-c", line] if means_more else words


async def begin(deck: ForBeginning, line: str, cwd: str = "", title: str = "") -> None:
    """Make a terminal with that command on it, and give it the keys. Raises AgentdeckError."""
    argv = command_of(line)
    summary = deck.model.summary()
    beside = summary.id if summary is not None and not cwd else ""
    if not (beside or cwd):
        from tui.start_directory import here

        cwd = here()
    made = await deck.client.call(
        "terminal.new", argv=argv, session=beside, cwd=cwd, title=title, columns=80, rows=24
    )
    give_keys(deck, deck.feed.met(made))


def give_keys(deck: ForBeginning, session: str) -> None:
    """Go to a terminal, and let it have the keys as soon as it is there."""
    deck.model.keys_for = session
    deck.go(session)
    deck.redraw(reflow=True)
