"""Which turns of a conversation were rewound, where each record names its parent.

A message of the user whose parent lies before the last turn begins a branch: the turns between
were taken back. Records within a turn fork for many reasons (calls side by side, streams that were
begun again), and none of these takes anything back.
"""

from __future__ import annotations

from typing import Any


class Lineage:
    """The turn that each record belongs to, by its uuid."""

    def __init__(self) -> None:
        self._turns: dict[str, int] = {}
        self._cut = False
        """The past was summarised: what follows has no parent, and nothing was taken back."""

    def cut(self) -> None:
        """The harness summarised the past here."""
        self._cut = True

    def note(self, uuid: str, turn: int) -> None:
        """A record belongs to a turn (0: before the first)."""
        if uuid:
            self._turns[uuid] = turn

    def turn_of(self, uuid: Any) -> int:
        """The turn that a record belongs to; 0 = none that is known."""
        return self._turns.get(str(uuid), 0)

    def back_to(self, parent: Any, turn: int) -> int:
        """The first turn that a message with this parent takes back; 0 = none. `turn`: the last."""
        cut, self._cut = self._cut, False
        if cut or not turn:
            return 0
        if parent is None:
            return 1
        known = self._turns.get(str(parent))
        return known + 1 if known is not None and known < turn else 0
