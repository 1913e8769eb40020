"""A session that lives elsewhere, as the deck of here has it.

It is in the deck like any other: followed, listed, searched, read. But its journal is written by
what comes from its site alone, and whatever would change it is asked over there.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from sessions.errors import AgentdeckError, JournalError, UsageError
from sessions.record import events as ev
from sessions.record.closed_sets import Origin, QueueMode, Status
from sessions.record.journal import Journal
from sessions.record.recorder import Recorder
from sessions.record.summary_parts import Attachment, MessageWaiting
from sessions.runtime.session import BY_USER, Session

if TYPE_CHECKING:
    from pathlib import Path

    from sessions.api.answers import Sent
    from sessions.api.calls import Calls
    from sessions.api.requests import SessionEdits
    from sessions.runtime.session import Around

log = logging.getLogger("agentdeck.remote")


_MOST_ATTACHED = 11 * 2**20
"""Bytes of one attachment: in base 64 it is one command."""


class _Shut(Recorder):
    """Records nothing that is said here: events of such a session are made where it lives."""

    def emit(self, event: ev.Event) -> None:
        log.info("not recorded of a session that lives elsewhere: %s", event.type)

    async def emit_synced(self, event: ev.Event) -> None:
        raise JournalError(
            "This session lives on another machine, which alone writes its record.",
            "Do it over there.",
            "it lives elsewhere",
        )


class Mirrored(Session):
    """A session whose journal here is a mirror."""

    def __init__(self, journal: Journal, folder: Path, deck: Around) -> None:
        super().__init__(journal, folder, deck)
        self.recorder = _Shut(journal, self._recorded, lambda _: None)
        self.offline = ""
        """Why its site can't be reached; "" while it can."""
        self._seen_as: Status = "idle"
        """Its status when it was last heard of."""

    @classmethod
    def begin(cls, folder: Path, created: ev.SessionCreated, deck: Around) -> Mirrored:
        """The mirror of a session that was not known here. Raises JournalError."""
        return cast("Mirrored", cls.create(folder, created, deck, synced=False))

    @classmethod
    def _of(
        cls, journal: Journal, folder: Path, deck: Around, events: Sequence[ev.Event]
    ) -> Session:
        # What is open in it may be at work over there: nothing is closed from here.
        session = cls(journal, folder, deck)
        for event in events:
            session._fold(event)
        session.cut("It was not heard of since the engine started.")
        return session

    @property
    def host(self) -> str:
        """Where it lives."""
        return self.summary.host

    @property
    def last_seq(self) -> int:
        """The number of the last event that is mirrored."""
        return self.summary.seq

    @property
    def working(self) -> bool:
        """No turn of it is this engine's."""
        return False

    # -- what comes from its site

    def take(self, event: ev.Event) -> None:
        """Write an event of over there, then tell it, unless it is here already.

        Raises JournalError: the disk refuses it; EventRefused: no record can hold it.
        """
        if event.seq <= self.last_seq:
            return
        stamped, line = self.journal.take(event)
        if self.offline:
            self.back()
        self._recorded(stamped, line)

    def cut(self, why: str) -> None:
        """Its site can't be reached: it is shown as it was when it was last heard of."""
        if not self.offline:
            self._seen_as, self.summary.status = self.summary.status, "offline"
        self.offline = why
        self.deck.changed(self)

    def back(self) -> None:
        """Its site can be reached again."""
        if self.offline:
            self.offline, self.summary.status = "", self._seen_as
            self.deck.changed(self)

    # -- what is asked of it

    @property
    def _there(self) -> Calls:
        return self.deck.elsewhere.on(self.host)

    async def send(
        self,
        text: str,
        origin: Origin = "typed",
        mode: QueueMode = "queue",
        attachments: Sequence[Attachment] = (),
    ) -> Sent:
        """Begin a turn over there, or queue the message while one runs."""
        kept = await self._brought(attachments)
        more: dict[str, Any] = {"attachments": kept} if kept else {}
        return await self._there.call(
            "session.send", session=self.id, text=text, origin=origin, mode=mode, **more
        )

    async def _brought(self, attachments: Sequence[Attachment]) -> list[Attachment]:
        """What is attached, kept over there too. Raises UsageError: it is too large."""
        kept = []
        for each in attachments:
            data = await asyncio.to_thread((self.folder / each["path"]).read_bytes)
            name = each.get("name") or each["path"]
            if len(data) > _MOST_ATTACHED:
                raise UsageError(
                    f"{name} is too large to go to {self.host}: {_MOST_ATTACHED >> 20} MiB at most."
                )
            said = base64.b64encode(data).decode()
            kept.append(
                await self._there.call("session.keep", session=self.id, name=name, data=said)
            )
        return kept

    async def set_queue(self, items: Sequence[MessageWaiting]) -> None:
        brought = []
        for item in items:
            kept = await self._brought(cast("list[Attachment]", item.get("attachments", [])))
            brought.append(cast("MessageWaiting", {**item, "attachments": kept}))
        await self._there.call("session.queue", session=self.id, items=brought)

    async def next(self, item: str = "") -> bool:
        return bool(await self._there.call("session.next", session=self.id, item=item))

    async def answer(
        self,
        ask: str,
        decision: str,
        reason: str = "",
        allowed: bool | None = None,
        content: ev.JSON | None = None,
    ) -> None:
        await self._there.call(
            "session.answer",
            session=self.id,
            ask=ask,
            decision=decision,
            reason=reason,
            allowed=allowed,
            content=content,
        )

    async def interrupt(self, why: str = BY_USER) -> None:
        await self._there.call("session.interrupt", session=self.id, why=why)

    async def resume(self) -> bool:
        """It goes on by itself over there."""
        return False

    async def set(self, changes: ev.JSON) -> None:
        await self._there.call(
            "session.set", session=self.id, changes=cast("SessionEdits", changes)
        )

    def seen(self) -> None:
        """Said over there by the command that says it here."""

    async def again(self, turn: int | None = None) -> int:
        begun = await self._there.call("session.again", session=self.id, turn=turn)
        return int(begun.get("turn", 0))

    async def undo(self, turn: int | None = None, files: Sequence[str] = ()) -> int:
        raise AgentdeckError("It is taken back where the session lives.", "Ask it there.")

    async def close(self) -> None:
        """Let go of the mirror; the session goes on."""
        await self.recorder.close()
        self.journal.close()

    async def go_on(self) -> bool:
        return True
