"""The application: small; what it shows is `tui.deck.screen`, what it does `tui.commands`.

Its first frame needs little: the deck's screen, its widgets and its actions are imported when
that frame is painted. What is typed meanwhile is kept for the composer.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from sessions.errors import UsageError
from sessions.paths import places
from tui.deck import shutdown_signals
from tui.deck.memory import Memory
from tui.options import DEFAULT_THEME, DeckOptions
from tui.pictures import close_shelf
from tui.terminal import keys
from tui.terminal.asked_once import AskedOnce
from tui.terminal.output_guard import GuardedApp
from tui.terminal.painted_early import PaintedEarly
from tui.terminal.resizing import SureSize
from tui.terminal.typeahead import Typeahead
from tui.themes import CONTRAST, THEMES
from tui.timing import idle
from tui.timing.background_work import if_shown
from tui.view import light_strip

if TYPE_CHECKING:
    from textual.command import Provider
    from textual.driver import Driver

    from tui.deck.client import ClientFactory
    from tui.deck.screen import DeckScreen


def deck_commands() -> type[Provider]:
    """The palette's provider, imported when it is opened."""
    from tui.palette import DeckCommands

    return DeckCommands


class DeckApp(PaintedEarly, AskedOnce, GuardedApp, SureSize):
    """The deck. `client_factory` connects to an engine; tests hand in another."""

    TITLE = "agentdeck"
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+shift+p"  # the registry binds the palette's keys
    COMMANDS = {deck_commands}  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = []
    CSS = "#curtain { dock: top; height: 1; background: $panel; color: $primary; }"

    def __init__(
        self,
        options: DeckOptions | None = None,
        client_factory: ClientFactory | None = None,
        memory: Memory | None = None,
    ) -> None:
        keys.learn()
        light_strip.lighten()
        super().__init__()
        self.options = options or DeckOptions()
        self.memory = memory or Memory()
        self._factory = client_factory
        self._deck: DeckScreen | None = None
        self._early: list[events.Key | events.Paste] | None = []
        self._behind = Typeahead(self, self._give, self._opens)
        self._openers_of: tuple[object, frozenset[str]] = None, frozenset()
        self.key_at = 0.0
        """When the last key was pressed (monotonic)."""

    @property
    def deck(self) -> DeckScreen:
        """The deck's screen."""
        if self._deck is None:
            from tui.deck.client import connect, connect_to_read
            from tui.deck.screen import DeckScreen

            own = connect_to_read if self.options.read_only else connect
            self._deck = DeckScreen(self.options, self.memory, self._factory or own)
            self._deck.topics.connected.subscribe(self._engine_found)
            self._deck.topics.fault.subscribe(self._not_taken_in)
        return self._deck

    def _build_driver(self, headless: bool, *how: Any, **named: Any) -> Driver:
        """As in Textual; from before it takes the terminal on, who ends the deck gets that back."""
        driver = super()._build_driver(headless, *how, **named)
        if not driver.is_headless:
            shutdown_signals.watch(self, self._leave, self._save)
        return driver

    def compose(self) -> ComposeResult:
        """What is seen before the deck is."""
        yield Static(Content.styled(" agentdeck  starting…", "bold"), id="curtain", markup=False)

    def on_mount(self) -> None:
        """The theme, and after the first frame the deck."""
        for theme in THEMES:
            self.register_theme(theme)
        self.theme_changed_signal.subscribe(self, self._contrast)
        wanted = self.memory.theme or self.options.theme
        self.theme = wanted if wanted in self.available_themes else DEFAULT_THEME
        self.theme_changed_signal.subscribe(self, self._theme_changed)
        self.call_after_refresh(self._raise_curtain)

    async def _raise_curtain(self) -> None:
        deck = self.deck
        if self.options.keys:
            from tui import actions as registry

            self.set_keymap(registry.keymap(self.options.keys))
        await self.push_screen(deck)
        # The deck begins to look for the engine after its first refresh, and says so in the next.
        deck.call_after_refresh(deck.call_after_refresh, if_shown(deck, self._first_frame))
        early, self._early = self._early or [], None
        for event in early:
            if isinstance(event, events.Key):
                self.post_message(events.Key(event.key, event.character))
            else:
                self.post_message(events.Paste(event.text))

    def _first_frame(self) -> None:
        deck = self.deck
        nothing_yet = deck.link.coming and not (deck.model.summaries or deck.composer.draft)
        ours = self.screen is deck and not (self._notifications or self.is_web)
        self.first_drawn(nothing_yet and ours and not self.options.read_only)

    async def on_event(self, event: events.Event) -> None:
        """Know when a key was pressed last; keys wait for what the one before them opens."""
        if isinstance(event, events.Key):
            self.key_at = monotonic()
            if self._deck is not None:
                self._deck.clock.key()
        if isinstance(event, (events.Key, events.Paste)) and not event.is_forwarded:
            await self._behind.take(event)
        else:
            await super().on_event(event)

    async def _give(self, event: events.Event) -> None:
        if not (isinstance(event, events.Key) and self._to_program(event)):
            await super().on_event(event)

    def _opens(self, event: events.Event) -> bool:
        """Whether a key may open something, or leave it."""
        if not isinstance(event, events.Key) or self._deck is None:
            return False
        if self.screen is not self._deck:
            return event.key in ("enter", "escape") or event.key.startswith(("ctrl+", "alt+"))
        if getattr(self.focused, "takes_keys", False):
            return False
        if event.key in ("enter", "tab"):
            return self._deck.composer.offers.open
        return event.key in self._openers(self._deck.options.keys)

    def _openers(self, changed: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
        """The keys of all actions that may ask something first."""
        if changed is not self._openers_of[0]:
            from tui import actions as registry

            specs = [spec for spec in registry.actions().values() if not spec.instant]
            found = frozenset(key for spec in specs for key in registry.keys_of(spec, changed))
            self._openers_of = changed, found | {"ctrl+r"}  # the composer's own
        return self._openers_of[1]

    def on_done(self) -> None:
        """A key that may open something has been done."""
        self._behind.done()

    def _to_program(self, event: events.Key) -> bool:
        """Whether a terminal has the keys, and took this one: then it is nobody else's."""
        if self._deck is None or self.screen is not self._deck or event.is_forwarded:
            return False
        take = getattr(self.focused, "take_key", None)
        return take is not None and bool(take(event))

    def simulate_key(self, key: str) -> None:
        """As if a key had been pressed.

        By Textual's (8.2.8) own it comes from whoever asks for it; asked for by a dialog, it is
        lost where the dialog stops what it has sent itself, before its bindings are looked at.
        """
        self.post_message(events.Key(key, None).set_sender(self))

    def on_key(self, event: events.Key) -> None:
        """Keys that came before there was anything to take them."""
        if self._early is not None:
            self._early.append(event)

    def on_paste(self, event: events.Paste) -> None:
        """What was pasted then."""
        if self._early is not None:
            self._early.append(event)

    def watch_app_focus(self, focus: bool) -> None:
        """Focus the field of a screen that came while another window was looked at.

        Textual (8.2.8) gives back the focus that was there before, and only that: who looked
        elsewhere while the deck started typed into nothing.
        """
        if focus and self.screen.focused is None:
            self.screen._update_auto_focus()

    def _contrast(self, _: object) -> None:
        self.set_class(self.theme.startswith(CONTRAST), "-contrast")

    def _theme_changed(self, _: object) -> None:
        if self.theme != self.memory.theme:
            self.memory.theme = self.theme
            self.deck.drafts.remember()

    def _engine_found(self, _: bool) -> None:
        """Start-up is over."""
        idle.started()

    def _not_taken_in(self, error: Exception) -> None:
        self.fault("Something that the engine told was not taken in", error)

    async def action_quit(self) -> None:
        """Leave; the sessions go on."""
        await self.deck.close_link()
        close_shelf(self)
        self.exit()

    def _leave(self, return_code: int) -> None:
        self._save()
        close_shelf(self)
        self.exit(return_code=return_code)

    def _save(self) -> None:
        if self._deck is not None and self._deck.is_mounted:
            self._deck.drafts.save()


def run(options: DeckOptions | None = None, *, read_only: bool = False) -> int:
    """Open the deck in this terminal, or in the browser's tab that this runs for; the exit code.

    Raises:
        UsageError: there is no terminal, or the configuration is wrong.
    """
    # In a tab the "terminal" is two pipes; who starts it there names the driver for them.
    ours = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))
    if not os.environ.get("TEXTUAL_DRIVER") and not ours:
        raise UsageError(
            "The deck needs a terminal, and this is none.",
            "Use `agentdeck run PROMPT` in scripts; see `agentdeck -h`.",
        )
    if options is None:
        options = _configured()
    if read_only:
        options = replace(options, read_only=True)
    if options.keys:  # a wrong [keys] is said before the screen is taken
        from tui import actions as registry

        registry.keymap(options.keys)
    memory = Memory.load(places().state / "deck.json" if options.remember else None)
    if options.read_only:
        memory.path = None
    app = DeckApp(options, memory=memory)
    app.run()
    return app.return_code or 0


def _configured() -> DeckOptions:
    """What the configuration says; without a file, the defaults at once."""
    if not places().config_file.exists():
        return DeckOptions()
    from sessions import config

    return DeckOptions.of(config.load())
