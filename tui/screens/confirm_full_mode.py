"""Mode `full`: what contains it here, and its confirmation by typing where nothing does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input, Static

from tui.screens.dialogs import Dialog
from tui.widgets.fields import Field
from tui.words.text import one_line, plain

if TYPE_CHECKING:
    from sessions.api.calls import Calls
    from tui.deck.interfaces import Asks

WORD = "full"


async def unprotected(client: Calls, backend: str) -> str:
    """Why nothing contains what a backend's sessions run, "" where a sandbox does."""
    found = await client.call("deck.sandbox", backend=backend)
    if found["works"]:
        return ""
    return one_line(f"{found['detail'] or 'There is no sandbox.'} {found['remedy']}")


class TypeFull(Dialog[bool]):
    """Asks for the mode's name, typed in full: enter alone confirms nothing."""

    def __init__(self, why: str) -> None:
        super().__init__("Mode full, without a sandbox")
        self.why = why

    def body(self) -> ComposeResult:
        """What it means, and the field."""
        said = (
            f"{self.why}\n\nIn this mode everything runs unasked, with all your rights: it can "
            "change or send away whatever you can. It holds until the engine ends.\n\n"
            f"Type {WORD} if that is what you want."
        )
        yield Static(plain(said), markup=False, id="full-text")
        yield Field(placeholder=WORD, compact=True)
        yield Static("", id="fault", markup=False)

    def on_mount(self) -> None:
        """Say what enter does."""
        self.hint("enter confirms what is typed · esc cancels")
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        if event.value.strip().lower() == WORD:
            self.dismiss(True)
        else:
            self.query_one("#fault", Static).update(plain(f"Type {WORD}, or press esc."))


async def settle_full(deck: Asks, backend: str, host: str = "") -> bool | None:
    """Have mode `full` confirmed where that is needed; `host`: the machine that it is on.

    True: it was confirmed by typing; False: a sandbox contains it; None: the user left.
    """
    why = await unprotected(deck.client.on_host(host), backend)
    if not why:
        return False
    sure: bool | None = await deck.app.push_screen_wait(TypeFull(why))
    return True if sure else None
