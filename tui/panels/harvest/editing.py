"""A draft's file edited in place."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import TextArea

from tui.screens.dialogs import Dialog
from tui.widgets.fields import Area
from tui.words.text import one_line

MAX_EDITED = 200_000
"""Characters of a file that is edited here; longer ones go to $EDITOR."""


class Edited(Dialog[str]):
    """Gives the text as it was left, or nothing when it was left as it is."""

    WIDE = True
    WHOLE = True
    CSS_PATH = ["../../screens/dialogs.tcss", "panel.tcss"]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+s", "take", show=False, priority=True)]

    def __init__(self, name: str, text: str) -> None:
        super().__init__(one_line(name))
        self.text = text

    def body(self) -> ComposeResult:
        """The text."""
        yield Area(self.text, soft_wrap=True, show_line_numbers=True, id="edited-text")

    def on_mount(self) -> None:
        """The cursor at its beginning."""
        self.hint("ctrl+s saves it · esc cancels")
        self.query_one(TextArea).focus()

    def action_take(self) -> None:
        """Give the text."""
        self.dismiss(self.query_one(TextArea).text)
