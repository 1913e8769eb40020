"""What the parts of agentdeck add to every session, in one place.

The deck knows sessions and backends; tools, skills, priming and limits are joined to a session
here, each by a small object of its own module, so that the deck need not know them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessions import events as ev

if TYPE_CHECKING:
    from sessions.backends.base import Tools
    from sessions.deck import Deck
    from sessions.session import Session


class Features:
    """Tools, skills, priming and limits of the deck's sessions."""

    def __init__(self, deck: Deck) -> None:
        self._deck = deck

    async def created(self, session: Session, skills: dict[str, str]) -> None:
        """A session was made; `skills` maps names to their first state."""

    def added(self, session: Session) -> None:
        """A session is in memory from now on."""

    async def forked(self, parent: Session, session: Session) -> None:
        """A session was forked."""

    def system(self, session: Session) -> str:
        """The system prompt; the same through a session's life."""
        profile = self._deck.config.profiles.get(session.summary.profile)
        return profile.system if profile else ""

    def toolbox(self, session: Session) -> Tools | None:
        """The session's tools; the same list through its life."""
        return None

    async def rewind(self, session: Session, turn: int | None) -> list[str]:
        """Put files back to before a turn; the paths that were."""
        return []

    async def before_turn(self, session: Session) -> str:
        """Why no turn may start, or ""."""
        return ""

    async def after_turn(self, session: Session, ended: ev.TurnEnded) -> None:
        """What follows a turn."""

    async def close(self) -> None:
        """End what the features started."""
