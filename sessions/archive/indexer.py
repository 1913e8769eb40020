"""The engine's index: fed behind the events, asked in a thread of its own, made again at a fault.

Nothing that is delivered waits for it: an event is in the journal and on its way to the clients
before it comes here. One thread does all of its work, in small pieces, so that a search comes
between two of them while thousands of journals are taken in. What waits for a busy index is
bounded: beyond that it is let go, and read from the journals again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, TypeVar

from sessions.archive.index import NEVER, Index, mark_of
from sessions.errors import AgentdeckError
from sessions.record import events as ev
from sessions.record.journal import NAME
from sessions.record.summary import Summary

log = logging.getLogger("agentdeck.index")

_BATCH = 1_000
_PIECE = 20
"""Journals that are taken in at a time."""
_FIRST = 40
"""The newest sessions, whose tiles are shown first, are looked at before all others."""

_MAX_WAITING = 5_000
"""Events that wait for the index, at most."""
_TO_DISK_S = 60.0
_TRIES = 2

T = TypeVar("T")
_TOLD = (ev.Text, ev.UserMessage, ev.ToolCall, ev.ContextCompacted, ev.ShellRan)
"""What can be searched, and what ends a stretch of it."""
_ENDS = (ev.TurnEnded, ev.SessionSet, ev.TerminalStarted, ev.TerminalEnded, ev.TerminalSaid)
"""After these a session rests, or its list's row is another: all is written."""


class Heard(Protocol):
    """Who is told how it goes."""

    def taken(self, found: list[Summary]) -> None:
        """Sessions that were not in the index, or not as they are now, are."""

    def progress(self, done: int, of: int) -> None:
        """So many of the journals that were not in the index are."""

    def failed(self, why: str) -> None:
        """The index was set aside; it is made again."""

    def unkept(self, why: str) -> None:
        """The index can't be kept on disk, it is in memory; "" = it is on disk again."""


