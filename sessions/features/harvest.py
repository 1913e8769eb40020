"""Harvest in the deck: a session with something to keep is said so, once."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from sessions.errors import AgentdeckError
from sessions.features.feature import Feature
from sessions.record import events as ev

if TYPE_CHECKING:
    from sessions.runtime.deck import Deck
    from sessions.runtime.session import Session

log = logging.getLogger("agentdeck.harvest")


class Harvests(Feature):
    """Watches for free signals: a tool that worked in a turn is what makes looking worthwhile."""

    def __init__(self, deck: Deck) -> None:
        self._deck = deck
        self._worked: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def joined(self, session: Session) -> None:
        """A session is in memory; its past counts too, once a turn has ended."""

        def observe(event: ev.Event) -> None:
            if isinstance(event, ev.ToolResult) and event.status == "ok":
                self._worked.add(session.id)

        session.observers.append(observe)

    async def after_turn(self, session: Session, ended: ev.TurnEnded) -> None:
        """Look, in the background, whether the session has left something that ran and passed."""
        if ended.reason != "end_turn" or session.id not in self._worked:
            return
        self._worked.discard(session.id)
        task = asyncio.get_running_loop().create_task(self._suggest(session))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _suggest(self, session: Session) -> None:
        from sessions.harvest.service import Harvest

        try:
            why = await asyncio.to_thread(
                Harvest(self._deck.places).suggestions.tell_once, session.id
            )
        except (AgentdeckError, OSError) as error:
            log.warning("harvest of %s: %s", session.id, error)
            return
        if why:
            self._deck.notice("harvest", f"{why} (F5)", session=session.id)

    async def close(self) -> None:
        """End what looks."""
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
