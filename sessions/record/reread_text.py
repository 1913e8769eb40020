"""Words of a session read again from its journal: what a view shows no more need not be kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from sessions.errors import JournalError
from sessions.record import events as ev
from sessions.record.closed_sets import BlockKind
from sessions.record.reading import read, read_from

GONE = "(These words can't be read again: the session's record is not where it was.)"


class PutAway(Protocol):
    """A block of a transcript: where its words stand in the journal."""

    @property
    def kind(self) -> BlockKind:
        """Text or thinking."""

    @property
    def seq(self) -> int:
        """The number of its first event."""

    @property
    def last_seq(self) -> int:
        """The number of its last one."""

    @property
    def past(self) -> PastText | None:
        """Where its words are read; None while it has them."""

    @property
    def text(self) -> str:
        """Its words."""


class PastText:
    """Reads the words of blocks that were put away."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal

    def of(self, block: PutAway) -> str:
        """The words of one block."""
        return self._told(block, read_from(self._journal, block.seq))

    def of_all(self, blocks: Iterable[PutAway]) -> Iterator[str]:
        """The words of blocks in their order, put away or not, by one reading from the start."""
        events = read(self._journal)
        for block in blocks:
            yield block.text if block.past is None else self._told(block, events)

    def _told(self, block: PutAway, events: Iterator[ev.Event]) -> str:
        kind = ev.Thinking if block.kind == "thinking" else ev.Text
        said: list[str] = []
        try:
            for event in events:
                if block.seq <= event.seq <= block.last_seq and type(event) is kind:
                    said.append(event.text)
                if event.seq >= block.last_seq:
                    break
        except JournalError:
            return GONE
        return "".join(said) or GONE
