"""The palette: every action of the registry, and every session by its title."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from tui import actions as registry

if TYPE_CHECKING:
    from tui.deck_screen import DeckScreen


class DeckCommands(Provider):
    """What the deck can do now; what it can't do now is not offered."""

    def _deck(self) -> DeckScreen | None:
        from tui.deck_screen import DeckScreen

        return self.screen if isinstance(self.screen, DeckScreen) else None

    def _offers(self) -> list[tuple[str, str, partial[None]]]:
        deck = self._deck()
        if deck is None:
            return []
        offers = []
        for spec in registry.actions().values():
            if spec.name != "palette" and spec.when(deck):
                keys = registry.keys_of(spec, deck.options.keys)
                shown = f"{spec.group} · {', '.join(map(registry.show_key, keys))}".rstrip(" ·")
                offers.append((spec.title, f"{spec.help} {shown}", partial(deck.start, spec.name)))
        for session_id in deck.model.order:
            name = f"Go to {deck.name_of(session_id)}"
            offers.append((name, "Session", partial(deck.go, session_id)))
        return offers

    async def discover(self) -> Hits:
        """Everything, before anything is typed."""
        for title, help_text, run in self._offers():
            yield DiscoveryHit(Content(title), run, title, help_text)

    async def search(self, query: str) -> Hits:
        """What matches."""
        matcher = self.matcher(query)
        for title, help_text, run in self._offers():
            score, offsets = matcher.fuzzy_search.match(query, title)
            if score > 0:
                # Not `matcher.highlight`: it reads markup in the title of a session.
                shown = Content(title)
                for offset in offsets:
                    shown = shown.stylize("bold underline", offset, offset + 1)
                yield Hit(score, shown, run, title, help_text)
