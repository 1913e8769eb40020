"""The application: small; what it shows is `tui.deck_screen`, what it does `tui.commands`."""

from __future__ import annotations

import gc
import sys
from typing import ClassVar

from textual.app import App
from textual.binding import BindingType

from sessions.errors import UsageError
from sessions.places import places
from tui import actions as registry
from tui import keys
from tui.client import ClientFactory, connect
from tui.deck_screen import DeckScreen
from tui.gate import GuardedApp
from tui.memory import Memory
from tui.options import DEFAULT_THEME, DeckOptions
from tui.palette import DeckCommands


class DeckApp(GuardedApp, App[None]):
    """The deck. `client_factory` connects to an engine; tests hand in another."""

    TITLE = "agentdeck"
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+shift+p"  # the registry binds the palette's keys
    COMMANDS = {DeckCommands}  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(
        self,
        options: DeckOptions | None = None,
        client_factory: ClientFactory = connect,
        memory: Memory | None = None,
    ) -> None:
        keys.learn()
        super().__init__()
        self.options = options or DeckOptions()
        self.memory = memory or Memory()
        self._factory = client_factory
        self.deck = DeckScreen(self.options, self.memory, client_factory)

    def on_mount(self) -> None:
        """Theme, keys, and the deck."""
        wanted = self.memory.theme or self.options.theme
        self.theme = wanted if wanted in self.available_themes else DEFAULT_THEME
        self.set_keymap(registry.keymap(self.options.keys))
        self.theme_changed_signal.subscribe(self, self._theme_changed)
        self.push_screen(self.deck)

    def _theme_changed(self, _: object) -> None:
        if self.theme != self.memory.theme:
            self.memory.theme = self.theme
            self.deck.remember()

    def engine_found(self) -> None:
        """Start-up is over: what lives now lives on, and need not be looked through again."""
        gc.collect()
        gc.freeze()

    async def action_quit(self) -> None:
        """Leave; the sessions go on."""
        await self.deck.close_link()
        self.exit()


def run(options: DeckOptions | None = None) -> int:
    """Open the deck in this terminal; the exit code.

    Raises:
        UsageError: there is no terminal, or the configuration is wrong.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "The deck needs a terminal, and this is none.",
            "Use `agentdeck run PROMPT` in scripts; see `agentdeck -h`.",
        )
    if options is None:
        from sessions import config

        options = DeckOptions.of(config.load())
    registry.keymap(options.keys)  # a wrong [keys] is said before the screen is taken
    memory = Memory.load(places().state / "deck.json" if options.remember else None)
    app = DeckApp(options, memory=memory)
    app.run()
    return app.return_code or 0
