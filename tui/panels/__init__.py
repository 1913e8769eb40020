"""The side panel's tabs: what they share, and which of them exist.

A panel is a widget of its own with its keys, its style sheet and its closing. It works on the
session in focus: `attach` names it, `session_event` hands it that session's events as they come.
"""

from __future__ import annotations

import importlib
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual.containers import Vertical

from sessions import events as ev
from sessions.summary import Summary

if TYPE_CHECKING:
    from tui.client import DeckClient
    from tui.deck_screen import DeckScreen

# Module and class of every panel that may be there, in the order of their tabs.
_KNOWN = (
    ("tui.panels.prime", "PrimePanel"),
    ("tui.panels.skills", "SkillsPanel"),
    ("tui.panels.harvest", "HarvestPanel"),
)


class Panel(Vertical):
    """One tab of the side panel. `name_` is its word in actions, `title` the word on the tab."""

    name_: ClassVar[str] = ""
    title: ClassVar[str] = ""
    key: ClassVar[str] = ""
    """The key that opens it: f3, f4 or f5."""
    CSS_PATH: ClassVar[str] = ""
    """Its style sheet, beside its module; the deck's screen loads it."""

    session: str | None = None
    """The session that the panel works on."""

    @property
    def deck(self) -> DeckScreen:
        """The deck that the panel stands in."""
        return cast("DeckScreen", self.screen)

    @property
    def client(self) -> DeckClient:
        """The engine. Raises EngineError while there is none."""
        return self.deck.client

    def attach(self, session_id: str | None) -> None:
        """Another session is in focus, or none. Called after mounting and at every change."""
        self.session = session_id

    def session_event(self, event: ev.Event) -> None:
        """An event of the attached session; its past is not told again."""

    def session_summary(self, summary: Summary) -> None:
        """The attached session's summary changed."""

    def session_notice(self, notice: ev.JSON) -> None:
        """The engine says something that is no event: `{"kind", "message", …}`."""


def sheets() -> list[str]:
    """The panels' style sheets."""
    found = []
    for kind in panels():
        source = sys.modules[kind.__module__].__file__
        if kind.CSS_PATH and source:
            found.append(str(Path(source).with_name(kind.CSS_PATH)))
    return found


@cache
def panels() -> list[type[Panel]]:
    """The panels that exist, in the order of their tabs."""
    found: list[type[Panel]] = []
    for module, name in _KNOWN:
        if find_spec(module) is None:
            continue
        cls = getattr(importlib.import_module(module), name, None)
        if cls is not None:
            found.append(cls)
    return found
