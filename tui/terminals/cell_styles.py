"""How cells look, as styles: the theme's colours for what a program leaves to the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich._palettes import EIGHT_BIT_PALETTE
from rich.color import Color as RichColor
from rich.palette import Palette
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from textual.color import Color
from textual.filter import LineFilter

from tui.terminals import emulator as em

_MOST = 4096


class CellStyles:
    """Styles for inks, made once each."""

    def __init__(
        self,
        foreground: Color,
        background: Color,
        theme: TerminalTheme,
        filters: Sequence[LineFilter],
        dyes: Mapping[int, int],
    ) -> None:
        self.foreground, self.background = foreground, background
        self._sixteen: Palette = theme.ansi_colors
        self._filters = filters
        self._dyes = dyes
        """Those of the program's own (see `Emulator.dyes`)."""
        self._known: dict[em.Ink, Style] = {}

    def __getitem__(self, ink: em.Ink) -> Style:
        try:
            return self._known[ink]
        except KeyError:
            if len(self._known) > _MOST:
                self._known.clear()
            style = self._known[ink] = self._make(ink)
            return style

    @property
    def rgb(self) -> tuple[int, int]:
        """Foreground and background as 0xrrggbb."""
        fore, back = self.foreground.rgb, self.background.rgb
        return fore[0] << 16 | fore[1] << 8 | fore[2], back[0] << 16 | back[1] << 8 | back[2]

    def _make(self, ink: em.Ink) -> Style:
        flags = ink.flags
        fore = self._colour(ink.fg, self.foreground, em.FOREGROUND)
        back = self._colour(ink.bg, self.background, em.BACKGROUND)
        if flags & em.HIDDEN:
            fore = back
        style = Style(
            color=fore,
            bgcolor=back,
            bold=bool(flags & em.BOLD),
            dim=bool(flags & em.FAINT),
            italic=bool(flags & em.ITALIC),
            blink=bool(flags & em.BLINK),
            reverse=bool(flags & em.REVERSE),
            strike=bool(flags & em.STRIKE),
            underline=bool(flags & em.UNDERLINE),
            underline2=bool(flags & em.UNDERLINE2),
            overline=bool(flags & em.OVERLINE),
        )
        segments = [Segment(" ", style)]
        for each in self._filters:
            segments = each.apply(segments, self.background)
        return segments[0].style or style

    def _colour(self, told: int, default: Color, name: int) -> RichColor:
        dyed = self._dyes.get(name if told == em.DEFAULT else told)
        if dyed is not None:
            told = em.RGB | dyed
        if told == em.DEFAULT:
            return RichColor.from_rgb(*default.rgb)
        if told & em.RGB:
            return RichColor.from_rgb(told >> 16 & 0xFF, told >> 8 & 0xFF, told & 0xFF)
        palette = self._sixteen if told < 16 else EIGHT_BIT_PALETTE
        return RichColor.from_triplet(palette[told])
