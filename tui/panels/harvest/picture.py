"""A picture that a session made, as large as there is room; or it is opened outside."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip
from textual.widgets import Static
from textual.worker import get_current_worker

from tui.pictures.drawn_picture import Shown, make
from tui.pictures.not_drawn import NotDrawn
from tui.pictures.picture_cache import read_file, shelf
from tui.pictures.pixels import Pixels
from tui.screens.dialogs import Dialog
from tui.terminal import glyphs
from tui.view.compositor import LeanCompositor
from tui.words.text import clean, one_line

_SHOWN = 20_000


class PictureScreen(Dialog[None]):
    """Shows a picture's file; `o` opens it in the program that the system has for it."""

    WIDE = True
    WHOLE = True
    CSS_PATH = ["../../screens/dialogs.tcss", "panel.tcss"]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [Binding("o", "outside", show=False)]

    def __init__(self, path: Path) -> None:
        super().__init__(one_line(path.name))
        self.path = path
        self._compositor = LeanCompositor()  # which draws pictures over their cells
        self.picture: Shown | None = None
        self._data = b""
        self._drawn = (0, 0)
        """The room that it was drawn for."""
        self.why = ""
        self.source = ""
        """Of a picture that is written in text: what stands in it."""

    def body(self) -> ComposeResult:
        """The picture, or why there is none."""
        with VerticalScroll(id="picture-room"):
            yield DrawnPicture("", markup=False, id="picture")

    def on_mount(self) -> None:
        """Read it in a thread: a large one takes a while."""
        self.hint("o opens it outside · esc")
        shelf(self.app).watch(self)
        self.run_worker(self._begin(), exit_on_error=False)

    async def _begin(self) -> None:
        await shelf(self.app).known()
        await asyncio.to_thread(self._read)
        self._show()

    def picture_came(self) -> None:
        """The terminal draws better than was known."""
        self._drawn = (0, 0)
        self._show()

    def _read(self) -> None:
        try:
            self._data = read_file(self.path)
        except NotDrawn as error:
            self.why = f"It can't be drawn here: {error}. o opens it outside."
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", "") or "no file has such a name"
            self.why = f"{self.path} can't be read: {why}."

    def _draw(self, width: int, height: int) -> None:
        worker = get_current_worker()
        try:
            picture = make(self._data, width, height, shelf(self.app).powers)
            if worker.is_cancelled:
                return  # another size is drawn meanwhile
            self.picture = picture
        except NotDrawn as error:
            self.why = f"It can't be drawn here: {error}. o opens it outside."
            self.source = _as_text(self._data)
        self.app.call_from_thread(self._show)

    def on_resize(self) -> None:
        """As large as there is room."""
        self._show()

    def _show(self) -> None:
        if not self.is_mounted or not (self._data or self.why):
            return
        static = self.query_one("#picture", DrawnPicture)
        room = self.query_one("#picture-room").size
        if self.why:
            why = Content.styled(one_line(self.why), "$text-muted")
            static.update(why + Content(f"\n\n{self.source}"))
        elif glyphs.is_ascii():
            static.update(Content("This terminal draws no blocks. o opens it outside."))
        elif (room.width, room.height) != self._drawn:
            self._drawn = room.width, room.height
            draw = partial(self._draw, max(1, room.width), max(1, room.height))
            self.run_worker(draw, thread=True, exclusive=True, exit_on_error=False)
        elif self.picture is not None:
            static.shown = shelf(self.app).adopt(self.picture)
            static.update(half_blocks(self.picture.cells))

    def action_outside(self) -> None:
        """Open the file outside."""
        self.app.open_url(self.path.absolute().as_uri())


class DrawnPicture(Static):
    """Half blocks, or what is drawn in their place."""

    shown: Shown | None = None

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows on screen."""
        strips = super().render_lines(crop)
        if (shown := self.shown) is None or not (shown.sixels or shown.number):
            return strips
        for at, y in enumerate(range(crop.y, crop.y + len(strips))):
            row = shown.strip(y, max(shown.width, self.size.width), self.rich_style)
            strips[at] = row.crop_extend(crop.x, crop.right, None)
        return strips


def _as_text(data: bytes) -> str:
    """What an SVG or a page says, as it is written; "" for what is no text."""
    try:
        return "" if b"\0" in data else clean(data[:_SHOWN].decode("utf-8"))
    except UnicodeDecodeError:
        return ""


def half_blocks(picture: Pixels) -> Content:
    """Two pixels a cell: the upper as foreground, the lower as background of `▀`."""
    lines: list[Content] = []
    for line in range(picture.height):
        styles = (
            "rgb({},{},{}) on rgb({},{},{})".format(*top, *bottom)
            for top, bottom in picture.cells(line)
        )
        lines.append(Content.assemble(*(("▀", style) for style in styles)))
    return Content("\n").join(lines)
