"""What clients may cost that are slow: their bytes, counted over all of them.

One count for what waits to be read by clients, one for commands that were begun and did not end.
Where a sum is too much, those go that did not move: at once where bytes should have come from
them, after some patience where they should have read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

MOST_UNREAD = 24 * 2**20
MOST_UNFINISHED = 24 * 2**20
SLOW = "it let this client go, which reads too slowly what it is sent"
UNFINISHED = "it let this client go, which began a command and did not end it"
PATIENCE_S = 5.0
_FAIR = 2**18
"""Whoever holds less than this is nobody's trouble."""

LetGo = Callable[[str], None]


class Holder(Protocol):
    """Somebody for whom bytes are held."""

    def let_go(self, reason: str) -> None:
        """Give them up, and go."""


class HeldBytes:
    """The bytes that are held, by holder; the one that moved longest ago stands first."""

    def __init__(self, most: int, reason: str) -> None:
        self.most = most
        self.total = 0
        self._reason = reason
        self._held: dict[Holder, int] = {}

    @property
    def full(self) -> bool:
        """Whether nothing should be put on top that can wait."""
        return self.total > self.most

    def hold(self, who: Holder, size: int) -> None:
        """Count `size` bytes more; lets others go where it is too much."""
        self._held[who] = self._held.get(who, 0) + size
        self.total += size
        if self.full:
            self._too_much(who)

    def free(self, who: Holder, size: int) -> None:
        """Count `size` bytes less."""
        held = self._held.get(who, 0)
        size = min(size, held)
        self.total -= size
        if held > size:
            self._held[who] = held - size
        else:
            self._held.pop(who, None)

    def moved(self, who: Holder) -> None:
        """The holder has moved: others are let go before it."""
        if who in self._held:
            self._held[who] = self._held.pop(who)

    def forget(self, who: Holder) -> None:
        """The holder is gone, with all that it held."""
        self.total -= self._held.pop(who, 0)

    def _too_much(self, who: Holder) -> None:
        self._let_go(lambda other: other is not who)

    def _let_go(self, may: Callable[[Holder], bool]) -> None:
        for other, held in list(self._held.items()):
            if self.full and held >= _FAIR and may(other):
                self.forget(other)
                other.let_go(self._reason)


class PatientLedger(HeldBytes):
    """The same, for holders who must be given the time to move."""

    def __init__(self, most: int, reason: str) -> None:
        super().__init__(most, reason)
        self.turn = asyncio.Lock()
        """Held by the one that is sent something out of a journal."""
        self._moved: set[Holder] | None = None
        """Who did since it was too much."""

    def moved(self, who: Holder) -> None:
        """The holder has moved."""
        if self._moved is not None:
            self._moved.add(who)

    def _too_much(self, who: Holder) -> None:
        if self._moved is None:
            self._wait()

    def _wait(self) -> None:
        self._moved = set()
        asyncio.get_running_loop().call_later(PATIENCE_S, self._look)

    def _look(self) -> None:
        moved, self._moved = self._moved or set(), None
        self._let_go(lambda holder: holder not in moved)
        if self.full:
            self._wait()


@dataclass(slots=True)
class Pressure:
    """Both counts of an engine."""

    unread: PatientLedger
    unfinished: HeldBytes

    @classmethod
    def make(cls) -> Pressure:
        """Nothing is held yet."""
        return cls(PatientLedger(MOST_UNREAD, SLOW), HeldBytes(MOST_UNFINISHED, UNFINISHED))
