"""Each session's draft in the composer, and the deck's memory on disk."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tui.deck.memory import Draft
from tui.timing.timers import later

if TYPE_CHECKING:
    from tui.deck.interfaces import ForDrafts


SAVE_AFTER_S = 1.0
"""The deck's memory is written this long after the first change since it was written."""


class Drafts:
    """The composer holds the current session's draft, and no other's."""

    def __init__(self, deck: ForDrafts) -> None:
        self.deck = deck
        self._session: str | None = None
        self._saving: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Before the sessions are known: what was written when there was none."""
        self.deck.composer.restore(self.deck.memory.drafts.get("", Draft()))

    def swap(self) -> None:
        """Take the current session's draft in; who calls this names the target in the same step."""
        composer, kept = self.deck.composer, self.deck.memory.drafts
        current = self.deck.model.current or ""
        if current == self._session or (self._session is None and not current):
            return
        if self._session is not None:
            kept[self._session] = composer.draft
        elif composer.draft:
            # Typed before the engine was there: it stays in the hands of whoever typed it.
            kept[current] = composer.draft
            kept.pop("", None)
        self._session = current
        composer.restore(kept.get(current, Draft()))

    def remember(self) -> None:
        """Write the memory within a second; before the deck stands there is nothing new in it."""
        if self._saving is None and self.deck.is_mounted:
            self._saving = later(self.deck.composer, SAVE_AFTER_S, self._save)

    def _save(self) -> None:
        """Write in a thread: the disk is waited for, and the keys are not held up."""
        self._saving = None
        self._note()
        self.deck.run_worker(self.deck.memory.taken(), thread=True, group="memory")

    def save(self) -> None:
        """Write drafts, history, order and theme now."""
        self._note()
        self.deck.memory.save()

    def _note(self) -> None:
        deck, memory = self.deck, self.deck.memory
        memory.drafts[self._session or ""] = deck.composer.draft
        memory.order = list(deck.model.order)
        memory.current = deck.model.current or ""
