"""The deck's end of a browser's tab: named to Textual by `tui.web.server`."""

from __future__ import annotations

import os
from typing import Any

from textual import events
from textual.app import App
from textual.drivers.web_driver import WebDriver

_OURS = ("COLUMNS", "ROWS", "TERM_PROGRAM", "TERM_PROGRAM_VERSION")


class TabDriver(WebDriver):
    """Textual's driver for a tab. What told it of the tab is not handed on.

    The engine that a deck starts outlives the tab, and its commands would be told of a terminal
    of that size, and every Textual program among them that it is in a browser.
    """

    def __init__(self, app: App[Any], **how: Any) -> None:
        super().__init__(app, **how)
        for name in [n for n in os.environ if n in _OURS or n.startswith("TEXTUAL")]:
            del os.environ[name]

    def start_application_mode(self) -> None:
        """As in Textual, which takes a tab's focus away at once, whatever the page has said."""
        super().start_application_mode()
        self._app.call_later(self._app.post_message, events.AppFocus())
