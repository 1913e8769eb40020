"""The deck's own part of the configuration, taken anew while the deck is open."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from tui import actions as registry
from tui.options import DeckOptions

if TYPE_CHECKING:
    from tui.deck.interfaces import ReloadsConfig


async def reload_config(deck: ReloadsConfig) -> None:
    """Keys, notices and theme as the file says them now. Raises UsageError where it is wrong."""
    from sessions import config

    fresh = DeckOptions.of(await asyncio.to_thread(config.load))
    keymap = registry.keymap(fresh.keys)
    before = deck.options
    deck.options = replace(before, keys=fresh.keys, notify=fresh.notify, theme=fresh.theme)
    deck.notifier.how = fresh.notify
    app = deck.app
    if fresh.keys != before.keys:
        app.set_keymap(keymap)
    if fresh.theme != before.theme and fresh.theme in app.available_themes:
        app.theme = fresh.theme
    deck.redraw()
