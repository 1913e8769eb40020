"""A dialog's frame: as large as what it holds, up to most of the screen; it never shrinks while
it is open, so that nothing jumps while one types or moves."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from rich.cells import cell_len
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget
from textual.widgets import Static

from tui.widgets.rows import Rows

MOST = 0.9
"""Of the screen's width and height."""
WIDEST = 150
SLIM = 100
"""Columns below which it has them all."""
_NARROWEST = 56
_SENTENCES = 60
"""As wide as a sentence or two, where nothing says how much it holds."""


def inner_width(screen: int) -> int:
    """Columns of rows with a scrollbar in a frame that takes most of a screen so wide."""
    return (screen if screen < SLIM else min(WIDEST, int(screen * MOST))) - 6


@runtime_checkable
class HasWishes(Protocol):
    """What takes the room that is left, and knows how many rows it could use."""

    def wants_rows(self, width: int) -> int:
        """How many rows in so many columns."""


class Frame(Vertical):
    """What stands in the middle of a dialog's screen."""

    def __init__(self, title: str, *, wide: bool, whole: bool) -> None:
        classes = " ".join(name for name, on in (("-wide", wide), ("-whole", whole)) if on)
        super().__init__(id="dialog", classes=classes)
        self.border_title = Content(title)
        self._largest: dict[Size, tuple[int, int]] = {}

    def on_mount(self) -> None:
        """Lists say when they could use more room."""
        if self.has_class("-wide") and not self.has_class("-whole"):
            for rows in self.children:
                if isinstance(rows, Rows):
                    rows.grown = self._regrow

    def _regrow(self) -> None:
        self.refresh(layout=True)

    def _grown(self, viewport: Size, width: int, height: int) -> tuple[int, int]:
        """The largest so far on this screen."""
        before = self._largest.get(viewport, (0, 0))
        found = (max(before[0], width), max(before[1], height))
        self._largest = {viewport: found}
        return found

    # Textual (8.2.8) fills all the room there is where a child takes what is left: here it is known
    # how much that is.
    @property
    def _has_relative_children_width(self) -> bool:
        return False

    @property
    def _has_relative_children_height(self) -> bool:
        return False

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """As wide as the widest of what it holds, or of what stands in its frame."""
        told = max(map(cell_len, (str(self.border_title or ""), str(self.border_subtitle or ""))))
        if not self.has_class("-wide"):
            most = min(viewport.width, WIDEST) - self.gutter.width
            return max(1, min(most, max(_SENTENCES, told + 2)))
        most = int(min(viewport.width * MOST, WIDEST)) - self.gutter.width
        widths = [_NARROWEST, told + 4]
        widths += [_width(child, container, viewport) for child in self.children if child.display]
        return self._grown(viewport, max(1, min(most, max(widths))), 0)[0]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As high as all of it, where that is known."""
        if not self.has_class("-wide"):
            return super().get_content_height(container, viewport, width)
        most = int(viewport.height * MOST) - self.gutter.height
        heights = [_height(c, container, viewport, width) for c in self.children if c.display]
        return self._grown(viewport, 0, max(1, min(most, sum(heights))))[1]


def _width(child: Widget, container: Size, viewport: Size) -> int:
    beside = child.gutter.width + child.styles.margin.width
    if isinstance(child, Rows):
        return child.widest + beside + child.styles.scrollbar_size_vertical
    if isinstance(child, Static):
        return child.get_content_width(container, viewport) + beside
    if isinstance(child, VerticalScroll):
        inside = [_width(each, container, viewport) for each in child.children]
        return max(inside, default=0) + beside + child.styles.scrollbar_size_vertical
    # What is written in may become longer; what holds others is not looked into.
    return 0 if child.styles.height is not None and child.styles.height.is_cells else WIDEST


def _height(child: Widget, container: Size, viewport: Size, width: int) -> int:
    styles = child.styles
    margin, height = styles.margin.height, styles.height
    if height is not None and height.is_cells:
        return int(height.value) + margin
    if isinstance(child, Rows):
        wanted = child.tallest
    elif isinstance(child, HasWishes):
        wanted = child.wants_rows(width)
    elif height is None or height.is_auto or isinstance(child, VerticalScroll):
        wanted = child.get_content_height(container, viewport, max(1, width - child.gutter.width))
    else:
        return viewport.height
    if styles.max_height is not None and styles.max_height.is_cells:
        wanted = min(wanted, int(styles.max_height.value))
    if styles.min_height is not None and styles.min_height.is_cells:
        wanted = max(wanted, int(styles.min_height.value))  # else it covers what stands below it
    return wanted + child.gutter.height + margin
