"""A field for several lines: words of a domain that are pasted or come from a file."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static, TextArea

from tui.screens.dialogs import Dialog
from tui.widgets.fields import Area
from tui.words.text import clean

MAX_FILE = 1_000_000
"""Bytes of a file of words, at most."""


class Words(Dialog[str]):
    """Gives the text; a single line `@path` gives the file's text instead."""

    WIDE = True
    CSS_PATH = ["../../screens/dialogs.tcss", "panel.tcss"]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+s", "take", show=False, priority=True)]

    def __init__(self, title: str, value: str = "", about: str = "") -> None:
        super().__init__(title)
        self.value = value
        self.about = about

    def body(self) -> ComposeResult:
        """What it is for, and the field."""
        yield Static(Content(self.about), markup=False, id="words-about")
        yield Area(self.value, soft_wrap=True, id="words-text")
        yield Static("", markup=False, id="words-fault")

    def on_mount(self) -> None:
        """The cursor behind what is there."""
        self.hint("ctrl+s saves it · @path reads a file · esc cancels")
        area = self.query_one(TextArea)
        area.move_cursor(area.document.end)
        area.focus()

    def action_take(self) -> None:
        """Give the text, or the file's."""
        text = self.query_one(TextArea).text.strip()
        if text.startswith("@") and "\n" not in text:
            try:
                text = read_words(text[1:])
            except OSError as error:
                fault = f"{text[1:]} can't be read: {error.strerror or error}"
                self.query_one("#words-fault", Static).update(Content(fault))
                return
        self.dismiss(text)


def read_words(path: str) -> str:
    """A file's text, cleaned. Raises OSError, also for one that is too big."""
    file = Path(path.strip()).expanduser()
    with file.open("rb") as opened:
        data = opened.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise OSError(f"it is larger than {MAX_FILE // 1000} kB")
    return clean(data.decode("utf-8", "replace"))


class ReadingScreen(Dialog[None]):
    """Longer text to be read: the gauge's words, or exactly what will be sent."""

    WIDE = True
    CSS_PATH = ["../../screens/dialogs.tcss", "panel.tcss"]  # noqa: RUF012

    def __init__(self, title: str, text: str) -> None:
        super().__init__(title)
        self.text = text

    def body(self) -> ComposeResult:
        """The text, scrolled."""
        with VerticalScroll(id="reading"):
            yield Static(Content(clean(self.text)), markup=False, id="reading-text")

    def on_mount(self) -> None:
        """The arrows scroll."""
        self.hint("esc")
        self.query_one("#reading").focus()
