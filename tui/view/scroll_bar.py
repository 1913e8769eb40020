"""A scrollbar of which only what moved is painted.

Textual's (8.2.8) goes through Rich and the style caches for each row of it, and is painted whole
at every change of each of its three figures: with two dozen views that follow their ends, that
was a tenth of what the interface took.
"""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.strip import Strip


def runs(rows: list[int], width: int) -> list[Region]:
    """The regions of some rows; neighbours share one."""
    found: list[list[int]] = []
    for y in rows:
        if found and found[-1][1] == y:
            found[-1][1] = y + 1
        else:
            found.append([y, y + 1])
    return [Region(0, start, width, end - start) for start, end in found]


def cut_out(strips: list[Strip], crop: Region) -> list[Strip]:
    """What is seen of a view's rows in a part of it; blank where it has none."""
    seen = strips[crop.y : crop.bottom]
    x1, x2 = crop.column_span
    if strips and (x1 > 0 or x2 < strips[0].cell_length):
        seen = [strip.crop_extend(x1, x2, None) for strip in seen]
    return seen + [Strip.blank(crop.width)] * (crop.height - len(seen))


class RowsScrollBar(ScrollBar):
    """An upright scrollbar; `stand` moves it."""

    _made_for: object = None
    _made: list[Strip] = []  # noqa: RUF012 - replaced, never changed

    def stand(self, total: int, window: int, top: float) -> None:
        """It stands so: have the rows painted that look different."""
        before = self._made
        self.set_reactive(ScrollBar.window_virtual_size, total)
        self.set_reactive(ScrollBar.window_size, window)
        self.set_reactive(ScrollBar.position, self.validate_position(top))
        now = self._rows()
        if len(before) != len(now):
            self.refresh()
        elif changed := [y for y, strip in enumerate(now) if strip != before[y]]:
            self.refresh(*runs(changed, self.size.width))

    def render_lines(self, crop: Region) -> list[Strip]:
        """Its rows, for the compositor; no style cache lies between."""
        return cut_out(self._rows(), crop)

    def _rows(self) -> list[Strip]:
        if self.parent is None:  # taken out, and still painted there
            return self._made
        bar = self.render()
        assert isinstance(bar, ScrollBarRender)
        width, height = self.size
        filters = self.app.get_line_filters()
        key = (width, height, bar.virtual_size, bar.window_size, bar.position, bar.style, *filters)
        if key != self._made_for:
            self._made_for, self._made = key, self._drawn(bar, width, height)
        return self._made

    def _drawn(self, bar: ScrollBarRender, width: int, height: int) -> list[Strip]:
        style = self.app.console.get_style(bar.style)
        assert style.color is not None and style.bgcolor is not None
        drawn = bar.render_bar(
            height, bar.virtual_size, bar.window_size, bar.position, width, True,
            style.bgcolor, style.color,
        )  # fmt: skip
        _, _, background, text = self.colors
        under = Style.from_color(text.rich_color, background.rich_color)
        segments = [Segment(s.text, under + s.style) for s in drawn.segments if s.style]
        for line_filter in self.app.get_line_filters():
            segments = line_filter.apply(segments, background)
        return [Strip([segment], width) for segment in segments]
