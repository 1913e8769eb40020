"""A place of a record, as one asks to see it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EventSpot:
    """An event of a session, and the words that were looked for in it ("" = none)."""

    session: str
    seq: int
    words: str = ""
