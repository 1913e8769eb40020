"""A transcript laid out as rows, lazily: only what is looked at is rendered.

Every block has a height, guessed until it is looked at, and the sum of the heights before it
says where it begins. Rendered lines are kept for the pieces that were looked at last; the
text itself stays in the transcript.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from sessions.record.transcript import Block, Transcript
from sessions.safety.sanitise import clean
from tui.terminal import glyphs
from tui.view import blocks
from tui.view.heights import Heights
from tui.view.line import Line, keep_equal
from tui.view.picture import NO_PICTURES, PicturePiece, Pictures
from tui.view.pieces import MarkdownPiece, Piece, TextPiece, estimate
from tui.view.split import Splitter

BLOCKS_KEPT = 2
"""Pieces are kept of so many blocks per view, beyond those on screen."""
_NO_PIECES: list[Piece] = []
_NO_HEIGHTS = Heights()
"""Of the thousands that were never looked at: those that are get lists of their own."""
LINES_KEPT = 120
"""So many rendered lines are kept per view, beyond those on screen."""
_TIGHT = ("tool", "notice")


def apart(before: Block | None, block: Block) -> bool:
    """Whether an empty row stands between two blocks."""
    return before is not None and not (before.kind in _TIGHT and block.kind in _TIGHT)


@dataclass(slots=True)
class BodyRow:
    """A line on screen and the number of the block it belongs to."""

    line: Line
    block: int


class BlockBody:
    """One block's pieces and their heights."""

    __slots__ = (
        "_ends_cr",
        "_seen",
        "_splitter",
        "_words",
        "apart",
        "block",
        "folded",
        "heights",
        "hidden",
        "pictures",
        "pieces",
        "version",
    )

    def __init__(self, block: Block, apart: bool, pictures: Pictures = NO_PICTURES) -> None:
        self.block = block
        self.apart = apart
        self.pictures = pictures
        self.folded = blocks.starts_folded(block)
        self.hidden = blocks.starts_hidden(block)
        self.pieces = _NO_PIECES
        self.heights = _NO_HEIGHTS
        self.version = -1
        self._splitter: Splitter | None = None
        self._seen = 0
        self._words = 0
        self._ends_cr = False

    @property
    def built(self) -> bool:
        """Whether its pieces are known; before that its height is a guess."""
        return self.version >= 0

    @property
    def foldable(self) -> bool:
        """Whether it can be folded and unfolded."""
        return blocks.foldable(self.block)

    @property
    def gap(self) -> bool:
        """Whether an empty row stands before it."""
        return self.apart and not (self.hidden or blocks.looks.compact)

    def guess(self, width: int) -> int:
        """About how many rows it takes."""
        if self.hidden:
            return 0
        if self.folded and self.block.kind != "user":
            return 1 + self.gap
        if self.block.past is not None:  # its words are away, and need not come for a guess
            return self.gap + max(1, self.block.ends + self.block.size // max(8, int(width * 0.9)))
        parts = self.block.parts
        first = estimate(parts[0], width) if parts else 1
        return self.gap + first + sum(map(len, parts[1:])) // max(8, int(width * 0.9))

    def let_go(self) -> list[Piece]:
        """Drop its pieces, which are made again when they are looked at; what they were."""
        pieces, self.pieces = self.pieces, _NO_PIECES
        self.version = -1
        self._splitter = None
        return pieces

    def fold(self, folded: bool) -> None:
        """Fold or unfold; its pieces are made anew, and it is left out no more."""
        if folded != self.folded or self.hidden:
            self.folded, self.hidden = folded, False
            self.version = -1

    def look_anew(self, before: Block | None) -> None:
        """As the user wants it now. `before`: what stands above it."""
        self.apart = apart(before, self.block)
        if self.block.kind == "thinking":
            self.folded = blocks.starts_folded(self.block)
            self.hidden = blocks.starts_hidden(self.block)
            self.version = -1

    def sync(self, width: int) -> None:
        """Bring the pieces up to date with the block."""
        if self.version == self.block.version:
            return
        fresh = self.version < 0
        self.version = self.block.version
        if self.hidden:
            self._replace([], width)
        elif self.block.kind in ("text", "thinking"):
            self._stream(fresh, width)
        else:
            self._replace(blocks.build(self.block, self.folded, self.pictures), width)

    def _replace(self, pieces: list[Piece], width: int) -> None:
        self.pieces = pieces
        self.heights = Heights()
        for piece in pieces:
            self.heights.append(piece.estimate(width))

    # -- answers and thinking grow

    def _stream(self, fresh: bool, width: int) -> None:
        if fresh:
            self._seen = self._words = 0
            self._splitter = None
            self.pieces, self.heights = [], Heights()
        thinking = self.block.kind == "thinking"
        new = self._new_text()
        if thinking:
            self._words += len(new.split())
            self._thinking_head(width)
        if thinking and self.folded:
            return
        if self._splitter is None:
            self._splitter = Splitter()
        self._splitter.feed(new)
        if not self.block.open:
            self._splitter.close()
        self._take_parts(width, 1 if thinking else 0)

    def _new_text(self) -> str:
        new = self.block.after(self._seen)
        self._seen = self.block.size
        if self._ends_cr:
            new = "\r" + new
        self._ends_cr = new.endswith("\r") and self.block.open
        if self._ends_cr:
            new = new[:-1]
        return clean(new).expandtabs(4)

    def _thinking_head(self, width: int) -> None:
        shape = glyphs.mark("folded" if self.folded else "unfolded")
        noun = "word" if self._words == 1 else "words"
        if self.block.open:
            said = f"{shape} thinking{glyphs.mark('more')} {self._words} {noun}"
        else:
            said = f"{shape} thought for {self._words} {noun}"
        piece = TextPiece(said, "muted")
        if self.pieces:
            self.pieces[0] = piece
        else:
            self.pieces.append(piece)
            self.heights.append(piece.estimate(width))

    def _take_parts(self, width: int, start: int) -> None:
        assert self._splitter is not None
        parts = self._splitter.parts
        style = "thinking" if start else ""
        # The open part may have turned out to be nothing, and been taken back.
        while (made := len(self.pieces) - start) > 0 and (
            made > len(parts) or self._part_at(-1) is not parts[made - 1]
        ):
            self.pieces.pop()
            self.heights.pop()
        self._may_be_picture(width)
        for part in parts[len(self.pieces) - start :]:
            before = self.pieces[-1] if self.pieces else None
            markdown = before if isinstance(before, MarkdownPiece) else None
            piece: Piece = self.pictures.shown(part) or MarkdownPiece(part, markdown, style)
            self.pieces.append(piece)
            self.heights.append(piece.estimate(width))

    def _may_be_picture(self, width: int) -> None:
        """What was drawn as text while it came may be a picture now that it is whole."""
        last = self.pieces[-1] if self.pieces else None
        if isinstance(last, MarkdownPiece) and (piece := self.pictures.shown(last.part)):
            self.pieces[-1] = piece
            self.heights.pop()
            self.heights.append(piece.estimate(width))

    def _part_at(self, index: int) -> object:
        piece = self.pieces[index]
        return piece.part if isinstance(piece, MarkdownPiece) else None


class TranscriptLayout:
    """All blocks of a transcript, laid out for one width."""

    def __init__(self, transcript: Transcript, width: int = 80) -> None:
        self.transcript = transcript
        self.width = width
        self.blocks: list[BlockBody] = []
        self.heights = Heights()
        self._kept: OrderedDict[Piece, int] = OrderedDict()
        self._lines_kept = 0
        self._blank = Line(())
        self.pictures = NO_PICTURES
        self.keep = LINES_KEPT
        self._looked_at: OrderedDict[int, None] = OrderedDict()
        """Blocks whose pieces are made, the one that was looked at last at the end."""
        self._measured: dict[int, int] = {}
        """Blocks whose pieces were let go, and the width that their heights are of."""
        self.rendered = 0
        """How many pieces were rendered in all; for tests and benchmarks."""

    @property
    def total(self) -> int:
        """Rows in all, as far as is known."""
        return self.heights.total

    def resize(self, width: int) -> None:
        """Lay out for another width; every height is a guess again."""
        if width == self.width:
            return
        self.width = width
        self._forget()
        for index, block in enumerate(self.blocks):
            if block.built:
                heights = Heights()
                for piece in block.pieces:
                    heights.append(piece.estimate(width))
                block.heights = heights
                self.heights.set(index, heights.total + block.gap)
            else:
                self.heights.set(index, block.guess(width))

    def picture_came(self) -> bool:
        """Render anew what shows pictures; whether anything does."""
        found = False
        for index, block in enumerate(self.blocks):
            if any(isinstance(piece, PicturePiece) for piece in block.pieces):
                block.version, found = -1, True
                self._sync(index)
        return found

    def _forget(self) -> None:
        for piece in self._kept:
            piece.lines = None
        self._kept.clear()
        self._lines_kept = 0

    def update(self, index: int | None = None) -> None:
        """Take in new blocks, and what changed in block `index`."""
        known = self.transcript.blocks
        while len(self.blocks) < len(known):
            block = known[len(self.blocks)]
            before = next((b.block for b in reversed(self.blocks) if not b.hidden), None)
            made = BlockBody(block, apart(before, block), self.pictures)
            self.blocks.append(made)
            self.heights.append(made.guess(self.width))
        if index is not None and self.blocks[index].built:
            self._sync(index)

    def _sync(self, index: int) -> None:
        block = self.blocks[index]
        self._looked_at[index] = None
        self._looked_at.move_to_end(index)
        if block.version == block.block.version:
            return
        before, measured = block.heights, self._measured.pop(index, 0) == self.width
        block.sync(self.width)
        if measured and len(before) == len(block.heights):
            block.heights = before
        self.heights.set(index, block.heights.total + block.gap)

    def fold(self, index: int, folded: bool) -> None:
        """Fold or unfold a block."""
        self.blocks[index].fold(folded)
        self._sync(index)

    def look_anew(self) -> None:
        """Show all blocks as the user wants them now; those never seen stay a guess."""
        before: Block | None = None
        for index, block in enumerate(self.blocks):
            seen = block.built
            block.look_anew(before)
            if seen:
                block.sync(self.width)
                self.heights.set(index, block.heights.total + block.gap)
            else:
                self.heights.set(index, block.guess(self.width))
            before = before if block.hidden else block.block

    def measure(self, index: int, number: int) -> int:
        """Make sure a piece's height is right; returns by how much it changed."""
        block = self.blocks[index]
        piece = block.pieces[number]
        if piece.fresh(self.width):
            return 0
        self._render(piece)
        change = block.heights.set(number, piece.height)
        if change:
            self.heights.set(index, block.heights.total + block.gap)
        return change

    def lines(self, piece: Piece) -> list[Line]:
        """A piece's lines, kept or made."""
        if piece.lines is None or not piece.fresh(self.width):
            return self._render(piece)
        self._kept.move_to_end(piece)
        return piece.lines

    def _render(self, piece: Piece) -> list[Line]:
        lines = piece.render(self.width) or [Line(())]
        if piece.lines is not None and piece.width == self.width:
            keep_equal(lines, piece.lines)
        piece.lines = lines
        piece.width, piece.version = self.width, piece.wanted
        piece.height = len(lines) + piece.gap
        self._lines_kept += len(lines) - self._kept.pop(piece, 0)
        self._kept[piece] = len(lines)
        self.rendered += 1
        return lines

    def trim(self, on_screen: int, rows: Sequence[BodyRow] = ()) -> None:
        """Drop the lines, and the pieces, of what was not looked at for longest.

        `rows`: what is on screen.
        """
        shown = len({row.block for row in rows}) if rows else on_screen
        for _ in range(len(self._looked_at) - BLOCKS_KEPT - shown):
            self._let_go(next(iter(self._looked_at)))
        while self._lines_kept > self.keep + on_screen and len(self._kept) > 1:
            piece, count = self._kept.popitem(last=False)
            piece.lines = None
            self._lines_kept -= count

    def _let_go(self, index: int) -> None:
        del self._looked_at[index]
        block = self.blocks[index]
        if block.block.open or not block.built:
            return
        self._measured[index] = self.width
        for piece in block.let_go():
            self._lines_kept -= self._kept.pop(piece, 0)
            piece.lines = None

    # -- looking at rows

    def settle_end(self, height: int) -> int:
        """Measure the last `height` rows; returns the row that a view of the end starts at."""
        rows = 0
        index = len(self.blocks) - 1
        while index >= 0 and rows < height:
            self._sync(index)
            block = self.blocks[index]
            number = len(block.pieces) - 1
            while number >= 0 and rows < height:
                self.measure(index, number)
                rows += block.heights[number]
                number -= 1
            rows += block.gap
            index -= 1
        return max(0, self.total - height)

    def settle(self, top: int) -> int:
        """Measure what stands at row `top`; returns the row where that stands then.

        What was guessed wrong above `top` moves `top` along, so that what is below stays.
        """
        for _ in range(64):
            if not self.blocks:
                return 0
            index, offset = self.heights.find(top)
            block = self.blocks[index]
            before = self.heights[index]
            self._sync(index)
            if (change := self.heights[index] - before) and offset:
                top = max(self.heights.before(index), top + change)
                continue
            if offset < block.gap or not block.pieces:
                return top
            number, inside = block.heights.find(offset - block.gap)
            change = self.measure(index, number)
            if not change or not inside:
                return top
            start = self.heights.before(index) + block.gap + block.heights.before(number)
            top = max(start, top + change)
        return top

    def rows(self, top: int, count: int) -> list[BodyRow]:
        """The rows from `top` on; measures them as it goes. Fewer at the end."""
        found: list[BodyRow] = []
        if not self.blocks or top >= self.total:
            return found
        index, offset = self.heights.find(max(0, top))
        while index < len(self.blocks) and len(found) < count:
            self._sync(index)
            block = self.blocks[index]
            if block.gap:
                if offset:
                    offset -= 1
                else:
                    found.append(BodyRow(self._blank, index))
            number, inside = block.heights.find(offset) if offset else (0, 0)
            while number < len(block.pieces) and len(found) < count:
                self._piece_rows(index, number, inside, count, found)
                number += 1
                inside = 0
            index += 1
            offset = 0
        return found[:count]

    def _piece_rows(
        self, index: int, number: int, inside: int, count: int, to: list[BodyRow]
    ) -> None:
        self.measure(index, number)
        piece = self.blocks[index].pieces[number]
        if piece.gap:
            if inside:
                inside -= 1
            else:
                to.append(BodyRow(self._blank, index))
        for line in self.lines(piece)[inside : inside + count - len(to)]:
            to.append(BodyRow(line, index))

    def row_of(self, index: int, number: int = 0) -> int:
        """Where a block (or one of its pieces) begins, its gap left out."""
        block = self.blocks[index]
        self._sync(index)
        row = self.heights.before(index) + block.gap
        if number < len(block.pieces):
            row += block.heights.before(number) + block.pieces[number].gap
        return row

    def block_at(self, row: int) -> int:
        """The number of the block that holds a row."""
        return self.heights.find(row)[0]
