"""Settings: the whole configuration on a screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.deck.interfaces import ForSettings
    from tui.screens.settings.screen import SettingsScreen


async def settings_screen(deck: ForSettings, look_for: str = "") -> SettingsScreen:
    """The screen. The engine is asked first: it looks while the screen's code is read."""
    await deck.settings.begin(deck.client)
    from tui.screens.settings.screen import SettingsScreen

    return SettingsScreen(deck, look_for)
