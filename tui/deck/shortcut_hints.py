"""The key that would have been quicker: told when something was done by mouse, palette or a list.

Twice for each thing, then no more: who goes on clicking knows it, and likes to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from tui import actions as registry
from tui.deck.banner import MIN_WIDTH
from tui.deck.model import DeckModel
from tui.options import DeckOptions
from tui.words.key_names import show_key

if TYPE_CHECKING:
    from textual.geometry import Size

TIMES = 2


class ForHints(Protocol):
    """What it asks of the deck."""

    model: DeckModel
    options: DeckOptions

    @property
    def size(self) -> Size:
        """Of the screen, in cells."""

    def say(self, text: str) -> None:
        """A sentence, in a notice."""


class ShortcutHints:
    """One for a deck."""

    def __init__(self, deck: ForHints) -> None:
        self._deck = deck
        self._told: Counter[str] = Counter()

    def than(self, name: str) -> None:
        """An action was done without its key."""
        spec = registry.actions().get(name)
        if spec is None:
            return
        keys = ", ".join(map(show_key, registry.keys_of(spec, self._keys)))
        if keys:
            self._tell(name, keys)

    def by_key(self, what: str, key: str) -> None:
        """A dialog's button was clicked that has a key."""
        self._tell(what, show_key(key))

    def _tell(self, what: str, keys: str) -> None:
        # On a phone there are none.
        if self._told[what] < TIMES and self._deck.size.width >= MIN_WIDTH:
            self._told[what] += 1
            self._deck.say(f"Quicker next time: {keys}")

    def than_going(self, session: str) -> None:
        """Somebody went to a tile without its key."""
        number = self._deck.model.number(session)
        if number and self._told["go"] < TIMES and f"tile_{number}" in registry.actions():
            self._told["go"] += 1
            self.than(f"tile_{number}")

    @property
    def _keys(self) -> Mapping[str, tuple[str, ...]]:
        return self._deck.options.keys
