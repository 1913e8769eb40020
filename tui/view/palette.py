"""Style names → colours, from Textual's theme and the background the view stands on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual.color import Color, ColorParseError
from textual.filter import LineFilter

if TYPE_CHECKING:
    from textual.widget import Widget

# name: (colour, attributes). A colour is a theme variable, or `muted` (between text and
# background), or "" for the text's own; `on NAME` asks for a tint of the background.
_STYLES: dict[str, tuple[str, str]] = {
    "strong": ("", "bold"),
    "em": ("", "italic"),
    "strike": ("", "strike"),
    "code": ("accent", ""),
    "link": ("primary", "underline"),
    "heading": ("primary", "bold underline"),
    "subheading": ("primary", "bold"),
    "muted": ("muted", ""),
    "bullet": ("primary", ""),
    "quote": ("muted", "italic"),
    "code-bar": ("muted", "block"),
    "block": ("", "block"),
    "user": ("", "bold"),
    "user-bar": ("primary", ""),
    "thinking": ("muted", "italic"),
    "undone": ("muted", "strike"),
    "tool": ("", "bold"),
    "working": ("primary", ""),
    "success": ("success", ""),
    "warning": ("warning", ""),
    "error": ("error", ""),
    "added": ("success", ""),
    "removed": ("error", ""),
    "row-added": ("success", "tint"),
    "row-removed": ("error", "tint"),
    "row-head": ("primary", "bold block"),
    "cursor": ("accent", "bold"),
    "found": ("", "reverse"),
    "found-here": ("warning", "reverse bold"),
    "hint": ("accent", "reverse"),
    "selected": ("", "reverse"),
    "tok-comment": ("muted", "italic"),
    "tok-keyword": ("primary", "bold"),
    "tok-string": ("success", ""),
    "tok-number": ("warning", ""),
    "tok-name": ("accent", ""),
    "tok-builtin": ("secondary", ""),
}


def palette_of(widget: Widget) -> Palette:
    """The styles for what a widget draws, as its theme and its style sheets are now."""
    return Palette(
        widget.app.theme_variables,
        widget.background_colors[1],
        widget.colors[3],
        widget.get_line_filters(),
    )


class Palette:
    """The styles of one theme on one background; made anew when either changes.

    Args:
        variables: the theme's variables, name → colour.
        background: what the view stands on.
        foreground: the colour of plain text.
        filters: the app's line filters, for the styles.
    """

    def __init__(
        self,
        variables: Mapping[str, str],
        background: Color,
        foreground: Color,
        filters: Sequence[LineFilter] = (),
    ) -> None:
        self._variables = variables
        self._filters = tuple(filters)
        self._background = background
        self._foreground = foreground
        self._ansi = background.ansi is not None or foreground.ansi is not None
        self._styles: dict[str, Style] = {}
        self.base = Style.from_color(
            None if foreground.a == 0 else foreground.rich_color, background.rich_color
        )

    def __getitem__(self, names: str) -> Style:
        """The style for names joined by spaces; unknown names change nothing."""
        style = self._styles.get(names)
        if style is None:
            style = self.base
            for name in names.split():
                style += self._one(name)
            # Filters change colours, and text only where it may not be seen; `paint` sees to
            # that. So they are asked once per style, not once per line.
            segments = [Segment("x", style)]
            for line_filter in self._filters:
                segments = line_filter.apply(segments, self._background)
            style = self._styles[names] = segments[0].style or self.base
        return style

    def _one(self, name: str) -> Style:
        color, attributes = _STYLES.get(name, ("", ""))
        flags = set(attributes.split())
        on: Color | None = None
        if "block" in flags and not self._ansi:
            on = self._background.blend(self._foreground, 0.06, 1.0)
        dim = color == "muted" and self._ansi
        if "tint" in flags and not self._ansi and (tint := self._color(color)) is not None:
            on, color = self._background.blend(tint, 0.16, 1.0), ""
        front = None if dim else self._color(color)
        return Style(
            color=front.rich_color if front is not None else None,
            bgcolor=on.rich_color if on is not None else None,
            bold=True if "bold" in flags else None,
            italic=True if "italic" in flags else None,
            underline=True if "underline" in flags else None,
            strike=True if "strike" in flags else None,
            reverse=True if "reverse" in flags else None,
            dim=True if dim else None,
        )

    def _color(self, name: str) -> Color | None:
        if not name:
            return None
        if name == "muted":
            return self._background.blend(self._foreground, 0.62, 1.0)
        # Textual darkens or lightens a theme's colours so that they can be read as text.
        for key in (f"text-{name}", name):
            try:
                color = Color.parse(self._variables.get(key, ""))
            except ColorParseError:
                continue
            return color if color.a == 1 or self._ansi else self._background + color
        return None
