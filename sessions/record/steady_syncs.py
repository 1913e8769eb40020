"""Journals that are written to all the time, synced together: a second after the first of them.

A call of a thread for each would cost a fifth of the CPU that the engine takes while a hundred
sessions stream. Afterwards those rest that stream no more, where too many journals are open.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from sessions.errors import JournalError
from sessions.one_per_loop import OnePerLoop
from sessions.record.file_descriptors import JOURNALS

log = logging.getLogger("agentdeck.record")

SYNC_S = 1.0
_PIECE = 16
"""Journals that one call syncs: several threads do it where a disk is slow."""


class Unsynced(Protocol):
    """Whose journal is to be synced (`sessions.record.recorder.Recorder`)."""

    def due(self) -> Callable[[], None] | None:
        """It is synced now, by calling this in a thread; None: there is nothing to be synced."""

    def refused(self, error: JournalError) -> None:
        """The disk did not take it."""


class SteadySyncs:
    """Those that wait for the next sync."""

    def __init__(self) -> None:
        self._waiting: dict[Unsynced, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, who: Unsynced) -> None:
        """Something was written: it is synced within `SYNC_S`."""
        self._waiting[who] = None
        self._come_later()

    def drop(self, who: Unsynced) -> None:
        """It is synced by itself."""
        self._waiting.pop(who, None)
        if JOURNALS.crowded:
            return  # the others may stop too: they are still to be asked to rest
        if not self._waiting and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _come_later(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(SYNC_S, self._come)

    def _come(self) -> None:
        waiting, self._timer = list(self._waiting), None
        self._waiting.clear()
        task = asyncio.ensure_future(self._sync_all(waiting))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _sync_all(self, waiting: Sequence[Unsynced]) -> None:
        pieces = (waiting[at : at + _PIECE] for at in range(0, len(waiting), _PIECE))
        await asyncio.gather(*map(_sync, pieces))
        if JOURNALS.synced():
            self._come_later()


async def _sync(some: Sequence[Unsynced]) -> None:
    due = [(who, sync) for who in some if (sync := who.due()) is not None]
    syncs = [sync for _, sync in due]
    if syncs:
        errors = await asyncio.get_running_loop().run_in_executor(None, _all, syncs)
        for (who, _), error in zip(due, errors, strict=True):
            if error is not None:
                _tell(who, error)


def _all(syncs: Sequence[Callable[[], None]]) -> list[JournalError | None]:
    return [_fault(sync) for sync in syncs]


def _fault(sync: Callable[[], None]) -> JournalError | None:
    try:
        sync()
    except JournalError as error:
        return error
    except Exception:
        # What nobody foresaw of one journal keeps no other of its call from the disk.
        log.exception("a journal is not synced")
    return None


def _tell(who: Unsynced, error: JournalError) -> None:
    try:
        who.refused(error)
    except Exception:
        # A full disk refuses them all: each is told, whatever another makes of it.
        log.exception("a session is not told that the disk refuses")


STEADY_SYNCS = OnePerLoop(SteadySyncs)
