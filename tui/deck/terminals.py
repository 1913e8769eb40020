"""The deck's part in terminals: what comes for them, and what they ask of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from sessions.api.terminals import TerminalOutput
from tui.deck.ports import Asks, HasModel, HasTiles
from tui.text import one_line

if TYPE_CHECKING:
    from tui.deck.engine_link import Link
    from tui.terminals.view import TerminalView
    from tui.view.clock import FrameClock


class ForTerminals(HasModel, HasTiles, Asks, Protocol):
    """What is needed of the deck's screen for terminals."""

    clock: FrameClock
    link: Link

    async def guarded(self, work: object) -> None:
        """Do something; what is refused is said."""

    def run_worker(self, work: object, *, group: str, exit_on_error: bool) -> object:
        """Do something aside."""


class ForPasting(HasModel, Asks, Protocol):
    """What is needed to type a text into a terminal."""


class WithTerminals:
    """Of the deck's screen; a class of its own so that the screen's file stays short."""

    keys_for = ""
    """The terminal that gets the keys as soon as it is in view."""

    def terminal_came(self, session_id: str, output: TerminalOutput) -> None:
        """A terminal has printed something."""
        deck = cast("ForTerminals", self)
        tile = deck.tiles.get(session_id)
        if tile is not None and tile.came(output):
            deck.clock.wake(tile.face)

    def attend(self) -> None:
        """Those in view look on."""
        deck = cast("ForTerminals", self)
        if deck.link.up:
            for tile in deck.tiles.values():
                tile.attend(deck.client)
        if (wanted := deck.tiles.get(self.keys_for)) is not None:
            self.keys_for = ""
            wanted.face.focus()

    def on_terminal_view_pasted(self, message: TerminalView.Pasted) -> None:
        """A text for a terminal: asked about where its lines would run."""
        deck = cast("ForTerminals", self)
        work = paste(deck, message.view.session, message.text)
        deck.run_worker(deck.guarded(work), group="paste", exit_on_error=False)


async def paste(deck: ForPasting, session: str, text: str) -> None:
    """Type a text into a terminal; where its lines would run at once, ask first."""
    from tui.screens.dialogs import Confirm

    told = await deck.client.call("terminal.paste", session=session, text=text)
    if told["typed"]:
        return
    lines = len(text.splitlines())
    first = "\n".join(one_line(line)[:100] for line in text.splitlines()[:6])
    more = f"\n… and {lines - 6} more" if lines > 6 else ""
    said = f"{told['why']} It runs at once, line by line:\n\n{first}{more}"
    question = Confirm(f"Paste {lines} lines into {deck.name_of(session)}?", said, "Paste and run",
                       danger=True)  # fmt: skip
    if await deck.app.push_screen_wait(question):
        await deck.client.call("terminal.paste", session=session, text=text, run=True)
