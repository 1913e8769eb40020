"""What the first dialog needs, made ready while nobody does anything.

The settings' code, their rows from the engine, which reads code for them too, and the style sheet,
after which Textual parses all sheets anew and looks at every widget again: the first `alt+o` waited
for these. At the start of the deck they would make the first frame later.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

from sessions.errors import AgentdeckError
from tui.timing.background_work import while_shown
from tui.timing.idle import when_idle

if TYPE_CHECKING:
    from textual.screen import Screen

    from tui.deck.interfaces import ForSettings

IDLE_S = 0.5
"""Without a key; a person needs longer to find the first one."""


def ready_when_idle(screen: Screen[None], deck: ForSettings) -> None:
    """Get it ready as soon as no key has come for a while."""

    def begin() -> None:
        work = while_shown(screen, made_ready, screen, deck)
        screen.run_worker(work, group="ahead", exit_on_error=False)

    when_idle(screen.app, begin, IDLE_S)


async def made_ready(screen: Screen[None], deck: ForSettings) -> None:
    """Read the code of the settings and of what all dialogs share, their style sheets and rows."""
    with suppress(AgentdeckError):  # whoever opens them is told
        if deck.settings.last is None:
            await deck.settings.answer(deck.client)
    await asyncio.to_thread(import_module, "tui.screens.settings.screen")
    from tui.screens.settings.screen import SettingsScreen

    sheets = screen.app.stylesheet
    lacking = [str(p) for p in SettingsScreen(deck).css_path if not sheets.has_source(str(p))]
    for path in lacking:
        sheets.read(path)
    if lacking:
        sheets.reparse()
        sheets.update(screen.app)
