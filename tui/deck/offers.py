"""What the composer offers while a word is typed: `@` the files of the session's directory."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from tui.text import clip
from tui.work import while_shown

if TYPE_CHECKING:
    from tui.deck.composer import Composer

SHOWN = 8
_FRESH_S = 10.0
_WORD = re.compile(r"(?:^|\s)@(\S*)$")


class Offers(Static):
    """The list above the composer. Nothing is chosen until an arrow chooses it."""

    DEFAULT_CSS = """
    Offers { layer: offers; dock: bottom; height: auto; display: none; background: $panel; }
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self.folder = ""
        """The session's directory; "" = none that has files here."""
        self.found: list[str] = []
        self.at = -1
        self._known: tuple[str, float, list[str]] = ("", 0.0, [])

    @property
    def open(self) -> bool:
        """Whether something is offered."""
        return bool(self.found)

    def close(self) -> None:
        """Offer nothing more, for this word."""
        self.workers.cancel_group(self, "offers")
        self.found, self.at = [], -1
        self.display = False

    def look(self, composer: Composer) -> None:
        """The text has changed: look in the background for what the word may mean."""
        word = word_at(composer)
        if word is None or not self.folder:
            if self.open:
                self.close()
            return
        work = while_shown(self, self._look(composer, word, self.folder))
        self.run_worker(work, group="offers", exclusive=True)

    async def _look(self, composer: Composer, word: str, folder: str) -> None:
        from sessions.features.file_names import best, names_under

        where, when, names = self._known
        if where != folder or monotonic() - when > _FRESH_S:
            names = await asyncio.to_thread(names_under, Path(folder))
            self._known = (folder, monotonic(), names)
        found = await asyncio.to_thread(best, names, word, SHOWN)
        if word_at(composer) != word or not composer.has_focus:
            return
        self.found, self.at = found, -1
        self.display = bool(found)
        self.styles.offset = (0, -composer.outer_size.height - 1)
        self._draw()

    def move(self, by: int) -> None:
        """Choose the next one, or the one before; round and round."""
        first = 0 if by > 0 else len(self.found) - 1
        self.at = first if self.at < 0 else (self.at + by) % len(self.found)
        self._draw()

    def take(self, composer: Composer) -> None:
        """Put the chosen one, or else the first, in place of the word."""
        name, word = self.found[max(0, self.at)], word_at(composer)
        self.close()
        if word is not None:
            row, column = composer.cursor_location
            composer.put(f"@{name} ", (row, column - len(word) - 1))

    def _draw(self) -> None:
        width = max(10, self.app.size.width - 4)
        rows = [
            Content.styled(f" @{clip(name, width)} ", "reverse" if index == self.at else "")
            for index, name in enumerate(self.found)
        ]
        hint = Content.styled(" ↑↓ choose · tab takes · esc closes", "$text-muted")
        self.update(Content("\n").join([*rows, hint]))


def word_at(composer: Composer) -> str | None:
    """The letters between an `@` that begins a word and the cursor; None where there is none."""
    row, column = composer.cursor_location
    found = _WORD.search(composer.document.get_line(row)[:column])
    return found[1] if found and composer.selection.is_empty else None
