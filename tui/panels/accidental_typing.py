"""A message that is written into a panel by accident: its letters are not taken as commands.

That is when letters come as fast as they are written, and when the keys have been here so long
without use that nobody may know it.
"""

from __future__ import annotations

from time import monotonic

WRITTEN_S = 0.12
"""Two letters within this time are written, not pressed as commands."""
IDLE_S = 30.0
"""A panel whose keys were not used for so long may have been forgotten."""


class KeysHere:
    """How the keys of a panel come."""

    def __init__(self) -> None:
        self.since = 0.0
        """When the keys came here, or were used here last (s, monotonic)."""
        self._letters: tuple[float, ...] = ()
        """When the last two letters were pressed here."""

    def arrive(self) -> None:
        """The keys are here now."""
        self.since = monotonic()

    def forget(self) -> None:
        """The letters so far have been asked about: they count no more."""
        self._letters = ()
        self.arrive()

    def note(self, *, letter: bool) -> None:
        """A key was pressed: one that writes, or another."""
        now = monotonic()
        if letter:
            self._letters = (*self._letters[-1:], now)
        if now - self.since < IDLE_S:
            self.since = now

    def accidental(self) -> bool:
        """Whether the key that was pressed now may have been meant for a message."""
        now = monotonic()
        written = len(self._letters) == 2 and now - self._letters[0] < WRITTEN_S
        return written or now - self.since >= IDLE_S
