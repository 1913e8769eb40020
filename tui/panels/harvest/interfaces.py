"""The panel and the review as what they open sees them."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Protocol

from tui.deck.interfaces import Asks

if TYPE_CHECKING:
    from sessions.api.harvest import DraftChecked, DraftShown
    from tui.deck.client import Ask
    from tui.deck.interfaces import Says


class Reviewed(Asks, Protocol):
    """A draft under review: its checks, and how it is changed."""

    draft: DraftShown
    checked: DraftChecked

    @property
    def name_of_draft(self) -> str:
        """The draft's name, by which the engine knows it."""

    def say(self, text: str) -> None:
        """A sentence below the text."""

    def report(self) -> None:
        """The checks, what is near, and what to look at."""

    def run(self, work: Coroutine[Any, Any, None], busy: str = "") -> None:
        """Do something, one at a time; a refusal is said, and the draft stays."""

    def take(self, draft: DraftShown) -> None:
        """The draft after a change."""

    async def check(self, replay: bool = False, session: str = "") -> None:
        """Check the draft."""

    async def changed(self, ask: Ask) -> None:
        """Change the draft by a command of the engine's, and look at it again."""


class Harvesting(Asks, Protocol):
    """The panel as its list of skills sees it."""

    @property
    def deck(self) -> Says:
        """For notices."""

    def run(self, work: Coroutine[Any, Any, None], group: str = "do") -> None:
        """Do something in the background; a refusal is shown."""
