"""Where a transcript view stands."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ScrollPosition:
    """The row inside a block that is at the top."""

    block: int
    row: int
