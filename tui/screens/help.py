"""F1: every action with its keys, from the registry; enter does it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from tui import actions as registry
from tui.screens.dialogs import Dialog, found_in
from tui.widgets.fields import Field
from tui.widgets.rows import Row, Rows
from tui.words.key_names import show_key

if TYPE_CHECKING:
    from tui.deck.action_interfaces import ForActions

# Keys of widgets, which are no actions of the deck.
WIDGET_KEYS = (
    ("Composer", "enter", "send; with nothing written, the next of the queue that is stuck"),
    ("Composer", "shift+enter, alt+enter, ctrl+o, \\ enter", "new line"),
    ("Composer", "up, down", "history, at the first and last row"),
    ("Composer", "ctrl+r", "what was sent before, to be found and put here again"),
    ("Composer", "pgup, pgdn", "scroll the current tile"),
    ("Composer", "@ / !", "files and sessions; what can be done; a command of your own"),
    ("Composer", "alt+z, ctrl+y", "undo and redo typing"),
    ("Tile", "up, down, pgup, pgdn, home, end", "scroll"),
    ("Terminal", "every key but f12", "the program's; f12 takes the keys back"),
    ("Terminal", "f7, after f12", "search its scrollback: n older, N newer, c copy, esc back"),
    ("Terminal", "the wheel", "scrolls, or is the program's; what is selected is copied by c"),
    ("Terminal", "r", "once its program has ended: start it again"),
    ("Request", "its letter or number", "answer; ← → and enter as well"),
    ("Request", "r", "no, with a reason"),
    ("Inbox (f8)", "up, down", "another one; its letters answer the one in hand"),
    ("Lists", "space", "tick; in lists with a filter while nothing is typed, else ctrl+t"),
    ("Panel", "esc", "back to the composer; going to a tile as well"),
)

ROOMY = 110
"""Columns from which on groups, keys, names and words have a column each."""


def _keys_of_fields(narrow: bool, terms: Sequence[str]) -> list[Row]:
    rows: list[Row] = []
    last = ""
    for where, keys_text, what in WIDGET_KEYS:
        if not found_in(f"{where} {keys_text} {what}", terms):
            continue
        head, last = where if where != last else "", where
        shown: tuple[tuple[str, str], ...] = (
            (head.ljust(12), "bold $text-accent"),
            (keys_text.ljust(42), "bold"),
            (what, ""),
        )
        if narrow:
            shown = ((f"{where}: ", "bold $text-accent"), (f"{keys_text}  ", "bold"), (what, ""))
        rows.append(Row("", shown))
    return rows


class Help(Dialog[str]):
    """The name of the action to be done, or nothing."""

    WIDE: ClassVar[bool] = True
    WHOLE: ClassVar[bool] = True

    def __init__(self, deck: ForActions) -> None:
        super().__init__("Keys and actions")
        self.deck = deck

    def body(self) -> ComposeResult:
        """A filter and all actions."""
        yield Field(placeholder="type to filter", compact=True, id="filter")
        yield Rows("No action has that in it.")
        yield Static("", id="about", markup=False)

    def on_mount(self) -> None:
        """Show all."""
        self.hint("enter does it · tab to the list · settings (alt+o) rebind · esc")
        self._show("")

    def _having(self, terms: Sequence[str]) -> list[Row]:
        """What has the terms; a group is named beside the first that is shown of it."""
        rows: list[Row] = []
        group = ""
        narrow = self.size.width < ROOMY
        widest = max(len(spec.title) for spec in registry.actions().values()) + 2
        for spec in registry.actions().values():
            keys = [show_key(k) for k in registry.keys_of(spec, self.deck.options.keys)]
            words = f"{spec.group} {spec.title} {spec.help} {' '.join(keys)} {spec.name}"
            if not found_in(words, terms):
                continue
            head = spec.group if spec.group != group else ""
            group = spec.group
            style = "" if spec.when(self.deck) else "$text-muted"
            cells: tuple[tuple[str, str], ...] = (
                (head.ljust(12), "bold $text-accent"),
                (", ".join(keys).ljust(19), "bold"),
                (spec.title.ljust(widest), style),
                (spec.help, "$text-muted"),
            )
            if narrow:
                key = f"{keys[0]} " if keys else ""
                cells = ((key.ljust(15), "bold"), (f"{spec.title}  ", style), cells[3])
            rows.append(Row(spec.name, cells))
        return [*rows, *_keys_of_fields(narrow, terms)]

    def _show(self, words: str) -> None:
        self.query_one(Rows).show(self._having(words.casefold().split()))
        self._say(self.query_one(Rows).key)

    def on_resize(self) -> None:
        """The columns have another width."""
        self._show(self.query_one("#filter", Input).value)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter."""
        self._show(event.value)

    def on_input_submitted(self) -> None:
        """Do what is under the cursor."""
        self.on_rows_picked()

    def on_rows_moved(self, message: Rows.Moved) -> None:
        """Another action is under the cursor."""
        self._say(message.key)

    def _say(self, name: str) -> None:
        spec = registry.actions().get(name)
        about = f"{spec.help}  ({spec.name})" if spec else ""
        self.query_one("#about", Static).update(Content(about))

    def on_rows_picked(self) -> None:
        """Do what is under the cursor."""
        if key := self.query_one(Rows).key:
            self.dismiss(key)
