"""The plot of the usage screen; imported with its library when it is first shown."""

from __future__ import annotations

from typing import Any

from rich.text import Text
from textual.color import Color
from textual_plotext import PlotextPlot

from tui.screens.usage.chart_data import Bars
from tui.terminal import glyphs
from tui.words.text import clip

RGB = tuple[int, int, int]
_PLAIN = str.maketrans(
    {"█": "#", "▇": "#", "┤": "|", "│": "|", "─": "-", "└": "+", "┬": "+", "┌": "+", "┐": "+"}
    | {"┘": "+", "┼": "+", "├": "|", "┴": "+"}
)
_WIDEST_NAME = 24
_WIDEST_BAR = 9


class UsagePlot(PlotextPlot):
    """Bars in the colours of the theme, drawn anew when either changes."""

    def __init__(self) -> None:
        super().__init__(id="plot")
        self._bars = Bars((), (), ())
        self._across = False

    def draw(self, bars: Bars, *, lying: bool) -> None:
        """Show these, standing or lying."""
        self._bars, self._across = bars, lying
        self.refresh()

    def render(self) -> Text:
        """The bars as the library draws them in so many cells."""
        bars = self._bars
        if not bars.names or self.size.width < 20 or self.size.height < 5:
            return Text()
        plt: Any = self.plt  # its types say less than it takes
        plt.clear_figure()
        surface, words, *colours = self._colours()
        plt.canvas_color(surface)
        plt.axes_color(surface)
        plt.ticks_color(words)
        plt.frame(False)
        (self._lying if self._across else self._standing)(plt, colours[: len(bars.series)])
        built = plt.build()
        return Text.from_ansi(built.translate(_PLAIN) if glyphs.is_ascii() else built)

    def _standing(self, plt: Any, colours: list[RGB]) -> None:
        """A bar for each name from the left, series upon one another."""
        bars, height = self._bars, self.size.height
        ticks = _thinned(bars.ticks, height // 3)
        room = self.size.width - max(len(words) for _, words in ticks)
        most = max(1, room // 2)
        names = bars.names[-most:]
        series = [list(values[-most:]) for values in bars.series]
        cells = max(1, min(_WIDEST_BAR, room // len(names)))
        _resize(plt, self.size.width - room + cells * len(names), height)
        places = list(range(1, len(names) + 1))
        plt.stacked_bar(places, series, color=colours, width=max(0.0, 1 - 2 / cells))
        step = -(-(max(map(len, names)) + 3) // cells)
        shown = places[::-1][::step][::-1]  # the last one always: it is today
        plt.xticks(shown, [names[place - 1] for place in shown])
        plt.yticks(*zip(*ticks, strict=True))
        plt.xlim(*_edges(cells, len(names)))
        plt.ylim(0, bars.ticks[-1][0])

    def _lying(self, plt: Any, colours: list[RGB]) -> None:
        """A bar for each name from above, as many as fit."""
        bars, room = self._bars, self.size.height - 1
        most = max(1, room // 2)
        names = [clip(n, min(_WIDEST_NAME, self.size.width // 3)) for n in bars.names[:most]]
        series = [list(values[:most]) for values in bars.series]
        cells = min(3, room // len(names))
        _resize(plt, self.size.width, cells * len(names) + 1)
        places = list(range(1, len(names) + 1))[::-1]
        plt.stacked_bar(
            places,
            series,
            color=colours,
            orientation="horizontal",
            width=max(0.0, 1 - 2 / cells),
        )
        plt.yticks(places, names)
        plt.xticks(*zip(*_thinned(bars.ticks, self.size.width // 12), strict=True))
        plt.ylim(*_edges(cells, len(names)))
        plt.xlim(0, bars.ticks[-1][0])

    def _colours(self) -> tuple[RGB, ...]:
        variables = self.app.theme_variables
        names = ("surface", "foreground", "primary", "success", "warning")
        return tuple(Color.parse(variables[name]).rgb for name in names)


def _resize(plt: Any, width: int, height: int) -> None:
    plt.plotsize(width, height)
    plt._set_size(width, height)  # without it a plot keeps its first size (textual-plotext #5)


def _thinned(ticks: tuple[tuple[float, str], ...], most: int) -> tuple[tuple[float, str], ...]:
    return ticks[:: -(-len(ticks) // max(2, most))]


def _edges(cells: int, bars: int) -> tuple[float, float]:
    """The axis' ends with which bars have so many cells each, the last of them empty."""
    first = 1 - (cells - 2) / (2 * cells)
    return first, first + (cells * bars - 1) / cells
