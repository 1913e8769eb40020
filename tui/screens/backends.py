"""What answers here: each backend, whether it works, and what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import VerticalScroll

from tui.deck.welcome import Welcome
from tui.screens.dialogs import Dialog

if TYPE_CHECKING:
    from tui.deck.interfaces import ForBackends


class BackendsScreen(Dialog[None]):
    """The words of the first screen, at any time."""

    WIDE = True

    def __init__(self, deck: ForBackends) -> None:
        super().__init__("What answers here")
        self.deck = deck

    def body(self) -> ComposeResult:
        """The same words as on the first screen."""
        with VerticalScroll():
            yield Welcome(self.deck.options.keys)

    def on_mount(self) -> None:
        """Ask."""
        self.hint("esc")
        self.query_one(Welcome).ask(self.deck.client)
