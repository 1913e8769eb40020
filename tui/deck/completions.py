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

from rich.cells import cell_len, set_cell_size
from textual.content import Content
from textual.widgets import Static

from tui.timing.background_work import while_shown
from tui.timing.timers import later
from tui.view.compositor import LeanScreen
from tui.words.text import clip, one_line

if TYPE_CHECKING:
    from sessions.features.file_names import Names
    from tui.widgets.fields import Area

SHOWN = 8
MOST_SESSIONS = 3
_FRESH_S = 10.0
_SHRINKS_S = 0.4
"""Rows that are no longer used go so long after the last key: it is not to wait for a layout."""
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
        self._word = ""
        """What was looked for last, unless its list was closed."""
        self._height = 0
        """In rows; more than are used for a moment after a list that was longer."""
        self._lack = ""
        """Why there are no files in the list that is shown."""
        self._shrinks: asyncio.TimerHandle | None = None
        self._known: tuple[str, float, Names | None] = ("", 0.0, None)
        self._reading: tuple[str, asyncio.Future[Names]] | None = None
        """The folder whose names are being read: whoever needs them waits for the same reading."""

    @property
    def open(self) -> bool:
        """Whether something is offered."""
        return bool(self.found or self._lack)

    def close(self) -> None:
        """Offer nothing more, for this word."""
        self._word = ""
        self._hide()

    def _hide(self) -> None:
        self.workers.cancel_group(self, "offers")
        self.found, self.at, self._height, self._lack = [], -1, 0, ""
        self.display = False

    def look(self, field: Area) -> None:
        """The text has changed: look for what the word may mean, in the background what is slow."""
        word = word_at(field)
        if word is None:
            if self.open:
                self.close()
            if field.text and self.folder != self._known[0]:
                self._renew(field)  # an `@` may follow
            return
        self._word = word
        if self.at >= 0:  # what was chosen was of another word's
            self.at = -1
            self._draw()
        if word[0] == "/":
            self.workers.cancel_group(self, "offers")
            self._show(field, ranked(self.commands(), word))
            return
        sessions = ranked(self.sessions(), word, among_notes=True)[:MOST_SESSIONS]
        where, when, names = self._known
        if where == self.folder and names is not None:
            if monotonic() - when > _FRESH_S:
                # Those known will do until it is known what was made, and what went, meanwhile.
                self._renew(field)
            found = names.plain(word[1:], SHOWN - len(sessions))
            if found:
                self._show(field, [*_files(found), *sessions])
            if len(found) == SHOWN - len(sessions):
                self.workers.cancel_group(self, "offers")
                return
        work = while_shown(self, self._look, field, word, sessions)
        self.run_worker(work, group="offers", exclusive=True)

    async def _look(self, field: Area, word: str, sessions: list[WordOffer]) -> None:
        folder = self.folder
        if self._known[0] != folder or self._known[2] is None:
            await self._read(folder)
        names = self._known[2] if self._known[0] == folder else None
        found: list[str] = []
        if names is not None:
            found = await asyncio.to_thread(names.best, word[1:], SHOWN - len(sessions))
        # A list that comes late is not put under a hand that chooses: the next key, enter, would
        # send the message, or take what was not looked at.
        if word_at(field) == word and field.has_focus and self.at < 0:
            self._show(field, [*_files(found), *sessions], names.lack if names is not None else "")

    def _renew(self, field: Area) -> None:
        folder = self.folder
        self._known = (folder, monotonic(), self._known[2] if self._known[0] == folder else None)
        self.run_worker(while_shown(self, self._renewed, field, folder), group="names")

    async def _renewed(self, field: Area, folder: str) -> None:
        await self._read(folder)
        # Nothing changes under a hand that chooses, nor comes back that was closed.
        if self._word.startswith("@") and self._word == word_at(field) and self.at < 0:
            self.look(field)

    async def _read(self, folder: str) -> None:
        if self._reading is None or self._reading[0] != folder or self._reading[1].done():
            self._reading = folder, asyncio.ensure_future(asyncio.to_thread(_read, folder))
        # What waits may be cancelled by the next letter; the reading goes on for that one.
        names = await asyncio.shield(self._reading[1])
        if self._known[0] == folder or folder == self.folder:
            self._known = (folder, monotonic(), names)

    def _show(self, field: Area, found: list[WordOffer], lack: str = "") -> None:
        if not found and not lack:
            if self.open:
                self._hide()
            return
        self.display = True
        self.styles.offset = (0, -field.outer_size.height - 1)
        if found != self.found or lack != self._lack:
            self.found, self.at, self._lack = found, -1, lack
            self._draw()

    def move(self, by: int) -> None:
        """Choose the next one, or the one before; round and round."""
        if not self.found:
            return
        first = 0 if by > 0 else len(self.found) - 1
        self.at = first if self.at < 0 else (self.at + by) % len(self.found)
        self._draw()

    def take(self, field: Area) -> str:
        """Put the chosen one, or else the first, in place of the word; the action it names."""
        offer = self.found[max(0, self.at)] if self.found else None
        word = word_at(field)
        self.close()
        if word is None or offer is None:
            return ""
        row, column = field.cursor_location
        field.put("" if offer.action else f"{offer.text} ", (row, column - len(word)))
        return offer.action

    def _draw(self) -> None:
        width = max(10, self.app.size.width - 4)
        noted = [cell_len(offer.text) for offer in self.found if offer.note]
        names = min(max(noted, default=0), 28)
        rows = [_row(offer, width, names, index == self.at)
                for index, offer in enumerate(self.found)]  # fmt: skip
        if self._lack:
            rows.append(Content.styled(clip(f" No files: {self._lack}", width), "$text-warning"))
        keys = "↑↓ select · tab completes · esc closes" if self.found else "esc closes"
        rows.append(Content.styled(f" {keys}", "$text-muted"))
        if len(rows) > self._height:
            self._fit(len(rows))
        unused = [Content("")] * (self._height - len(rows))
        if unused and self._shrinks is None:
            self._shrinks = later(self, _SHRINKS_S, self._shrink)
        self.update(Content("\n").join([*unused, *rows]), layout=False)
        if isinstance(self.screen, LeanScreen):
            self.screen.paint_now(self)  # before the search for more, a thread, has its turn

    def _fit(self, rows: int) -> None:
        self._height = rows
        self.styles.height = rows

    def _shrink(self) -> None:
        self._shrinks = None
        used = len(self.found) + bool(self._lack) + 1
        if self.open and self._height != used:
            self._fit(used)
            self._draw()


def _read(folder: str) -> Names:
    from sessions.features.file_names import Names, names_under
    from sessions.runtime.directories import lack_of

    if not folder:
        return Names(())
    lack = lack_of(Path(folder))
    return Names(() if lack else names_under(Path(folder)), one_line(lack))


def _row(offer: WordOffer, width: int, names: int, chosen: bool) -> Content:
    """A row as wide as the list: its text, and its note below those of the others."""
    text = clip(offer.text, width)
    note = clip(offer.note, max(10, width - max(names, cell_len(text))))
    text = f" {set_cell_size(text, max(names, cell_len(text)))} "
    if chosen:
        return Content.styled(set_cell_size(f"{text} {note}", width + 4), "reverse")
    return Content.assemble((text, ""), (f" {note}", "$text-muted"))


def _files(names: list[str]) -> list[WordOffer]:
    return [WordOffer(f"@{name}") for name in names]


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
