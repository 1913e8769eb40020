"""The deck's part in terminals: what comes for them, and what they ask of it."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from sessions.api.terminals import TerminalOutput
from sessions.errors import UsageError
from sessions.safety.sanitise import clean_line

if TYPE_CHECKING:
    from tui.deck.ports import Asks, ForBeginning, ForPicking, ForTerminals
    from tui.terminals.view import TerminalView
    from tui.widgets.permission import PermissionBox

_OPERATORS = frozenset("();<>|&")


class WithTerminals:
    """Of the deck's screen; a class of its own so that the screen's file stays short."""

    keys_for = ""
    """The terminal that gets the keys as soon as it is in view."""

    def terminal_came(self: ForTerminals, session_id: str, output: TerminalOutput) -> None:
        """A terminal has printed something."""
        tile = self.tiles.get(session_id)
        if tile is not None and tile.came(output):
            self.clock.wake(tile.face)

    def attend(self: ForTerminals) -> None:
        """Those in view look on."""
        if self.link.up:
            for tile in self.tiles.values():
                tile.attend(self.client)
        if (wanted := self.tiles.get(self.keys_for)) is not None:
            self.keys_for = ""
            wanted.face.focus()

    def copies(self: ForTerminals, given: PermissionBox.Answered) -> bool:
        """A program may put something into the clipboard: done here, by the deck's own way."""
        summary = self.model.summaries.get(given.session)
        if summary is None or summary.terminal is None or given.decision != "copy":
            return False
        work = copy_asked(self, given.session, given.ask)
        self.run_worker(self.guarded(work), group="copy", exit_on_error=False)
        return True

    def on_terminal_view_pasted(self: ForTerminals, message: TerminalView.Pasted) -> None:
        """A text for a terminal: asked about where its lines would run."""
        work = paste(self, message.view.session, message.text)
        self.run_worker(self.guarded(work), group="paste", exit_on_error=False)

    def on_terminal_view_keys_moved(self: ForTerminals, _: TerminalView.KeysMoved) -> None:
        """The footer says who has the keys."""
        self.redraw()

    def on_terminal_view_again(self: ForTerminals, message: TerminalView.Again) -> None:
        """A program that has ended is started again, and has the keys again."""
        session = message.view.session
        self.keys_for = session
        work = self.client.call("terminal.again", session=session)
        self.run_worker(self.guarded(work), group="again", exit_on_error=False)


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
        from tui.folder import here

        cwd = here()
    made = await deck.client.call(
        "terminal.new", argv=argv, session=beside, cwd=cwd, title=title, columns=80, rows=24
    )
    give_keys(deck, deck.met(made))


def give_keys(deck: ForBeginning, session: str) -> None:
    """Go to a terminal, and let it have the keys as soon as it is there."""
    deck.keys_for = session
    deck.go(session)
    deck.redraw(reflow=True)
