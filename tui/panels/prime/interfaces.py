"""The panel as what it opens sees it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

from sessions.api.priming import PrimingKindShown
from tui.deck.interfaces import Asks
from tui.panels.prime.state import Prime

if TYPE_CHECKING:
    from tui.deck.interfaces import ForPanels

Work = Callable[[str, Prime], Awaitable[None]]
"""Something that is done for a session, in its state of the panel."""


class Primed(Asks, Protocol):
    """The session in focus, and what is being primed in it."""

    session: str | None

    @property
    def deck(self) -> ForPanels:
        """For notices and names."""

    @property
    def prime(self) -> Prime:
        """The state of the attached session."""

    @property
    def kind(self) -> PrimingKindShown | None:
        """The chosen kind, as the engine describes it."""

    def work(self, do: Work, busy: str = "") -> None:
        """Do something for the session in focus now, whichever is in focus when it is done."""

    def show_all(self) -> None:
        """Draw the panel anew."""
