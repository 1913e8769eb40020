"""File descriptors: how many there may be, and which journals hold one.

A journal needs its descriptor only while it is written. The least recently written ones rest:
they give it back and open their file again with the next event. So a thousand sessions take
few, whatever the limit is. One that is written again and again, since its session streams, is left
alone: it would open its file again a moment later. When all of them stop at once, no event of
another makes them rest: they are asked after they have been synced (sessions.record.steady_syncs).
"""

from __future__ import annotations

import contextlib
import os
import resource
import time
from collections import OrderedDict
from itertools import islice
from typing import Protocol

MOST_OPEN = 32
"""Journals that stay open though nothing is written to them."""
_TRIED = 4
"""Journals that are asked to rest at an event: where hundreds stream, few of them can."""
_OFTEN_S = 1.0
_STREAMS = 4
"""Events, each so soon after the one before, from which on a session streams."""
_WANTED = 65_536
_NEAR = 0.8
_before = 0


class Rests(Protocol):
    """What can give its descriptor back (`sessions.record.journal.Journal`)."""

    def rest(self, *, sync: bool = False) -> bool:
        """Give it back, if nothing is in the way; with `sync` after a sync. Whether it did."""


class OpenJournals:
    """The journals that hold a descriptor, the least recently written first."""

    def __init__(self) -> None:
        self._open: OrderedDict[Rests, tuple[float, int]] = OrderedDict()
        """When each was used last, and how often in quick succession."""
        self._crowded = False

    def __len__(self) -> int:
        return len(self._open)

    @property
    def crowded(self) -> bool:
        """Whether there are more than there should be, since they could not rest yet."""
        return self._crowded

    def used(self, journal: Rests) -> None:
        """A journal was opened or written; others rest where there are too many."""
        now, known = time.monotonic(), journal in self._open
        last, often = self._open.pop(journal, (0.0, 0))
        self._open[journal] = now, often + 1 if now - last < _OFTEN_S else 0
        if known and not self._crowded:
            return  # every event comes by here: the system is asked where it can matter alone
        most = _most()
        if len(self._open) > most:
            self._rest(journal, most, now)
        self._crowded = len(self._open) > most

    def synced(self) -> bool:
        """Those that stream no more rest where there are too many; whether to ask again later."""
        if not self._crowded:
            return False
        now, most, streams = time.monotonic(), _most(), False
        for journal in list(self._open):
            if len(self._open) <= most:
                break
            if self._streams(journal, now):
                streams = True
            elif journal.rest():
                self.gone(journal)
        self._crowded = len(self._open) > most
        return self._crowded and streams

    def _rest(self, journal: Rests, most: int, now: float) -> None:
        # What is not synced yet stays open, but for where the limit is near.
        pressed = len(self._open) > max(most, limit() // 3)
        tried = len(self._open) - most if pressed else min(_TRIED, len(self._open) - most)
        for other in list(islice(self._open, tried)):
            if other is journal:
                continue
            if (pressed or not self._streams(other, now)) and other.rest(sync=pressed):
                self.gone(other)
            else:
                self._open.move_to_end(other)  # the next one's turn

    def _streams(self, journal: Rests, now: float) -> bool:
        last, often = self._open[journal]
        return often >= _STREAMS and now - last < _OFTEN_S

    def gone(self, journal: Rests) -> None:
        """A journal holds none any more."""
        self._open.pop(journal, None)


JOURNALS = OpenJournals()
"""Those of this process."""


def _most() -> int:
    return max(4, min(MOST_OPEN, limit() // 8))


def limit() -> int:
    """How many descriptors this process may have."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _WANTED if soft == resource.RLIM_INFINITY else soft


def user_limit() -> int:
    """The soft limit of whoever started this process, 0 where it was not raised."""
    return _before


def raise_limit() -> None:
    """Raise the soft limit as far as it may be raised.

    What a command inherits is set back by its supervisor: programs that use select() rely on it.
    """
    global _before
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED if hard == resource.RLIM_INFINITY else min(hard, _WANTED)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):  # macOS has a further limit of its own
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            _before = soft


def in_use() -> int | None:
    """How many descriptors this process has; None where the system doesn't say."""
    for folder in ("/proc/self/fd", "/dev/fd"):
        with contextlib.suppress(OSError):
            return len(os.listdir(folder)) - 1  # noqa: PTH208 - the listing itself has one
    return None


def near_limit() -> str:
    """A sentence when few descriptors are left, else ""."""
    used = in_use()
    if used is None or used < limit() * _NEAR:
        return ""
    return (
        f"The engine has {used} files open of the {limit()} that it may have: "
        "close sessions, or start it anew under a higher limit (ulimit -n)."
    )
