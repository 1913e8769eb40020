"""What the composer offers while a word is typed: `@` the files of the session's directory and the
other sessions, and `/` at the beginning of a message the agent's own commands, the session's skills
and what the deck can do."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from tui.text import clip
from tui.work import while_shown

if TYPE_CHECKING:
    from sessions.features.file_names import Names
    from tui.widgets.fields import Area

SHOWN = 8
MOST_SESSIONS = 3
_FRESH_S = 10.0
_WORD = re.compile(r"(?:^|\s)(@\S*)$")
_COMMAND = re.compile(r"^/[\w-]*$")


@dataclass(frozen=True, slots=True)
class WordOffer:
    """`text` takes the word's place; with `action`, that action is done instead."""

    text: str
    note: str = ""
    action: str = ""


class Offers(Static):
    """The list above the field. Nothing is chosen until an arrow chooses it."""

    DEFAULT_CSS = """
    Offers { layer: offers; dock: bottom; height: auto; display: none; background: $panel; }
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self.folder = ""
        """The session's directory; "" = none that has files here."""
        self.commands: Callable[[], list[WordOffer]] = list
        """What may be done by `/`, now."""
        self.found: list[WordOffer] = []
        self.at = -1
        self.sessions: Callable[[], list[WordOffer]] = list
        """The other sessions, which `@` names too."""
        self._rows = 0
        self._known: tuple[str, float, Names | None] = ("", 0.0, None)

    @property
    def open(self) -> bool:
        """Whether something is offered."""
        return bool(self.found)

    def close(self) -> None:
        """Offer nothing more, for this word."""
        self.workers.cancel_group(self, "offers")
        self.found, self.at = [], -1
        self.display = False

    def look(self, field: Area) -> None:
        """The text has changed: look in the background for what the word may mean."""
        word = word_at(field)
        if word is None:
            if self.open:
                self.close()
            return
        self.at = -1  # what was chosen was of another word's
        if word[0] == "/":
            self.workers.cancel_group(self, "offers")
            self._show(field, ranked(self.commands(), word))
            return
        work = while_shown(self, self._look, field, word, self.folder)
        self.run_worker(work, group="offers", exclusive=True)

    async def _look(self, field: Area, word: str, folder: str) -> None:
        from sessions.features.file_names import Names, names_under

        sessions = ranked(self.sessions(), word, among_notes=True)[:MOST_SESSIONS]
        where, when, names = self._known

        def read() -> Names:
            return Names(names_under(Path(folder)) if folder else ())

        if names is None or where != folder:
            names = await asyncio.to_thread(read)
            self._known = (folder, monotonic(), names)
        elif monotonic() - when > _FRESH_S:
            # Those that are known will do; what was made meanwhile is there for the next letter.
            self._known = (folder, monotonic(), names)
            self.run_worker(while_shown(self, self._renew, read, folder), group="names")
        found = await asyncio.to_thread(names.best, word[1:], SHOWN - len(sessions))
        # A list that comes late is not put under a hand that chooses: the next key, enter, would
        # send the message, or take what was not looked at.
        if word_at(field) == word and field.has_focus and self.at < 0:
            self._show(field, [*(WordOffer(f"@{name}") for name in found), *sessions])

    async def _renew(self, read: Callable[[], Names], folder: str) -> None:
        names = await asyncio.to_thread(read)
        if self._known[0] == folder:
            self._known = (folder, monotonic(), names)

    def _show(self, field: Area, found: list[WordOffer]) -> None:
        self.found, self.at = found, -1
        self.display = bool(found)
        self.styles.offset = (0, -field.outer_size.height - 1)
        self._draw()

    def move(self, by: int) -> None:
        """Choose the next one, or the one before; round and round."""
        first = 0 if by > 0 else len(self.found) - 1
        self.at = first if self.at < 0 else (self.at + by) % len(self.found)
        self._draw()

    def take(self, field: Area) -> str:
        """Put the chosen one, or else the first, in place of the word; the action it names."""
        offer, word = self.found[max(0, self.at)], word_at(field)
        self.close()
        if word is None:
            return ""
        row, column = field.cursor_location
        field.put("" if offer.action else f"{offer.text} ", (row, column - len(word)))
        return offer.action

    def _draw(self) -> None:
        width = max(10, self.app.size.width - 4)
        rows = [
            Content.assemble(
                (f" {clip(offer.text, width)} ", "reverse" if index == self.at else ""),
                (f" {clip(offer.note, max(10, width - len(offer.text)))}", "$text-muted"),
            )
            for index, offer in enumerate(self.found)
        ]
        hint = Content.styled(" ↑↓ choose · tab takes · esc closes", "$text-muted")
        same, self._rows = len(rows) == self._rows, len(rows)
        self.update(Content("\n").join([*rows, hint]), layout=not same)


def ranked(offers: list[WordOffer], word: str, *, among_notes: bool = False) -> list[WordOffer]:
    """The offers that a word means: those that begin with it, then those that have it in them.

    `among_notes`: what an offer begins with is its note.
    """
    wanted = word[1:].lower().replace("-", "_")
    if among_notes:
        offers.sort(key=lambda o: not o.note.lower().startswith(wanted))
        return [o for o in offers if wanted in o.note.lower().replace("-", "_")]
    found = [o for o in offers if wanted in f"{o.text} {o.note}".lower().replace("-", "_")]
    found.sort(key=lambda o: not o.text[1:].lower().replace("-", "_").startswith(wanted))
    return found[:SHOWN]


def word_at(field: Area) -> str | None:
    """The `@…` or `/…` that ends at the cursor; None where there is none."""
    row, column = field.cursor_location
    before = field.document.get_line(row)[:column]
    if not field.selection.is_empty:
        return None
    if row == 0 and _COMMAND.match(before) and field.text == before:
        return before
    found = _WORD.search(before)
    return found[1] if found else None
