"""The way of every event: journal first, then everybody who listens.

Streamed text is joined to chunks of about 50 ms before it becomes events; whatever else
happens flushes the text before it, so that the order is kept. While anything unsynced stands
in the file, a sync runs at least every second, in a thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Protocol

from sessions import events as ev
from sessions import secrecy
from sessions.errors import EventRefused, JournalError

log = logging.getLogger("agentdeck.record")

CHUNK_S = 0.05
SYNC_S = 1.0
# Events kept in memory while the disk refuses them; beyond this the turn has long been stopped.
_BACKLOG = 10_000


class Writes(Protocol):
    """What a recorder needs of a journal (`sessions.journal.Journal`)."""

    def append(self, event: ev.Event) -> tuple[ev.Event, bytes]:
        """Write one event; return it stamped, with its line."""

    def sync(self) -> None:
        """Wait until everything written is on the disk."""


Publish = Callable[[ev.Event, bytes], None]


class Recorder:
    """Writes one session's events and tells `publish` about each, in order.

    `on_fault` is called once when the disk starts to refuse, with the error; from then on
    events are kept back, unseen, and `catch_up` writes them when there is room again.
    """

    def __init__(
        self, journal: Writes, publish: Publish, on_fault: Callable[[JournalError], None]
    ) -> None:
        self._journal = journal
        self._publish = publish
        self._on_fault = on_fault
        self._chunk: list[str] = []
        self._chunk_of: tuple[type[ev.Text] | type[ev.Thinking], int] | None = None
        self._flush_timer: asyncio.TimerHandle | None = None
        self._sync_timer: asyncio.TimerHandle | None = None
        self._syncing: asyncio.Future[None] | None = None
        self._last_chunk_at = 0.0
        self._backlog: list[ev.Event] = []
        self.healthy = True

    def emit(self, event: ev.Event) -> None:
        """Record an event; text and thinking wait up to 50 ms for more of their kind."""
        kind = type(event)
        if kind is ev.Text or (kind is ev.Thinking and not event.signature and not event.redacted):  # type: ignore[attr-defined]
            self._collect(event)  # type: ignore[arg-type]
            return
        self._flush(whole=True)
        self._write(event)

    async def emit_synced(self, event: ev.Event) -> None:
        """Record an event and return when it is on the disk."""
        self.emit(event)
        self.flush()
        await self.sync()

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
        if not whole and (held := secrecy.begun(text)):
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
        if self._sync_timer is not None:
            self._sync_timer.cancel()
            self._sync_timer = None
        if not self.healthy:
            return
        try:
            await asyncio.get_running_loop().run_in_executor(None, self._journal.sync)
        except JournalError as error:
            self._fail(error)

    def catch_up(self) -> bool:
        """Write what the disk refused earlier; True when nothing is kept back any more."""
        pending, self._backlog = self._backlog, []
        self.healthy = True
        for number, event in enumerate(pending):
            self._write(event)
            if not self.healthy:
                self._backlog.extend(pending[number + 1 :])
                return False
        return True

    async def close(self) -> None:
        """Flush and sync; no event may follow."""
        self._flush(whole=True)
        await self.sync()

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
        # The first words after a pause are shown at once; a stream is shown in chunks.
        wait = self._last_chunk_at + CHUNK_S - loop.time()
        if wait <= 0:
            self.flush()
        else:
            self._flush_timer = loop.call_later(wait, self.flush)

    def _write(self, event: ev.Event) -> None:
        if not self.healthy:
            if len(self._backlog) < _BACKLOG:
                self._backlog.append(event)
            return
        try:
            stamped, line = self._journal.append(event)
        except EventRefused as error:
            log.warning("an event was refused: %s", error)
            for other in instead(event, error):
                self._write(other)
            return
        except JournalError as error:
            self._backlog.append(event)
            self._fail(error)
            return
        self._publish(stamped, line)
        if self._sync_timer is None:
            self._sync_timer = asyncio.get_running_loop().call_later(SYNC_S, self._sync_later)

    def _sync_later(self) -> None:
        self._sync_timer = None
        task = asyncio.ensure_future(self.sync())
        self._syncing = task
        task.add_done_callback(lambda _: setattr(self, "_syncing", None))

    def _fail(self, error: JournalError) -> None:
        if self.healthy:
            self.healthy = False
            self._on_fault(error)


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
        return [told, ev.TurnEnded(turn=turn or 0, reason=_word(event.reason) or "error")]
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
