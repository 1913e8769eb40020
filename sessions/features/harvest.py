"""Harvest in the deck: a session with something to keep is said so, once."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from sessions.errors import AgentdeckError
from sessions.features.feature import Feature
from sessions.harvest.language import YES
from sessions.record import events as ev
from sessions.record.event_parts import MessageNote

if TYPE_CHECKING:
    from sessions.runtime.deck import Deck
    from sessions.runtime.session import Session

_DRAFTED = (
    "The user's yes has made a draft of the skill: {name}, in {path}, from the record of this "
    "session and with the exact files. Do not write another. Say in a sentence or two what it "
    "should say better; the user reviews, changes and installs it."
)

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

    async def notes(self, session: Session, message: ev.UserMessage) -> list[MessageNote]:
        """A yes to a model that proposed a skill makes its draft; the model is told where it is."""
        if not YES.match(message.text):
            return []
        from sessions.harvest.service import Harvest

        service = Harvest(self._deck.places)
        session.recorder.flush()
        try:
            draft = await asyncio.to_thread(service.accepted, session.id)
        except (AgentdeckError, OSError) as error:
            log.warning("a skill of %s: %s", session.id, error)
            return []
        if draft is None:
            return []
        told = f"The draft {draft.name} is made of this session: f5, then o reviews and installs it"
        self._deck.notice("harvest", told, session=session.id)
        text = _DRAFTED.format(name=draft.name, path=service.drafts / draft.name)
        return [{"kind": "harvest", "text": text}]

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
