"""The palette: every action of the registry, and every session by its title."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from tui import actions as registry

if TYPE_CHECKING:
    from tui.deck.screen import DeckScreen


@dataclass(frozen=True, slots=True)
class PaletteRow:
    """One row. `grey`: it can't be done in this session; the row says why, and so does `run`."""

    title: str
    help: str
    run: Callable[[], object]
    grey: bool = False

    @property
    def shown(self) -> Content:
        """The title, which is no markup: a session may be called anything."""
        title = Content(self.title)
        return title.stylize("$text-disabled") if self.grey else title


class DeckCommands(Provider):
    """What the deck can do now, and, in grey, what only this session's agent can't do.

    What can't be done for any other reason is not offered.
    """

    def _deck(self) -> DeckScreen | None:
        from tui.deck.screen import DeckScreen

        return self.screen if isinstance(self.screen, DeckScreen) else None

    def _offers(self) -> list[PaletteRow]:
        deck = self._deck()
        if deck is None:
            return []
        offers = []
        for spec in registry.actions().values():
            if spec.name == "palette":
                continue
            if why := deck.model.why_not(spec.name):
                offers.append(PaletteRow(spec.title, why, partial(deck.say, why), grey=True))
            elif spec.when(deck):
                keys = registry.keys_of(spec, deck.options.keys)
                shown = f"{spec.group} · {', '.join(map(registry.show_key, keys))}".rstrip(" ·")
                does = partial(deck.start, spec.name)
                offers.append(PaletteRow(spec.title, f"{spec.help} {shown}", does))
        for session_id in deck.model.order:
            name = f"Go to {deck.name_of(session_id)}"
            offers.append(PaletteRow(name, "Session", partial(deck.go, session_id)))
        return offers

    async def discover(self) -> Hits:
        """Everything, before anything is typed."""
        for offer in self._offers():
            yield DiscoveryHit(offer.shown, offer.run, offer.title, offer.help)

    async def search(self, query: str) -> Hits:
        """What matches."""
        matcher = self.matcher(query)
        for offer in self._offers():
            score, offsets = matcher.fuzzy_search.match(query, offer.title)
            if score > 0:
                # Not `matcher.highlight`: it reads markup in the title of a session.
                shown = offer.shown
                for offset in offsets:
                    shown = shown.stylize("bold underline", offset, offset + 1)
                yield Hit(score, shown, offer.run, offer.title, offer.help)
