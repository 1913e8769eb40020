"""A terminal that is gone, as its recording shows it: the last of what it printed."""

from __future__ import annotations

from collections.abc import Iterable

from sessions.terminals.printed_bytes import PrintedBytes
from sessions.terminals.terminal import Watches


class RecordedTerminal:
    """It can be looked at, and does nothing any more."""

    running = False

    def __init__(self, size: tuple[int, int], events: Iterable[tuple[float, str, str]]) -> None:
        self.kept = PrintedBytes(size)
        self.watchers: set[Watches] = set()
        for _, code, data in events:
            if code == "o":
                self.kept.add(data.encode("utf-8", "replace"))
            elif code == "r" and (found := size_of(data)) is not None:
                self.kept.resized(*found)

    def took(self) -> None:
        """Nothing waits for whoever looks on."""

    def resize(self, columns: int, rows: int) -> None:
        """It stays as it was."""

    def redraw(self) -> None:
        """Nobody draws it any more."""


def size_of(data: str) -> tuple[int, int] | None:
    """Columns and rows of an event `r`; None where it is none."""
    columns, _, rows = data.partition("x")
    if columns.isdecimal() and rows.isdecimal() and len(data) < 12:
        return max(1, int(columns)), max(1, int(rows))
    return None
