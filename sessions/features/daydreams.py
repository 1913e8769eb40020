"""Daydreams in the deck: off unless configured, only while everything idles, within a budget."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from sessions.api.priming import Dreamt
from sessions.errors import AgentdeckError, NotFound, UsageError
from sessions.features.feature import Feature
from sessions.features.priming import Primings, Wishes
from sessions.priming import pipeline, record
from sessions.priming.daydream import Dream, DreamBudget, DreamInbox, dream
from sessions.priming.model import Draw, Item, new_priming_id
from sessions.priming.rng import new_seed
from sessions.record import events as ev

if TYPE_CHECKING:
    from sessions.runtime.deck import Deck
    from sessions.runtime.session import Session

log = logging.getLogger("agentdeck.daydreams")


class Daydreams(Feature):
    """Dreams about the session whose turn ended last, after so long without any turn."""

    def __init__(self, deck: Deck, primings: Primings) -> None:
        self._deck = deck
        self._primings = primings
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        config = deck.config.priming.daydream
        self.inbox = DreamInbox(deck.places.data, DreamBudget(config.budget_tokens))

    async def after_turn(self, session: Session, ended: ev.TurnEnded) -> None:
        """Something happened: the rest begins anew."""
        self._rest(session)

    def _rest(self, session: Session) -> None:
        config = self._deck.config.priming.daydream
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if config.enabled and self.inbox.may_dream(datetime.now().astimezone()):
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(60 * config.idle_minutes, self._begin, session)

    def _begin(self, session: Session) -> None:
        self._timer = None
        if self._deck.working or (self._task is not None and not self._task.done()):
            return  # the end of that turn begins the next rest
        self._task = asyncio.get_running_loop().create_task(self._dream_on(session))

    async def _dream_on(self, session: Session) -> None:
        try:
            await self.dream(session)
        except AgentdeckError as error:
            log.warning("no daydream: %s", error)
            return  # nothing more until the next turn: a fault is not repeated all night
        self._rest(session)

    async def dream(self, session: Session) -> Dreamt:
        """One daydream now. Raises UsageError when tonight's budget is spent, BackendError."""
        now = datetime.now().astimezone()
        if not self.inbox.may_dream(now):
            raise UsageError(
                "Tonight's budget for daydreams is spent.",
                "Raise priming.daydream.budget_tokens in the configuration.",
            )
        config = self._deck.config.priming.daydream
        drawn = await pipeline.draw("arxiv", {}, source=self._primings.source())
        # The question itself goes to the critic, who does not see the conversation.
        asked = next((m.text for m in reversed(session.messages.values())), "")
        subject = replace(self._primings.subject(session, Wishes()), about=asked[:2_000])
        dreamt = await dream(
            drawn,
            new_seed(),
            self._by(session, config.profile),
            self._by(session, config.critic or config.profile, alone=True),
            subject,
            session.id,
        )
        kept = self.inbox.offer(dreamt, datetime.now().astimezone())
        if kept:
            self._deck.notice("daydream", "A daydream waits: F3, then x", session=session.id)
        return {**dreamt.to_json(), "kept": kept}

    def _by(self, session: Session, profile: str, *, alone: bool = False) -> pipeline.Ask:
        """Asks with a profile's backend and model, or with the session's own."""
        if not profile:
            return self._primings.ask(session, alone=alone)
        choice = self._deck.config.choose(profile=profile)
        return self._primings.ask(
            session, backend_name=choice.backend, model=choice.model, alone=alone
        )

    async def take(self, session: Session, dream_id: str) -> Draw:
        """Make a daydream a priming of a session, with its receipts, to be injected as any other.

        Raises NotFound.
        """
        found = next((d for d in self.inbox.waiting() if d["id"] == dream_id), None)
        if found is None:
            raise NotFound("That daydream does not wait any more.")
        pair = [str(part) for part in found["pair"]]
        drawn = Draw(
            new_priming_id(),
            "terms",
            int(found["receipts"].get("seed", 0)),
            {"terms": pair, "field": "", "n": len(pair)},
            pair,
            "daydream",
            meta={"daydream": found},
        )
        item = Item("d1", "", "a connection found while idle", gloss=found["idea"], checked=True)
        expansion = pipeline.Expansion(drawn, (item,), how="lines")
        await session.recorder.emit_synced(record.drawn_event(drawn, expansion))
        self.inbox.put_away(dream_id)
        return drawn

    async def close(self) -> None:
        """Stop dreaming."""
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])


__all__ = ["Daydreams", "Dream"]
