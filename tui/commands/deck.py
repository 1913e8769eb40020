"""Actions on the deck itself: help, palette, theme, what answers, reconnect, leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.actions import action
from tui.commands.sessions import connected

if TYPE_CHECKING:
    from tui.deck.action_interfaces import ForActions, HasTour, Leaves, Reconnects, ShowsBackends
    from tui.deck.interfaces import AsksUser, ForSettings, HasLink

GROUP = "Deck"


def disconnected(deck: HasLink) -> bool:
    """There is no engine, and none is being looked for."""
    return not deck.link.up and not deck.link.connecting


@action("reconnect", "Reconnect", keys=("ctrl+r", "alt+f12"), group=GROUP, footer="reconnect",
        when=disconnected, order=0)  # fmt: skip
async def reconnect(deck: Reconnects) -> None:
    """Find the engine again, or start it."""
    deck.reconnect()


@action("help", "Help", keys=("f1",), group=GROUP, footer="help", order=98)
async def show_help(deck: ForActions) -> None:
    """All keys, and what they do."""
    from tui.screens.help import Help

    chosen = await deck.app.push_screen_wait(Help(deck))
    if chosen:
        deck.start(chosen)
        deck.shortcut_hints.than(chosen)


@action("palette", "Palette", keys=("ctrl+p", "alt+p"), group=GROUP, footer="all", order=99)
async def palette(deck: AsksUser) -> None:
    """Every action by name, and every session by title."""
    deck.app.action_command_palette()


@action("tour", "The tour of the deck", group=GROUP)
async def tour(deck: HasTour) -> None:
    """Two minutes: what the deck can do, beside what you do; enter goes on, esc skips it."""
    deck.tour.begin()


@action("settings", "Settings", keys=("alt+o",), group=GROUP, when=connected)
async def settings(deck: ForSettings) -> None:
    """Everything that can be set: found, explained, checked as typed, written to your file."""
    from tui.screens.settings import settings_screen

    await deck.app.push_screen_wait(await settings_screen(deck))


@action("backends", "What answers here", group=GROUP, when=connected)
async def backends(deck: ShowsBackends) -> None:
    """The backends: what is configured, what works, what is missing."""
    from tui.screens.backends import BackendsScreen

    await deck.app.push_screen_wait(BackendsScreen(deck))


@action("theme", "Change the theme", group=GROUP)
async def theme(deck: AsksUser) -> None:
    """Light, dark, high contrast and others; remembered."""
    deck.app.search_themes()


@action("leave", "Leave", keys=("ctrl+q",), group=GROUP, footer="leave", order=70)
async def leave(deck: Leaves) -> None:
    """Leave the deck; the sessions go on."""
    await deck.close_link()
    deck.app.exit()
