"""The limits of the configuration, looked at before every turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessions.features.feature import Feature
from sessions.runtime import budget

if TYPE_CHECKING:
    from sessions.runtime.deck import Deck
    from sessions.runtime.session import Session


class Limits(Feature):
    """What a session, and the deck as a whole, may take."""

    def __init__(self, deck: Deck) -> None:
        self._deck = deck

    async def before_turn(self, session: Session) -> str:
        """Why no turn may start, or ""."""
        limits = self._deck.config.limits
        mine = budget.of_session(limits, session.summary.budget)
        if why := budget.exceeded(session.summary, mine):
            return why
        whole = budget.Budget(limits.deck_usd, limits.deck_tokens)
        if not (whole.usd or whole.tokens):
            return ""
        return budget.deck_exceeded([s.summary for s in self._deck.sessions.values()], whole)
