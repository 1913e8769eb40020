"""A screen that has the terminal's size, however fast that changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual import events

if TYPE_CHECKING:
    from textual.screen import Screen

    _Screen = Screen[Any]
else:
    _Screen = object


class Fitted(_Screen):
    """Mixed into a screen, before Textual's own class: `class DeckScreen(Fitted, Screen)`."""

    async def _on_resize(self, event: events.Resize) -> None:
        """Lay out for the size that the terminal has now, whatever size was told.

        At every layout Textual (8.2.8) tells a screen its own new size, too. Has the terminal got
        another one meanwhile, then that news lies in the screen's queue before this; and of two
        such events in a row the last one counts: the frame kept the older size.
        """
        event.prevent_default()  # Textual calls a handler per class; this one stands for both
        event.stop()
        size = self.app.size
        await super()._on_resize(event if event.size == size else events.Resize(size, size))
