"""The side panel's tabs: what they share, and which of them exist.

A panel is a widget of its own with its keys, its style sheet and its closing. It works on the
session in focus: `attach` names it, `session_event` hands it that session's events as they come.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.containers import Vertical

from sessions.record import events as ev
from sessions.record.summary import Summary

if TYPE_CHECKING:
    from sessions.api.notices import EngineNotice
    from tui.deck.client import DeckClient
    from tui.deck.interfaces import ForPanels


@dataclass(frozen=True, slots=True)
class PanelKind:
    """A panel that may be there; its module is imported when it is first opened."""

    name: str
    title: str
    key: str
    class_name: str

    @property
    def module(self) -> str:
        """The package that holds the panel and its style sheets."""
        return f"tui.panels.{self.name}"

    def make(self) -> Panel:
        """A new panel of this kind."""
        cls = getattr(importlib.import_module(self.module), self.class_name)
        return cast("Panel", cls())


WRITTEN_S = 0.12
"""Two letters within this time are written, not pressed as commands."""
IDLE_S = 30.0
"""A panel whose keys were not used for so long may have been forgotten."""

# In the order of their tabs.
_KNOWN = (
    PanelKind("prime", "Prime", "f3", "PrimePanel"),
    PanelKind("skills", "Skills", "f4", "SkillsPanel"),
    PanelKind("harvest", "Harvest", "f5", "HarvestPanel"),
)


class Panel(Vertical):
    """One tab of the side panel. `name_` is its `PanelKind`'s name.

    Every style sheet in the panel's package is loaded with the deck's screen.
    """

    name_: ClassVar[str] = ""

    session: str | None = None
    """The session that the panel works on."""
    _came = 0.0
    """When the keys came here, or were used here last."""
    _letters: tuple[float, ...] = ()
    """When the last letters were pressed here."""

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
        self._came = monotonic()

    def on_key(self, event: events.Key) -> None:
        """Note how keys come: commands one by one, or letters as somebody writes them."""
        now = monotonic()
        if event.is_printable and event.character != " ":
            self._letters = (*self._letters[-1:], now)
        if now - self._came < IDLE_S:
            self._came = now

    def on_purpose(self, what: str, yes: str, do: Callable[[], None]) -> None:
        """Do what sends or costs; asked before, where its key may have been meant for a message.

        That is when letters come as fast as they are written, and when the keys have been here
        so long without use that nobody may know it.
        """
        now = monotonic()
        written = len(self._letters) == 2 and now - self._letters[0] < WRITTEN_S
        if not written and now - self._came < IDLE_S:
            do()
            return
        from tui.screens.dialogs import Confirm

        self._letters, self._came = (), now
        text = f"{what}\n\nThe keys are in this panel. A message is written in the composer (esc)."
        question = Confirm(yes + "?", text, yes, danger=True, written=True)
        self.app.push_screen(question, lambda sure: do() if sure else None)

    def session_event(self, event: ev.Event) -> None:
        """An event of the attached session; its past is not told again."""

    def session_summary(self, summary: Summary) -> None:
        """The attached session's summary changed."""

    def session_notice(self, notice: EngineNotice) -> None:
        """The engine says something that is no event: `{"kind", "message", …}`."""


@cache
def kinds() -> tuple[PanelKind, ...]:
    """The panels that exist, in the order of their tabs. Imports none of them."""
    return tuple(kind for kind in _KNOWN if find_spec(kind.module) is not None)


def sheets() -> list[str]:
    """The panels' style sheets: they belong to the screen that the panels stand in."""
    folder = Path(__file__).parent
    return [str(path) for kind in kinds() for path in sorted((folder / kind.name).glob("*.tcss"))]
