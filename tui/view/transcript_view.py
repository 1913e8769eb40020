"""A transcript in its user's hands: blocks, folds, search, copying, links, marks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.message import Message

from sessions.record.transcript import Block, Transcript
from tui.view import blocks
from tui.view.drawn_transcript import DrawnTranscript
from tui.view.inline import urls
from tui.view.scroll_position import ScrollPosition
from tui.view.search import Search
from tui.view.split import Splitter

_WORTH_TELLING = 40
"""Characters; copying less is no sign that it is worth keeping."""


class TranscriptView(DrawnTranscript, can_focus=True):
    """A transcript that can be gone through, folded, searched, copied from and marked in."""

    DEFAULT_CSS = """
    TranscriptView {
        width: 1fr;
        height: 1fr;
        overflow-x: hidden;
        overflow-y: scroll;
        scrollbar-size-vertical: 1;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "find"),
        Binding("n", "found(1)", "next", show=False),
        Binding("N", "found(-1)", "previous", show=False),
        Binding("ctrl+up", "block(-1)", "block up"),
        Binding("ctrl+down", "block(1)", "block down", show=False),
        Binding("enter", "activate", "unfold"),
        Binding("c", "copy", "copy"),
        Binding("x", "copy_code", "copy code", show=False),
        Binding("o", "open_link", "open link", show=False),
        Binding("m", "mark", "mark"),
        Binding("escape", "let_go", "back", show=False),
    ]

    @dataclass
    class BlockActivated(Message):
        """The user pressed enter on a block, or clicked its head."""

        view: TranscriptView
        block: Block

        @property
        def control(self) -> TranscriptView:
            """The view."""
            return self.view

    @dataclass
    class BlockMarked(Message):
        """The user marked a block (or, with `text`, a part of it) for the harvest, or copied it."""

        view: TranscriptView
        block: Block
        text: str
        copied: bool = False

        @property
        def control(self) -> TranscriptView:
            """The view."""
            return self.view

    def __init__(
        self, transcript: Transcript, *, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(transcript, id=id, classes=classes)
        self._code_at = 0
        self._link_at = 0

    # -- the block in hand

    @property
    def block_in_hand(self) -> Block | None:
        """The block that the cursor is on."""
        if self.cursor is None or self.cursor >= len(self.body.blocks):
            return None
        return self.body.blocks[self.cursor].block

    @property
    def in_hand_or_last(self) -> Block | None:
        """The block in hand, else the last answer."""
        answers = (b for b in reversed(self.transcript.blocks) if b.kind == "text")
        return self.block_in_hand or next(answers, None)

    def take(self, index: int | None) -> None:
        """Take a block in hand; None: none."""
        if self.cursor != index:
            self.cursor = index
            self._code_at = self._link_at = 0
            self.draw()

    def action_block(self, by: int) -> None:
        """The block before or after; the last one in view to begin with."""
        body = self.body
        if not body.blocks:
            return
        if self.cursor is None:
            last = self._rows[-1].block if self._rows else len(body.blocks) - 1
            index = last if by < 0 else self._rows[0].block if self._rows else 0
        else:
            index = min(max(self.cursor + by, 0), len(body.blocks) - 1)
            while body.blocks[index].hidden and 0 < index < len(body.blocks) - 1:
                index += 1 if by > 0 else -1
        self.take(index)
        self._bring_up(index)

    def _bring_up(self, index: int) -> None:
        """Scroll as little as needed to see where a block begins."""
        height = self.size.height
        for _ in range(4):  # measuring what comes into view can move it
            row = self.body.row_of(index)
            if self._top <= row < self._top + height:
                return
            self._stand(row if row < self._top else row - height // 2)

    def action_activate(self) -> None:
        """Fold or unfold the block in hand."""
        if self.cursor is None or self.block_in_hand is None:
            raise SkipAction()
        self.activate(self.cursor)

    def activate(self, index: int) -> None:
        """Fold or unfold a block where it stands, and tell whoever wants to know."""
        found = self.body.blocks[index]
        if found.foldable:
            self.body.row_of(index)
            start = self.body.heights.before(index)
            begins_above = start < self._top
            self.body.fold(index, not found.folded)
            if begins_above:
                self._top = start
            if not found.folded:
                self.following = False  # what was asked for is looked at from its beginning
            self.draw()
        self.post_message(self.BlockActivated(self, found.block))

    def look_anew(self) -> None:
        """Show all blocks as the user wants them now; the reader stays where the view stands."""
        place = self.place
        self.body.look_anew()
        self.go_to(place)
        self.draw()

    def action_let_go(self) -> None:
        """Close the search, else drop the block; else escape means what it means elsewhere."""
        if self.searching is not None:
            self.searching = None
            self.draw()
        elif self.cursor is not None:
            self.take(None)
        else:
            raise SkipAction()

    # -- the mouse

    def on_click(self, event: events.Click) -> None:
        """A click takes a block in hand; on the first row of one that folds, folds it."""
        y = event.y
        if event.button != 1 or not 0 <= y < len(self._rows) or self.text_selection is not None:
            return
        if y == self.size.height - 1 and not self.following and self.new_lines:
            self.follow()
            return
        index = self._rows[y].block
        first = self.body.row_of(index) == self._top + y
        self.take(index)
        if first and self.body.blocks[index].foldable:
            self.activate(index)

    # -- copying, links, marks

    def action_copy(self) -> None:
        """Copy what is selected, else the block in hand."""
        text = self.selected()
        block = self.block_in_hand
        if not text and block is not None:
            text = blocks.plain(block)
        if not text:
            raise SkipAction()
        self.app.copy_to_clipboard(text)
        self._tell_copied(text)

    def action_copy_code(self) -> None:
        """Copy the last code block of the block in hand; again: the one before."""
        block = self.in_hand_or_last
        found = code_blocks(block) if block is not None else []
        if not found:
            self._say("There is no code block here.")
            return
        self._code_at = self._code_at % len(found) + 1
        self.app.copy_to_clipboard(found[-self._code_at])
        self._tell_copied(found[-self._code_at], block)

    def _tell_copied(self, text: str, block: Block | None = None) -> None:
        """What is worth copying may be worth keeping: the harvest counts it as a sign."""
        block = block or self._block_meant()
        if block is not None and len(text) >= _WORTH_TELLING:
            self.post_message(self.BlockMarked(self, block, text, copied=True))

    def action_open_link(self) -> None:
        """Open the first web address of the block in hand; again: the next."""
        block = self.in_hand_or_last
        found = urls(blocks.plain(block)) if block is not None else []
        if not found:
            self._say("There is no web address here.")
            return
        url = found[self._link_at % len(found)]
        self._link_at += 1
        self.app.open_url(url)
        self._say(f"Opening {url}")

    def action_mark(self) -> None:
        """Mark what is selected, or the block in hand, for the harvest; else the last in view."""
        text = self.selected()
        if self._block_meant() is None:
            self.action_block(-1)
        block = self._block_meant()
        if block is None:
            raise SkipAction()
        self.post_message(self.BlockMarked(self, block, text or blocks.plain(block)))

    def _block_meant(self) -> Block | None:
        """The block in hand, else the one in which the selection begins."""
        block = self.block_in_hand
        if block is None and self.selected():
            selection = self.text_selection
            row = selection.start.y if selection is not None and selection.start else self._top
            block = self.body.blocks[self.body.block_at(row)].block
        return block

    def _say(self, text: str) -> None:
        self.app.notify(text, timeout=3, markup=False)

    # -- search

    def action_search(self) -> None:
        """Open the search line."""
        self.typing = ""
        self.draw()

    def search(self, needle: str) -> int:
        """Find a text and show the match nearest the end of what is in view; how many there are."""
        self.searching = Search(self.body, needle)
        last = self._rows[-1].block if self._rows else 0
        self._show_match(self.searching.start(last) is not None)
        return len(self.searching.matches)

    def action_found(self, by: int) -> None:
        """The next or the previous match."""
        if self.searching is None:
            raise SkipAction()
        self._show_match(self.searching.step(by) is not None)

    def show_event(self, seq: int, words: str = "") -> None:
        """Bring the block of an event to the top, or the first of some words in it into view."""
        self.body.update()
        bodies = self.body.blocks
        exact = [i for i, b in enumerate(bodies) if b.block.seq == seq]
        later = [i for i, b in enumerate(bodies) if b.block.last_seq >= seq]
        if not (exact or later):
            return
        index = (exact or later)[0]
        self.following = False
        for word in sorted(words.split(), key=len, reverse=True):
            self.searching = Search(self.body, word)
            if self.searching.go(index):
                self._show_match(True)
                return
        self.searching = None
        self.take(index)
        self.go_to(ScrollPosition(index, 0))

    def _show_match(self, found: bool) -> None:
        search = self.searching
        if found and search is not None and search.current is not None:
            height = self.size.height
            for _ in range(4):
                row = search.row(self.body, search.current)
                if self._top <= row < self._top + height - 1:
                    break
                self.following = False
                self._stand(row - height // 3)
            self._found_row = row
        self.draw()


def code_blocks(block: Block) -> list[str]:
    """The fenced code blocks of an answer, in order, without their fences."""
    from sessions.safety.sanitise import clean

    splitter = Splitter()
    splitter.feed(clean(block.text))
    splitter.close()
    found: list[str] = []
    for part in splitter.parts:
        if part.kind != "code":
            continue
        if part.cont and found:
            found[-1] += part.text
        else:
            found.append(part.text)
    return [text.rstrip("\n") for text in found]
