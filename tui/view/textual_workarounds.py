"""A screen that holds while the terminal's size and its own widgets change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual import events

if TYPE_CHECKING:
    from textual.geometry import Offset, Size
    from textual.screen import Screen
    from textual.widget import Widget

    _Screen = Screen[Any]
else:
    _Screen = object


class SteadyScreen(_Screen):
    """Mixed into a screen, before Textual's own class: `class DeckScreen(SteadyScreen, Screen)`."""

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

    def _screen_resized(self, size: Size) -> None:
        """Lay out for a size, unless that has been done and nothing has changed since.

        A screen that Textual (8.2.8) tells its new size has just been laid out for it, and so has
        all that lies behind a dialog when that one is told: both were laid out anew.
        """
        compositor = self._compositor
        waits = self._layout_required or self._scroll_required or self._layout_widgets
        if waits or compositor.root is not self or compositor.size != size or self.size != size:
            super()._screen_resized(size)

    def _refresh_layout(self, size: Size | None = None, scroll: bool = False) -> None:
        """Lay out; what has been asked for by now is done with that, and not once more after it.

        Nor is what Textual (8.2.8) asks for while it does: the screen has got a size by that.
        """
        whole = not scroll or bool(self._layout_widgets)
        super()._refresh_layout(size, scroll)
        if whole and (self.outer_size if size is None else size):
            self._layout_required = False

    def take_in_dirty(self) -> None:
        """Have the compositor know of all that is to be painted anew."""
        if self._dirty_widgets:
            self._compositor.update_widgets(self._dirty_widgets)

    def _compositor_refresh(self) -> None:
        """Paint what is dirty, and forget nothing of it.

        A layout that is made while updates are held back is painted a little later, and Textual
        (8.2.8) then forgets whatever has become dirty meanwhile, until it changes again: the only
        words of a program on a terminal never came on screen.
        """
        self.take_in_dirty()
        super()._compositor_refresh()

    def set_focus(
        self, widget: Widget | None, scroll_visible: bool = True, from_app_focus: bool = False
    ) -> None:
        """Give a widget the keys, unless it is being taken away.

        `Widget.focus` does it a little later, and Textual (8.2.8) then lets a widget that has gone
        meanwhile have all keys for good: not even esc left a dialog, nor did one reach the deck.
        """
        if widget is None or widget.display:  # which one that is being taken away has not
            super().set_focus(widget, scroll_visible, from_app_focus)

    def get_widget_and_offset_at(self, x: int, y: int) -> tuple[Widget | None, Offset | None]:
        """What lies at a place, without a widget that was taken out and is still painted there.

        Textual (8.2.8) asks for the region of its parent when the mouse goes down on it to select
        text; it has none any more.
        """
        widget, offset = super().get_widget_and_offset_at(x, y)
        if widget is None or widget is self or widget.parent is not None:
            return widget, offset
        return None, None
