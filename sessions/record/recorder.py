"""The way of every event: journal first, then everybody who listens.

Streamed text is joined to chunks of about 50 ms before it becomes events; whatever else
happens flushes the text before it, so that the order is kept. While anything unsynced stands
in the file, a sync runs at least every second, in a thread.

A disk that refuses pauses a session: what happens meanwhile is kept back, seen by nobody, and
written when there is room (`sessions.runtime.full_disk` looks for it). A turn waits at its next
decision.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any, Protocol

from sessions.errors import EventRefused, JournalError
from sessions.record import codec
from sessions.record import events as ev
from sessions.record.closed_sets import TurnReason, one_of
from sessions.record.steady_syncs import STEADY_SYNCS
from sessions.safety import secrets_filter

log = logging.getLogger("agentdeck.record")

CHUNK_S = 0.05
# Kept in memory while the disk refuses; beyond this the turn is stopped.
MOST_EVENTS = 10_000
MOST_BYTES = 8 * 2**20
_ENDS = ev.TurnEnded | ev.ToolResult | ev.PermissionAnswered | ev.QueueSet
"""What follows when a turn is stopped is kept all the same: it closes what is open."""


class Writes(Protocol):
    """What a recorder needs of a journal (`sessions.record.journal.Journal`)."""

    def append(self, event: ev.Event) -> tuple[ev.Event, bytes]:
        """Write one event; return it stamped, with its line."""

    def sync(self) -> None:
        """Wait until everything written is on the disk."""


Publish = Callable[[ev.Event, bytes], None]


class Recorder:
    """Writes one session's events and tells `publish` about each, in order.

    `on_fault` is called when the disk starts to refuse, with the error, and `on_full` when so
    much waits for it that no more can be kept in memory.
    """

    def __init__(
        self,
        journal: Writes,
        publish: Publish,
        on_fault: Callable[[JournalError], None],
        on_full: Callable[[], None] = lambda: None,
    ) -> None:
        self._journal = journal
        self._publish = publish
        self._on_fault = on_fault
        self._on_full = on_full
        self._chunk: list[str] = []
        self._chunk_of: tuple[type[ev.Text] | type[ev.Thinking], int] | None = None
        self._flush_timer: asyncio.Handle | None = None
        self._unsynced = False
        """It is synced with others, within a second."""
        self._last_chunk_at = 0.0
        self._backlog: list[ev.Event] = []
        self._held = 0
        """Bytes in the backlog, about."""
        self._closed = False
        self._room = asyncio.Event()
        self._room.set()
        self._recovering = asyncio.Lock()
        self.fault: JournalError | None = None
        """Why nothing can be written, None when all is well."""

    @property
    def healthy(self) -> bool:
        """Whether the disk takes what is recorded."""
        return self.fault is None

    def emit(self, event: ev.Event) -> None:
        """Record an event; text and thinking wait up to 50 ms for more of their kind."""
        if self._closed:
            log.info("after the end: %s", event.type)
            return
        kind = type(event)
        if kind is ev.Text or (kind is ev.Thinking and not event.signature and not event.redacted):  # type: ignore[attr-defined]
            self._collect(event)  # type: ignore[arg-type]
            return
        self._flush(whole=True)
        self._write(event)

    async def emit_synced(self, event: ev.Event) -> None:
        """Record an event and return when it is on the disk.

        Raises JournalError: it is not recorded, and will not be.
        """
        self._flush(whole=True)
        if self.fault is not None and not await self.recover():
            raise JournalError(
                f"This session can't be recorded: {self.fault.reason}. {self.fault.message}",
                self.fault.hint,
            )
        try:
            self._append(event)
        except JournalError as error:
            self.refused(error)
            raise
        await self.sync()

    async def emit_held(self, event: ev.Event) -> None:
        """Record an event and return when it is on the disk, however long there is no room."""
        self.emit(event)
        self.flush()
        await self.sync()
        await self.room()

    async def room(self) -> None:
        """Wait until the disk takes what is recorded."""
        await self._room.wait()

    def flush(self) -> None:
        """Write the text that waits for more, but not what may be the beginning of a key."""
        self._flush(whole=False)

    def _flush(self, *, whole: bool) -> None:
        if self._flush_timer is not None:
            self._flush_timer.cancel()
            self._flush_timer = None
        if self._chunk_of is None:
            return
        (kind, turn), text = self._chunk_of, "".join(self._chunk)
        self._chunk.clear()
        if not whole and (held := secrets_filter.begun(text)):
            self._chunk.append(text[-held:])
            text = text[:-held]
            if not text:
                return
        else:
            self._chunk_of = None
        self._last_chunk_at = asyncio.get_running_loop().time()
        self._write(kind(turn=turn, text=text))

    async def sync(self) -> None:
        """Wait until everything recorded so far is on the disk."""
        if self._unsynced:
            STEADY_SYNCS.here().drop(self)
        if (sync := self.due()) is None:
            return
        try:
            await asyncio.get_running_loop().run_in_executor(None, sync)
        except JournalError as error:
            self.refused(error)

    def due(self) -> Callable[[], None] | None:
        """See sessions.record.steady_syncs.Unsynced."""
        self._unsynced = False
        return self._journal.sync if self.fault is None else None

    def refused(self, error: JournalError) -> None:
        """The disk starts to refuse."""
        if self.fault is None:
            self.fault = error
            self._room.clear()
            self._on_fault(error)

    async def recover(self) -> bool:
        """Try to write what the disk refused; True when nothing is kept back any more."""
        async with self._recovering:
            while self.fault is not None:
                try:
                    while self._backlog:
                        self._append(self._backlog[0])
                        del self._backlog[0]
                    await asyncio.get_running_loop().run_in_executor(None, self._journal.sync)
                except JournalError as error:
                    self.fault = error
                    return False
                if not self._backlog:
                    self.fault, self._held = None, 0
                    self._room.set()
        return True

    async def close(self) -> None:
        """Flush and sync; no event may follow."""
        self._flush(whole=True)
        if self.fault is not None and not await self.recover():
            log.error("%d events are lost: %s", len(self._backlog), self.fault)
        await self.sync()
        self._closed = True

    def _collect(self, event: ev.Text | ev.Thinking) -> None:
        if not isinstance(event.text, str):
            self._write(event)  # which says what is wrong with it
            return
        of = (type(event), event.turn)
        if self._chunk_of is not None and self._chunk_of != of:
            self._flush(whole=True)
        self._chunk_of = of
        self._chunk.append(event.text)
        if self._flush_timer is not None:
            return
        loop = asyncio.get_running_loop()
        # The first words after a pause are shown at once, with what came in the same reading; a
        # stream is shown in chunks.
        wait = self._last_chunk_at + CHUNK_S - loop.time()
        self._flush_timer = (
            loop.call_soon(self.flush) if wait <= 0 else loop.call_later(wait, self.flush)
        )

    def _write(self, event: ev.Event) -> None:
        if self.fault is not None:
            self._keep(event)
            return
        try:
            self._append(event)
        except JournalError as error:
            self._keep(event)
            self.refused(error)

    def _append(self, event: ev.Event) -> None:
        """Journal an event and tell it. Raises JournalError."""
        try:
            stamped, line = self._journal.append(event)
        except EventRefused as error:
            log.warning("an event was refused: %s", error)
            for other in instead(event, error):
                self._append(other)
            return
        self._publish(stamped, line)
        if not self._unsynced:
            self._unsynced = True
            STEADY_SYNCS.here().add(self)

    def _keep(self, event: ev.Event) -> None:
        """Hold an event back until there is room."""
        full = self._held > MOST_BYTES or len(self._backlog) >= MOST_EVENTS
        if full and not isinstance(event, _ENDS):
            self._on_full()
            return
        with contextlib.suppress(TypeError, ValueError):  # it is refused when its time comes
            self._held += len(codec.line(event))
        self._backlog.append(event)


def instead(event: ev.Event, error: EventRefused) -> list[ev.Event]:
    """What is recorded in the place of an event that no record can hold.

    The turn goes on or ends as it would have: a call has its result, a turn its end.
    """
    turn = _number(getattr(event, "turn", None))
    told = ev.Error(
        turn=turn,
        kind="record",
        message=f"Something that came in can't be recorded, and was left out: {error.message}",
        hint="It came from a server, an agent or a tool; the session goes on without it.",
    )
    if isinstance(event, ev.Error):
        return [told]
    if isinstance(event, ev.TurnEnded):
        return [
            told,
            ev.TurnEnded(turn=turn or 0, reason=one_of(TurnReason, event.reason, "error")),
        ]
    if isinstance(event, ev.ToolResult):
        content = f"The result can't be recorded: {error.message}"
        return [
            told,
            ev.ToolResult(turn=turn or 0, call=_word(event.call), status="error", content=content),
        ]
    return [told]


def _number(value: Any) -> int | None:
    fits = type(value) is int and abs(value) <= ev.LARGEST
    return value if fits else None


def _word(value: Any) -> str:
    return value[:200] if isinstance(value, str) else ""
