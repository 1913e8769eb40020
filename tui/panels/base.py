"""What all tabs of the side panel share.

A panel is a widget of its own with its keys, its style sheet and its closing. It works on the
session in focus: `attach` names it, `session_event` hands it that session's events as they come.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.containers import Vertical

from sessions.record import events as ev
from sessions.record.summary import Summary
from tui.panels.accidental_typing import KeysHere

if TYPE_CHECKING:
    from sessions.api.notices import EngineNotice
    from tui.deck.client import DeckClient
    from tui.deck.interfaces import ForPanels


class Panel(Vertical):
    """One tab of the side panel. `name_` is its `PanelKind`'s name.

    Every style sheet in the panel's package is loaded with the deck's screen.
    """

    name_: ClassVar[str] = ""

    session: str | None = None
    """The session that the panel works on."""

    def __init__(self) -> None:
        super().__init__()
        self._keys_here = KeysHere()

    @property
    def deck(self) -> ForPanels:
        """The deck that the panel stands in."""
        return cast("ForPanels", self.screen)

    @property
    def client(self) -> DeckClient:
        """The engine. Raises EngineError while there is none."""
        return self.deck.client

    def attach(self, session_id: str | None) -> None:
        """Another session is in focus, or none. Called after mounting and at every change."""
        self.session = session_id

    def take_focus(self) -> None:
        """Its user has just opened it: the keys go to its rows, or to what can have them."""
        rows = self.query("Rows")
        focusable = [widget for widget in (rows or self.query("*")) if widget.focusable]
        if focusable:
            focusable[0].focus()

    def on_descendant_focus(self) -> None:
        """The keys are here now."""
        self._keys_here.arrive()

    def on_key(self, event: events.Key) -> None:
        """Note how keys come: commands one by one, or letters as somebody writes them."""
        self._keys_here.note(letter=event.is_printable and event.character != " ")

    def on_purpose(self, what: str, yes: str, do: Callable[[], None]) -> None:
        """Do what sends or costs; asked before, where its key may have been meant for a message."""
        if not self._keys_here.accidental():
            do()
            return
        from tui.screens.dialogs import Confirm

        self._keys_here.forget()
        text = f"{what}\n\nThe keys are in this panel. A message is written in the composer (esc)."
        question = Confirm(yes + "?", text, yes, danger=True, written=True)
        self.app.push_screen(question, lambda sure: do() if sure else None)

    def session_event(self, event: ev.Event) -> None:
        """An event of the attached session; its past is not told again."""

    def session_summary(self, summary: Summary) -> None:
        """The attached session's summary changed."""

    def session_notice(self, notice: EngineNotice) -> None:
        """The engine says something that is no event: `{"kind", "message", …}`."""
