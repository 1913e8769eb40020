"""What lies behind a dialog, painted once for all that happens in the moment of its opening.

Textual (8.2.8) paints and tints the whole screen below anew for each frame of a dialog, style by
style and piece by piece: a third of the time that a dialog takes to open, which is three or four
frames. Here it is kept for a moment, and each style is tinted once.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.geometry import Region
from textual.renderables.background_screen import BackgroundScreen
from textual.strip import Strip

if TYPE_CHECKING:
    from typing import Self

    from textual.screen import Screen

    _Screen = Screen[Any]
else:
    _Screen = object

FRESH_S = 0.25
"""What lies behind is taken for unchanged so long; it is painted no oftener than once a second."""


class Tint:
    """Styles as they look under a colour that lets some of them through."""

    def __init__(self, color: Color, ground: Style) -> None:
        self.color = color
        self.ground = ground
        self._styles: dict[Style | None, Style] = {}

    def strip(self, strip: Strip) -> Strip:
        """A row under it."""
        found = [
            part if part.control else Segment(part.text, self.style(part.style)) for part in strip
        ]
        return Strip(found, strip.cell_length)

    def style(self, style: Style | None) -> Style:
        """A style under it, without what can be clicked."""
        known = self._styles.get(style)
        if known is None:
            known = self._styles[style] = self.ground + self._tinted(style or Style())
        return known

    def _tinted(self, style: Style) -> Style:
        style = style.clear_meta_and_links()
        if self.color.a == 0:
            return style
        colors = (
            (Color.from_rich_color(each) + self.color).rich_color if each is not None else None
            for each in (style.color, style.bgcolor)
        )
        return style + Style.from_color(*colors)


class Dimmed(_Screen):
    """Mixed into a dialog's screen, before Textual's own class."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._rows: list[Strip] = []
        self._rows_of: object = None
        """The size and the theme that they were painted for."""
        self._fresh_until = 0.0
        self._tint = Tint(Color(0, 0, 0, 0.0), Style())

    def refresh(self, *regions: Region, **how: bool) -> Self:
        """Something lies there otherwise: Textual names regions of a screen for nothing else."""
        if regions:
            for screen in self.app.screen_stack:
                if isinstance(screen, Dimmed):
                    screen._fresh_until = 0.0
        return super().refresh(*regions, **how)

    def render_line(self, y: int) -> Strip:
        """A row of what lies behind."""
        rows = self._behind_rows()
        self._dirty_regions.clear()  # as Textual does when it has painted a widget's content
        return rows[y] if y < len(rows) else super().render_line(y)

    def _behind_rows(self) -> list[Strip]:
        key = (self.size, self.app.theme)
        if key == self._rows_of and monotonic() < self._fresh_until:
            return self._rows
        below = self.render()
        if not isinstance(below, BackgroundScreen):
            # Textual tells it for the first row of a painting alone, which may take long.
            return self._rows if key == self._rows_of else []
        ground = self.visual_style.rich_style
        if (below.color, ground) != (self._tint.color, self._tint.ground):
            self._tint = Tint(below.color, ground)
        self._rows = [self._tint.strip(s) for s in below.screen._compositor.render_strips()]
        self._rows_of, self._fresh_until = key, monotonic() + FRESH_S
        return self._rows