class Indexer:
    """Keeps one `Index` at work. All methods are for the engine's event loop."""

    def __init__(self, path: Path, journals: Path, heard: Heard) -> None:
        self._path = path
        self._journals = journals
        self._heard = heard
        self._index: Index | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="index")
        self._batch: list[tuple[str, ev.Event]] = []
        self._summaries: dict[str, Summary] = {}
        self._feeding: asyncio.Task[None] | None = None
        self._due = False
        """Something has ended, or much waits: it is to be written."""
        self._making: asyncio.Task[None] | None = None
        self._mending = asyncio.Lock()
        self._failures = 0
        self._mended = 0
        self._closed = False
        self._let_go: set[str] = set()
        """Sessions whose events were let go; their journals are read once there is time."""
        self._again: asyncio.TimerHandle | None = None
        self.done = self.of = 0

    @property
    def waiting(self) -> int:
        """How many events wait for the index."""
        return len(self._batch)

    async def start(self) -> None:
        """Open the index and look at the newest sessions; the rest is taken in behind."""
        changed = await self._of(lambda index: index.changed())
        self._kept_or_said()
        self.done, self.of = 0, len(changed)
        if changed:
            found = await self._of(lambda index: index.look(changed[-_FIRST:]))
            self._heard.taken(found)
            self._making = asyncio.get_running_loop().create_task(self._make(changed))

    async def made(self) -> None:
        """Wait until every journal is in."""
        while True:
            async with self._mending:  # what it mends it takes in again afterwards
                making = self._making
            if making is None:
                return
            await asyncio.wait([making])

    async def close(self) -> None:
        """Write what waits and let go. Nothing that is fed afterwards counts."""
        if self._closed:
            return
        self._closed = True
        if self._again is not None:
            self._again.cancel()
        making, self._making = self._making, None
        if making is not None:
            making.cancel()
            await asyncio.wait([making])
        if self._feeding is not None:
            await asyncio.wait([self._feeding])
        with contextlib.suppress(sqlite3.Error):
            await self._write()
        if self._index is not None:
            await self._run(self._index.close)
        self._thread.shutdown(wait=False)

    def feed(self, session: str, event: ev.Event, summary: Summary) -> None:
        """Take in one event of a running session; written in batches, later."""
        if self._closed:
            return
        self._summaries[session] = summary
        if len(self._batch) >= _MAX_WAITING:
            self._let_go.update(s for s, _ in self._batch)
            self._batch.clear()
        if isinstance(event, _TOLD):
            self._batch.append((session, event))
        if isinstance(event, _ENDS) or len(self._batch) >= _BATCH:
            self._feed_soon()

    def note(self, session: str, summary: Summary) -> None:
        """Take in what a summary says that no event says."""
        if not self._closed:
            self._summaries[session] = summary
            self._feed_soon()

    async def ask(self, question: Callable[[Index], T]) -> T:
        """An answer from the index, everything that was fed before in it.

        Raises AgentdeckError: there is none to be had at the moment.
        """
        for _ in range(2):
            try:
                await self._write()
                return await self._of(question)
            except sqlite3.Error as error:
                await self._fault(error)
        raise AgentdeckError(
            "The index of all sessions can't be read; it is made again.", "Try again in a moment."
        )

    async def forget(self, session: str) -> None:
        """A session was deleted."""
        self._summaries.pop(session, None)
        self._batch = [(s, event) for s, event in self._batch if s != session]
        with contextlib.suppress(AgentdeckError):
            await self.ask(lambda index: index.forget(session))

    async def room(self) -> None:
        """Try to keep it on disk again, where that was refused before."""
        if self._again is not None:
            self._again.cancel()
            self._again = None
        if self._closed or self._index is None or not self._index.unkept:
            return
        try:
            if await self._of(lambda index: index.to_disk()):
                self._failures = 0
                await self._look_again()
                self._heard.unkept("")
            else:
                self._try_later()
        except sqlite3.Error as error:
            await self._fault(error)

    # -- in the loop

    def _kept_or_said(self) -> None:
        if self._index is not None and self._index.unkept:
            self._heard.unkept(self._index.unkept)
            self._try_later()

    def _try_later(self) -> None:
        if self._again is None and not self._closed:
            loop = asyncio.get_running_loop()
            self._again = loop.call_later(_TO_DISK_S, lambda: loop.create_task(self.room()))

    async def _look_again(self) -> None:
        """Take in, behind, whatever the index lacks."""
        making, self._making = self._making, None
        if making is not None and making is not asyncio.current_task():
            making.cancel()
        changed = await self._of(lambda index: index.changed())
        self.done, self.of = 0, len(changed)
        self._making = asyncio.get_running_loop().create_task(self._make(changed))

    def _feed_soon(self) -> None:
        self._due = True
        if self._feeding is None:
            self._feeding = asyncio.get_running_loop().create_task(self._feed())

    async def _feed(self) -> None:
        try:
            while self._due:  # what streams meanwhile waits for its end, or for many of its kind
                self._due = False
                await self._write()
            if self._let_go:
                self._let_go.clear()
                await self._look_again()
        except sqlite3.Error as error:
            await self._fault(error)
        except Exception:
            # The boundary of a worker: what is not in the index is on disk all the same.
            log.exception("feeding the index")
        finally:
            self._feeding = None

    async def _make(self, changed: list[str]) -> None:
        try:
            for at in range(0, len(changed), _PIECE):
                piece = changed[at : at + _PIECE]
                found = await self._of(lambda index, piece=piece: index.take(piece))  # type: ignore[misc]
                self.done = min(at + _PIECE, self.of)
                self._heard.taken(found)
                self._heard.progress(self.done, self.of)
        except sqlite3.Error as error:
            self._making = None
            await self._fault(error)
            return
        except Exception:
            # The boundary of a worker: the index is short of something, the engine goes on.
            log.exception("making the index")
        self._making = None

    async def _fault(self, error: sqlite3.Error) -> None:
        """Mend the index and take in what it lacks; from the third time on in memory."""
        failed = self._mended
        async with self._mending:
            if self._mended != failed:
                return  # whoever saw it first has done it
            self._mended += 1
            self._failures += 1
            log.warning("the index failed: %r", error)
            keep = self._failures <= _TRIES
            await self._of(lambda index: index.mend(error, keep=keep))
            await self._look_again()
        if self._index is not None and self._index.unkept:
            self._kept_or_said()
        else:
            self._heard.failed(str(error))

    async def _write(self) -> None:
        """Hand what waits to the thread; as it is now, since the engine goes on meanwhile."""
        batch, self._batch = self._batch, []
        summaries = {s: Summary(**known.to_json()) for s, known in self._summaries.items()}
        self._summaries.clear()
        if batch or summaries:
            marks = {
                s: NEVER if s in self._let_go else mark_of(self._journals / s / NAME)
                for s in summaries
            }
            await self._of(lambda index: index.feed(batch, summaries, marks))

    async def _run(self, job: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, job)

    async def _of(self, question: Callable[[Index], T]) -> T:
        def look() -> T:
            if self._index is None:
                self._index = Index.open(self._path, self._journals)
            return question(self._index)

        return await self._run(look)
