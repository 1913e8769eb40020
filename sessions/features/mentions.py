"""`@session:ID` in a message of the user's: what that session answered last goes with it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sessions.errors import AgentdeckError
from sessions.features.feature import Feature
from sessions.plans import placeholders, watch
from sessions.record import events as ev
from sessions.record.closed_sets import Origin
from sessions.record.event_parts import MessageNote
from sessions.record.names import name_of

if TYPE_CHECKING:
    from sessions.runtime.deck import Deck
    from sessions.runtime.session import Session

MOST = 8
_MOST_ANSWER = 60_000
_NAMED = re.compile(r"(?<!\S)@session:([0-9a-z]+)")
_TYPED: tuple[Origin, ...] = ("typed", "queued")
"""What another session sends names nobody: it would pull in what its sender may not read."""


class Mentions(Feature):
    """Reads the messages that the user wrote."""

    def __init__(self, deck: Deck) -> None:
        self._deck = deck

    async def notes(self, session: Session, message: ev.UserMessage) -> list[MessageNote]:
        """The last answers of the sessions that the message names."""
        if message.origin not in _TYPED:
            return []
        named = list(dict.fromkeys(_NAMED.findall(message.text)))[:MOST]
        return [await self._note(wanted) for wanted in named if wanted != session.id]

    async def _note(self, wanted: str) -> MessageNote:
        try:
            other = await self._deck.get(wanted)
        except AgentdeckError as error:
            return _as_note(wanted, f"@session:{wanted} could not be read: {error}")
        answer = watch.answer(watch.events_of(other))
        name = name_of(other.summary) or wanted
        if not answer:
            return _as_note(wanted, f"@session:{wanted} ({name}) has not answered anything yet.")
        text = placeholders.quoted(f"{name} answered:\n\n{placeholders.cut(answer, _MOST_ANSWER)}")
        return _as_note(wanted, f"The message names @session:{wanted}. Its last answer:\n\n{text}")


def _as_note(name: str, text: str) -> MessageNote:
    return {"kind": "session", "name": name, "text": text}
