"""What hands do in a transcript view: blocks, folds, search, copying, links, marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events
from textual.actions import SkipAction

from tui.view import blocks
from tui.view.inline import urls
from tui.view.place import Place
from tui.view.search import Search
from tui.view.split import Splitter

if TYPE_CHECKING:
    from textual.selection import Selection
    from textual.widget import Widget

    from sessions.record.transcript import Block
    from tui.view.transcript_view import TranscriptView

    _Base = Widget
else:
    _Base = object


_WORTH_TELLING = 40
"""Characters; copying less is no sign that it is worth keeping."""


class Hands(_Base):
    """The actions of a `TranscriptView`, which is what `self` is."""

    _code_at = 0
    _link_at = 0
    _found_row = -1

    @property
    def _view(self) -> TranscriptView:
        from typing import cast

        return cast("TranscriptView", self)

    # -- the block in hand

    @property
    def block_in_hand(self) -> Block | None:
        """The block that the cursor is on."""
        view = self._view
        if view.cursor is None or view.cursor >= len(view.body.blocks):
            return None
        return view.body.blocks[view.cursor].block

    def take(self, index: int | None) -> None:
        """Take a block in hand; None: none."""
        view = self._view
        if view.cursor != index:
            view.cursor = index
            self._code_at = self._link_at = 0
            view.draw()

    def action_block(self, by: int) -> None:
        """The block before or after; the last one in view to begin with."""
        view = self._view
        body = view.body
        if not body.blocks:
            return
        if view.cursor is None:
            last = view._rows[-1].block if view._rows else len(body.blocks) - 1
            index = last if by < 0 else view._rows[0].block if view._rows else 0
        else:
            index = min(max(view.cursor + by, 0), len(body.blocks) - 1)
        self.take(index)
        self._bring_up(index)

    def _bring_up(self, index: int) -> None:
        """Scroll as little as needed to see where a block begins."""
        view = self._view
        height = view.size.height
        for _ in range(4):  # measuring what comes into view can move it
            row = view.body.row_of(index)
            if view._top <= row < view._top + height:
                return
            view._stand(row if row < view._top else row - height // 2)

    def action_activate(self) -> None:
        """Fold or unfold the block in hand."""
        view = self._view
        if view.cursor is None or self.block_in_hand is None:
            raise SkipAction()
        self.activate(view.cursor)

    def activate(self, index: int) -> None:
        """Fold or unfold a block where it stands, and tell whoever wants to know."""
        view = self._view
        found = view.body.blocks[index]
        if found.foldable:
            view.body.row_of(index)
            start = view.body.heights.before(index)
            begins_above = start < view._top
            view.body.fold(index, not found.folded)
            if begins_above:
                view._top = start
            if not found.folded:
                view.following = False  # what was asked for is looked at from its beginning
            view.draw()
        view.post_message(view.BlockActivated(view, found.block))

    def action_let_go(self) -> None:
        """Close the search, else drop the block; else escape means what it means elsewhere."""
        view = self._view
        if view.searching is not None:
            view.searching = None
            view.draw()
        elif view.cursor is not None:
            self.take(None)
        else:
            raise SkipAction()

    # -- the mouse

    def on_click(self, event: events.Click) -> None:
        """A click takes a block in hand; on the first row of one that folds, folds it."""
        view = self._view
        y = event.y
        if event.button != 1 or not 0 <= y < len(view._rows) or view.text_selection is not None:
            return
        if y == view.size.height - 1 and not view.following and view.new_lines:
            view.follow()
            return
        index = view._rows[y].block
        first = view.body.row_of(index) == view._top + y
        view.take(index)
        if first and view.body.blocks[index].foldable:
            self.activate(index)

    # -- copying, links, marks

    def _selected(self) -> str:
        view = self._view
        selection: Selection | None = view.text_selection
        found = view.get_selection(selection) if selection is not None else None
        return found[0] if found else ""

    def action_copy(self) -> None:
        """Copy what is selected, else the block in hand."""
        text = self._selected()
        block = self.block_in_hand
        if not text and block is not None:
            text = blocks.plain(block)
        if not text:
            raise SkipAction()
        self._view.app.copy_to_clipboard(text)
        self._tell_copied(text)

    def action_copy_code(self) -> None:
        """Copy the last code block of the block in hand; again: the one before."""
        block = self.block_in_hand or self._last_answer()
        found = code_blocks(block) if block is not None else []
        if not found:
            self._say("There is no code block here.")
            return
        self._code_at = self._code_at % len(found) + 1
        self._view.app.copy_to_clipboard(found[-self._code_at])
        self._tell_copied(found[-self._code_at], block)

    def _tell_copied(self, text: str, block: Block | None = None) -> None:
        """What is worth copying may be worth keeping: the harvest counts it as a sign."""
        block = block or self._block_meant()
        if block is not None and len(text) >= _WORTH_TELLING:
            self._view.post_message(self._view.BlockMarked(self._view, block, text, copied=True))

    def _last_answer(self) -> Block | None:
        answers = [b for b in self._view.transcript.blocks if b.kind == "text"]
        return answers[-1] if answers else None

    def action_open_link(self) -> None:
        """Open the first web address of the block in hand; again: the next."""
        block = self.block_in_hand or self._last_answer()
        found = urls(blocks.plain(block)) if block is not None else []
        if not found:
            self._say("There is no web address here.")
            return
        url = found[self._link_at % len(found)]
        self._link_at += 1
        self._view.app.open_url(url)
        self._say(f"Opening {url}")

    def action_mark(self) -> None:
        """Mark what is selected, or the block in hand, for the harvest; else the last in view."""
        view = self._view
        text = self._selected()
        if self._block_meant() is None:
            self.action_block(-1)
        block = self._block_meant()
        if block is None:
            raise SkipAction()
        view.post_message(view.BlockMarked(view, block, text or blocks.plain(block)))

    def _block_meant(self) -> Block | None:
        """The block in hand, else the one in which the selection begins."""
        view, block = self._view, self.block_in_hand
        if block is None and self._selected():
            selection = view.text_selection
            row = selection.start.y if selection is not None and selection.start else view._top
            block = view.body.blocks[view.body.block_at(row)].block
        return block

    def _say(self, text: str) -> None:
        self._view.app.notify(text, timeout=3, markup=False)

    # -- search

    def action_search(self) -> None:
        """Open the search line."""
        view = self._view
        view.typing = ""
        view.draw()

    def search(self, needle: str) -> int:
        """Find a text and show the match nearest the end of what is in view; how many there are."""
        view = self._view
        view.searching = Search(view.body, needle)
        last = view._rows[-1].block if view._rows else 0
        self._show_match(view.searching.start(last) is not None)
        return len(view.searching.matches)

    def action_found(self, by: int) -> None:
        """The next or the previous match."""
        if self._view.searching is None:
            raise SkipAction()
        self._show_match(self._view.searching.step(by) is not None)

    def show_event(self, seq: int, words: str = "") -> None:
        """Bring the block of an event to the top, or the first of some words in it into view."""
        view = self._view
        view.body.update()
        bodies = view.body.blocks
        exact = [i for i, b in enumerate(bodies) if b.block.seq == seq]
        later = [i for i, b in enumerate(bodies) if b.block.last_seq >= seq]
        if not (exact or later):
            return
        index = (exact or later)[0]
        view.following = False
        for word in sorted(words.split(), key=len, reverse=True):
            view.searching = Search(view.body, word)
            if view.searching.go(index):
                self._show_match(True)
                return
        view.searching = None
        self.take(index)
        view.go_to(Place(index, 0))

    def _show_match(self, found: bool) -> None:
        view = self._view
        search = view.searching
        if found and search is not None and search.current is not None:
            height = view.size.height
            for _ in range(4):
                row = search.row(view.body, search.current)
                if view._top <= row < view._top + height - 1:
                    break
                view.following = False
                view._stand(row - height // 3)
            self._found_row = row
        view.draw()

    def on_key(self, event: events.Key) -> None:
        """While the search line is open, keys go into it."""
        view = self._view
        if view.typing is None:
            return
        event.stop()
        event.prevent_default()
        if event.key == "escape":
            view.typing = None
        elif event.key == "enter":
            needle, view.typing = view.typing, None
            if needle:
                self.search(needle)
        elif event.key == "backspace":
            view.typing = view.typing[:-1] if view.typing else None
        elif event.character is not None and event.character.isprintable():
            view.typing += event.character
        view.draw()

    def on_paste(self, event: events.Paste) -> None:
        """Pasted text goes into the search line, its first line."""
        view = self._view
        if view.typing is not None:
            event.stop()
            view.typing += (event.text.splitlines() or [""])[0][:200]
            view.draw()

    def on_blur(self) -> None:
        """A search line that is left closes."""
        if self._view.typing is not None:
            self._view.typing = None
            self._view.draw()


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
