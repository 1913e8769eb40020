"""The terminal's size is looked at once more when a drag of its corner has come to rest.

Textual (8.2.8) reads the size in its handler of SIGWINCH and then sends it on. A second signal
can come between the two: its newer size goes first, the older one after it, and the screen
stays laid out for a terminal that is gone.
"""

from __future__ import annotations

import asyncio
import os
import sys

from textual import events
from textual.app import App
from textual.geometry import Size

from tui.timing.timers import later

AT_REST_S = 0.15
"""So long after the last change the size is compared."""


class SureSize(App[None]):
    """An app whose size is the terminal's, however fast that changes."""

    _resting: asyncio.TimerHandle | None = None

    def on_resize(self) -> None:
        """Compare once no more changes come."""
        if self.is_headless:
            return
        if self._resting is not None:
            self._resting.cancel()
        self._resting = later(self, AT_REST_S, self._compare)

    def _compare(self) -> None:
        self._resting = None
        real = terminal_size()
        if real is not None and real != self.size:
            self.post_message(events.Resize(real, real))


def terminal_size() -> Size | None:
    """Columns and rows of the terminal; None where there is none, or the environment says it."""
    out = sys.__stdout__  # once: while a thread imports what draws pictures it is none
    if "COLUMNS" in os.environ or "LINES" in os.environ or out is None:
        return None
    try:
        return Size(*os.get_terminal_size(out.fileno()))
    except (OSError, ValueError):
        return None
