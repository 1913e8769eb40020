"""A view that keeps the strips of its rows, so that only those that changed are painted.

It has a search line too, which takes the keys while it is open. What the rows are, and what is
found, is said by the classes below it: a transcript and a terminal.
"""

from __future__ import annotations

from textual import events
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from tui.view.compositor import LeanScreen
from tui.view.palette import Palette, palette_of
from tui.view.scroll_bar import RowsScrollBar, cut_out, runs


class DrawnRows(ScrollView):
    """Rows as strips. `draw` lays them out anew; nothing else of it touches layout or styles."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.typing: str | None = None
        """What is being typed into the search line, while it is open."""
        self._top = 0
        self._strips: list[Strip] = []
        self._palette: Palette | None = None
        self._laid_for: Size | None = None
        self._moving = False
        self._thumb_at = 0.0
        self._inside: tuple[int, int] | None = None
        self._inside_of: object = None

    # -- what the rows are

    def _lay_out(self, width: int, height: int) -> list[Strip]:
        """The strips of the rows in view; one that looks as before is the same one."""
        raise NotImplementedError

    def _text_row(self, y: int) -> int:
        """Which row of the whole text stands in that row of the view: a selection counts these."""
        return self._top + y

    def search(self, needle: str) -> int:
        """Find a text, and bring a match into view; how many there are."""
        raise NotImplementedError

    # -- drawing

    def _size_updated(
        self, size: Size, virtual_size: Size, container_size: Size, layout: bool = True
    ) -> bool:
        """Take in another size; at every layout of the screen Textual tells the one we have too.

        It takes ours for changed each time, since we say how many rows there are without a layout
        (`_say_place`), and has our scrollbar painted: a dozen of them whenever anything is shown.
        """
        if size == self._size and container_size == self._container_size:
            return False
        return super()._size_updated(size, virtual_size, container_size, layout)

    def draw(self) -> None:
        """Lay the rows out anew and have those painted that changed."""
        width, height = self._inner
        if not (width and height and self.is_attached):
            return
        strips = self._laid_out(width, height)
        old, self._strips = self._strips, strips
        if len(old) != len(strips):
            self.refresh()
            return
        changed = [y for y, strip in enumerate(strips) if strip is not old[y]]
        if changed:
            self._repaint(runs(changed, width))

    def _repaint(self, regions: list[Region]) -> None:
        """Have them painted: with the frame that is being drawn, or at the next."""
        screen = self.screen
        if not (isinstance(screen, LeanScreen) and screen.take_rows(self, regions)):
            self.refresh(*regions)

    def _laid_out(self, width: int, height: int) -> list[Strip]:
        self._laid_for = self._size
        return self._lay_out(width, height)

    @property
    def _inner(self) -> tuple[int, int]:
        """Columns and rows beside the scrollbar."""
        of = (self._size, self.show_vertical_scrollbar)
        if self._inside is None or of != self._inside_of:
            width, height = self.size
            self._inside_of = of
            self._inside = max(0, width - self.scrollbar_size_vertical), height
        return self._inside

    @property
    def vertical_scrollbar(self) -> RowsScrollBar:
        """The scrollbar, one of our own, made when it is asked for first."""
        bar = self._vertical_scrollbar
        if not isinstance(bar, RowsScrollBar):
            bar = RowsScrollBar(name="vertical", thickness=self.scrollbar_size_vertical)
            self._vertical_scrollbar = bar
            bar.display = False
            self.app._start_widget(self, bar)
        return bar

    def _colors(self) -> Palette:
        if self._palette is None:
            self._palette = palette_of(self)
        return self._palette

    def notify_style_update(self) -> None:
        """The theme or our own style changed."""
        super().notify_style_update()
        self._palette = self._inside = None
        self._strips = []

    def render_lines(self, crop: Region) -> list[Strip]:
        """The strips on screen, for the compositor; no style cache lies between."""
        if self._laid_for != self._size or not self._strips:
            width, height = self._inner
            if not (width and height):
                return [Strip.blank(crop.width)] * crop.height
            self._strips = self._laid_out(width, height)
            # Only the crop is painted now, and `draw` will find no row changed: without this,
            # text that came in since would not be seen until its row changes again.
            self.refresh()
        return cut_out(self._strips, crop)

    def render_line(self, y: int) -> Strip:
        """A row with its position in it: the compositor asks where in the text the mouse is."""
        if not 0 <= y < len(self._strips):
            return Strip.blank(self.size.width)
        return self._strips[y].apply_offsets(0, self._text_row(y))

    def _say_place(self, width: int, total: int) -> None:
        """Tell Textual where we are without it laying the screen out again.

        `virtual_size` is a reactive that causes a layout: so all is set silently.
        """
        self.set_reactive(Widget.virtual_size, Size(width, total))
        self._moving = True
        try:
            self.set_reactive(Widget.scroll_y, float(self._top))
            if not self.app.animator.is_being_animated(self, "scroll_y"):
                self.set_reactive(Widget.scroll_target_y, float(self._top))
        finally:
            self._moving = False

    # -- the mouse's selection (Textual's own, over several tiles too)

    def selection_updated(self, selection: Selection | None) -> None:
        """The selection grew, shrank or went."""
        self.draw()

    def selected(self) -> str:
        """What the mouse has selected here."""
        selection: Selection | None = self.text_selection
        found = self.get_selection(selection) if selection is not None else None
        return found[0] if found else ""

    # -- the search line

    def on_key(self, event: events.Key) -> None:
        """While the search line is open, keys go into it."""
        if self.typing is None:
            return
        event.stop()
        event.prevent_default()
        if event.key == "escape":
            self.typing = None
        elif event.key == "enter":
            needle, self.typing = self.typing, None
            if needle:
                self.search(needle)
        elif event.key == "backspace":
            self.typing = self.typing[:-1] if self.typing else None
        elif event.character is not None and event.character.isprintable():
            self.typing += event.character
        self.draw()

    def on_paste(self, event: events.Paste) -> None:
        """Pasted text goes into the search line, its first line."""
        if self.typing is not None:
            event.stop()
            self.typing += (event.text.splitlines() or [""])[0][:200]
            self.draw()

    def on_blur(self) -> None:
        """A search line that is left closes."""
        if self.typing is not None:
            self.typing = None
            self.draw()
