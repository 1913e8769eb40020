"""What goes with the message: a row of thumbnails over the composer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui.pictures.decode import SUFFIXES
from tui.pictures.drawn_picture import Shown
from tui.pictures.picture_cache import Found, Missing, shelf
from tui.pictures.strips import joined
from tui.terminal import glyphs
from tui.words.text import clip, one_line, size

if TYPE_CHECKING:
    from textual.geometry import Region

THUMB_WIDTH, THUMB_HEIGHT = 12, 4
"""Cells of a thumbnail."""
_EACH = 34
"""Cells of a file with its name."""
Thumb = tuple[Found | None, tuple[str, str, str, str]]
"""What is drawn of a file, and the lines beside it."""


class AttachedFiles(Widget):
    """Shows them while there are any; a click takes one away."""

    DEFAULT_CSS = """
    AttachedFiles { height: 4; display: none; padding: 0 1; color: $text; background: $background; }
    AttachedFiles.-some { display: block; }
    AttachedFiles.-ascii { height: 2; }
    """

    @dataclass
    class Removed(Message):
        """A file was clicked: it is not to go."""

        file: str

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.files: tuple[str, ...] = ()

    def show(self, files: tuple[str, ...]) -> None:
        """These, and no others."""
        if files != self.files:
            self.files = files
            self.set_class(bool(files), "-some")
            self.set_class(glyphs.is_ascii(), "-ascii")
            self.refresh()

    def picture_came(self) -> None:
        """Pictures have come: those here are drawn."""
        self.refresh()

    @property
    def _seen(self) -> int:
        """How many there is room for."""
        return max(1, self.size.width // _EACH)

    def on_click(self, event: events.Click) -> None:
        """A file was clicked."""
        number = event.x // _EACH
        if number < min(len(self.files), self._seen):
            self.post_message(self.Removed(self.files[number]))

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows on screen, for the compositor."""
        seen = [Path(name) for name in self.files[: self._seen]]
        more = len(self.files) - len(seen)
        shown: list[Thumb] = []
        for number, path in enumerate(seen, 1):
            found = self._picture(path)
            shown.append((found, self._words(path, found, more if number == len(seen) else 0)))
        rows = [self._row(y, shown) for y in range(crop.y, crop.bottom)]
        return [row.crop_extend(crop.x, crop.right, self.rich_style) for row in rows]

    def _row(self, y: int, shown: list[Thumb]) -> Strip:
        style = self.rich_style
        parts = [Strip([Segment(" ", style)]), *(self._one(thumb, y) for thumb in shown)]
        whole = joined(parts)
        return whole.adjust_cell_length(max(whole.cell_length, self.outer_size.width), style)

    def _one(self, shown: Thumb, y: int) -> Strip:
        style, parts = self.rich_style, []
        found, lines = shown
        thumb = found.width if isinstance(found, Shown) else 0
        if isinstance(found, Shown):
            parts += [found.strip(y, thumb, style), Strip([Segment(" ", style)])]
        room = _EACH - thumb - 2
        words = clip(lines[y], room) if y < len(lines) else ""
        text = words + " " * (_EACH - (thumb + 1 if thumb else 0) - cell_len(words))
        return joined([*parts, Strip([Segment(text, style)])])

    def _words(self, path: Path, found: Found | None, more: int) -> tuple[str, str, str, str]:
        try:
            large = size(path.stat().st_size)
        except OSError:
            large = "not there any more"
        if isinstance(found, Shown):
            large = "{} × {}, ".format(*found.size) + large
        why = one_line(found.why) if isinstance(found, Missing) else ""
        if not why and str(path) == self.files[-1]:
            why = "backspace: away"
        return one_line(path.name), large, why, f"and {more} more" if more else ""

    def _picture(self, path: Path) -> Found | None:
        if glyphs.is_ascii() or path.suffix.lower() not in SUFFIXES:
            return None
        kept = shelf(self.app)
        kept.watch(self)
        return kept.get(path, THUMB_WIDTH, THUMB_HEIGHT)
