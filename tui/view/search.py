"""Finding text inside one tile."""

from __future__ import annotations

import re
from contextlib import nullcontext
from dataclasses import dataclass

from tui.view.transcript_layout import BlockBody, TranscriptLayout


@dataclass(frozen=True, slots=True)
class Match:
    """The `nth` occurrence in a piece of a block, counted from 0."""

    block: int
    piece: int
    nth: int


class Search:
    """A needle, where it occurs, and which occurrence is in view.

    Letters match whatever their case. Folded parts are searched too; jumping to a match
    unfolds them.
    """

    def __init__(self, body: TranscriptLayout, needle: str) -> None:
        self.needle = needle
        self.pattern = re.compile(re.escape(needle), re.IGNORECASE)
        self.matches: list[Match] = []
        self.at = -1
        if needle:
            body.update()
            texts = body.transcript.texts()
            for index, (block, text) in enumerate(zip(body.blocks, texts, strict=False)):
                with block.block.at_hand(text) if block.block.past else nullcontext():
                    self._find(index, block, text, body.width)

    def _find(self, index: int, block: BlockBody, text: str, width: int) -> None:
        if block.block.kind == "text" and not self.pattern.search(text):
            return
        whole = block
        if block.folded or block.hidden or not block.built:
            whole = BlockBody(block.block, block.apart)
            whole.folded = whole.hidden = False
        whole.sync(width)
        for number, piece in enumerate(whole.pieces):
            for nth, _ in enumerate(self.pattern.finditer(piece.source)):
                self.matches.append(Match(index, number, nth))

    @property
    def current(self) -> Match | None:
        """The match in view."""
        return self.matches[self.at] if 0 <= self.at < len(self.matches) else None

    def start(self, block: int) -> Match | None:
        """The last match at or before a block, where one looks back from; else the first."""
        earlier = [i for i, match in enumerate(self.matches) if match.block <= block]
        self.at = earlier[-1] if earlier else (0 if self.matches else -1)
        return self.current

    def go(self, block: int) -> bool:
        """The first match in a block; False if it has none."""
        here = [i for i, match in enumerate(self.matches) if match.block == block]
        self.at = here[0] if here else self.at
        return bool(here)

    def step(self, by: int) -> Match | None:
        """The next match, or the one before, round the end."""
        if self.matches:
            self.at = (self.at + by) % len(self.matches)
        return self.current

    def row(self, body: TranscriptLayout, match: Match) -> int:
        """The row that shows a match; unfolds its block."""
        block = body.blocks[match.block]
        body.fold(match.block, False)
        row = body.row_of(match.block, match.piece)
        if match.piece >= len(block.pieces):
            return row
        body.measure(match.block, match.piece)
        row = body.row_of(match.block, match.piece)
        seen = 0
        for offset, line in enumerate(body.lines(block.pieces[match.piece])):
            seen += sum(1 for _ in self.pattern.finditer(line.text))
            if seen > match.nth:
                return row + offset
        return row

    @property
    def said(self) -> str:
        """`3 of 12`, or that there is none."""
        if not self.matches:
            return "not found" if self.needle else ""
        return f"{self.at + 1} of {len(self.matches)}"
