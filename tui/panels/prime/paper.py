"""A paper of the draw, read before anything is sent; or any longer text of the panel."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from sessions.api.priming import DrawnRow
from tui.screens.dialogs import Dialog
from tui.words.text import clean, one_line


class PaperScreen(Dialog[bool]):
    """Gives True when the draw shall be read by the model now."""

    WIDE = True
    CSS_PATH = ["../../screens/dialogs.tcss", "panel.tcss"]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "open", show=False),
        Binding("enter", "read", show=False),
    ]

    def __init__(self, row: DrawnRow) -> None:
        super().__init__(one_line(row["key"]))
        self.row = row

    def body(self) -> ComposeResult:
        """Title and text."""
        parts = [(f"{clean(self.row['text'])}\n\n", "bold")]
        if self.row["warning"]:
            parts.append((f"! {clean(self.row['warning'])}\n\n", "$text-warning"))
        parts.append((clean(self.row["detail"]), ""))
        if self.row["link"]:
            parts.append((f"\n\n{self.row['link']}", "$text-muted"))
        with VerticalScroll(id="paper-body"):
            yield Static(Content.assemble(*parts), markup=False, id="paper-text")

    def on_mount(self) -> None:
        """Say what the keys do."""
        link = "o opens its page · " if self.row["link"] else ""
        self.hint(f"{link}enter lets the model read the draw · esc")
        self.query_one("#paper-body").focus()

    def action_open(self) -> None:
        """Open the paper's page in the browser; only ever an https address of arXiv."""
        link = self.row["link"]
        if link.startswith("https://arxiv.org/"):
            self.app.open_url(link)

    def action_read(self) -> None:
        """Go on to the reading."""
        self.dismiss(bool(self.row["link"]))
