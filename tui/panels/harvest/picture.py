"""A picture that a session made: in half blocks where it can be drawn, else opened outside."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.panels.harvest.png import NotDrawn, Picture, read_png
from tui.screens.dialogs import Dialog
from tui.terminal import glyphs
from tui.text import clean, one_line

MAX_FILE = 20_000_000
_SHOWN = 20_000


class PictureScreen(Dialog[None]):
    """Shows a picture's file; `o` opens it in the program that the system has for it."""

    WIDE = True
    CSS_PATH = ["../../screens/dialogs.tcss", "panel.tcss"]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [Binding("o", "outside", show=False)]

    def __init__(self, path: Path) -> None:
        super().__init__(one_line(path.name))
        self.path = path
        self.picture: Picture | None = None
        self.why = ""
        self.source = ""
        """Of a picture that is written in text: what stands in it."""

    def body(self) -> ComposeResult:
        """The picture, or why there is none."""
        with VerticalScroll(id="picture-room"):
            yield Static("", markup=False, id="picture")

    def on_mount(self) -> None:
        """Read it in a thread: a large one takes a while."""
        self.hint("o opens it outside · esc")
        self.run_worker(self._read, thread=True, exit_on_error=False)

    def _read(self) -> None:
        try:
            with self.path.open("rb") as file:
                data = file.read(MAX_FILE + 1)
            if len(data) > MAX_FILE:
                raise NotDrawn("it is too large")
            self.picture = read_png(data)
        except NotDrawn as error:
            self.why = f"It can't be drawn here: {error}. o opens it outside."
            self.source = _as_text(data)
        except OSError as error:
            self.why = f"{self.path} can't be read: {error.strerror}."
        self.app.call_from_thread(self._show)

    def on_resize(self) -> None:
        """As large as there is room."""
        self._show()

    def _show(self) -> None:
        if not self.is_mounted:
            return
        static = self.query_one("#picture", Static)
        if self.picture is None:
            why = Content.styled(one_line(self.why) or "…", "$text-muted")
            static.update(why + Content(f"\n\n{self.source}"))
        elif glyphs.is_ascii():
            static.update(Content("This terminal draws no blocks. o opens it outside."))
        else:
            width, height = self.query_one("#picture-room").size
            static.update(half_blocks(self.picture.scaled(max(1, width), max(2, 2 * height))))

    def action_outside(self) -> None:
        """Open the file outside."""
        self.app.open_url(self.path.absolute().as_uri())


def _as_text(data: bytes) -> str:
    """What an SVG or a page says, as it is written; "" for what is no text."""
    try:
        return "" if b"\0" in data else clean(data[:_SHOWN].decode("utf-8"))
    except UnicodeDecodeError:
        return ""


def half_blocks(picture: Picture) -> Content:
    """Two pixels a cell: the upper as foreground, the lower as background of `▀`."""
    lines: list[Content] = []
    for y in range(0, picture.height, 2):
        upper = picture.rows[y]
        lower = picture.rows[y + 1] if y + 1 < picture.height else [(0, 0, 0)] * picture.width
        cells = []
        for top, bottom in zip(upper, lower, strict=True):
            style = "rgb({},{},{}) on rgb({},{},{})".format(*top, *bottom)
            cells.append(("▀", style))
        lines.append(Content.assemble(*cells))
    return Content("\n").join(lines)
