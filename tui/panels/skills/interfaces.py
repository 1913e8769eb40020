"""The panel as what it opens sees it."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Protocol

from tui.deck.interfaces import Asks

if TYPE_CHECKING:
    from tui.deck.interfaces import ForPanels


class WithPairs(Asks, Protocol):
    """The panel as a paired run sees it."""

    @property
    def deck(self) -> ForPanels:
        """For notices."""

    def alone(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something of a paired run; another one takes its place. What is refused is said."""

    def reload(self) -> None:
        """Ask the engine again."""
