"""The palette: every action of the registry, and every session by its title."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from tui import actions as registry
from tui import synonyms

if TYPE_CHECKING:
    from tui.deck.screen import DeckScreen

_BY_WORDS = 0.01
"""Below every match of a title."""
_TOLD_TIMES = 2
_told: Counter[str] = Counter()
"""How often a quicker key was told, by action."""


@dataclass(frozen=True, slots=True)
class PaletteRow:
    """One row. `grey`: it can't be done in this session; the row says why, and so does `run`."""

    title: str
    help: str
    run: Callable[[], object]
    grey: bool = False
    words: str = ""
    """What else it is found by."""
    key: str = ""

    @property
    def shown(self) -> Content:
        """The title, which is no markup: a session may be called anything."""
        title = Content(self.title)
        if self.grey:
            return title.stylize("$text-disabled")
        return title + Content.styled(f"  {self.key}", "$text-accent") if self.key else title

    def has(self, terms: Sequence[str]) -> bool:
        """Whether every word is in what it says or what else it is called."""
        words = f"{self.title} {self.help} {self.words} {self.key}".casefold()
        return all(term in words for term in terms)


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
                shown = ", ".join(map(registry.show_key, keys))
                does = partial(_do, deck, spec.name, shown)
                help_text = f"{spec.help} {spec.group}"
                words = f"{synonyms.of(spec.name)} {spec.name.replace('_', ' ')}"
                offers.append(PaletteRow(spec.title, help_text, does, words=words, key=shown))
        offers += [*_primings(deck), *_settings(deck), *_field_keys(deck)]
        for session_id in deck.model.order:
            name = f"Go to {deck.name_of(session_id)}"
            offers.append(PaletteRow(name, "Session", partial(deck.go, session_id)))
        return offers

    async def discover(self) -> Hits:
        """Everything, before anything is typed."""
        for offer in self._offers():
            yield DiscoveryHit(offer.shown, offer.run, offer.title, offer.help)

    async def search(self, query: str) -> Hits:
        """What matches by its title, strewn letters too; then what has the words in its help."""
        matcher = self.matcher(query)
        terms = query.casefold().split()
        for offer in self._offers():
            score, offsets = matcher.fuzzy_search.match(query, offer.title)
            if score > 0:
                # Not `matcher.highlight`: it reads markup in the title of a session.
                shown = offer.shown
                for offset in offsets:
                    shown = shown.stylize("bold underline", offset, offset + 1)
                yield Hit(score, shown, offer.run, offer.title, offer.help)
            elif terms and offer.has(terms):
                yield Hit(_BY_WORDS, offer.shown, offer.run, offer.title, offer.help)


def _do(deck: DeckScreen, name: str, keys: str) -> None:
    """Do it, and say which key would have been quicker."""
    deck.start(name)
    if keys and _told[name] < _TOLD_TIMES:
        _told[name] += 1
        deck.say(f"Quicker next time: {keys}")


def _primings(deck: DeckScreen) -> Iterator[PaletteRow]:
    from tui.panels.prime.state import KINDS

    for kind in KINDS if deck.model.order else ():
        words = f"draw prime {synonyms.of('prime')}"
        help_text = f"Draw {kind} in the Prime panel of this session. Side panel"
        yield PaletteRow(f"Prime: {kind}", help_text, partial(_prime, deck, kind), words=words)


def _prime(deck: DeckScreen, kind: str) -> None:
    async def show() -> None:
        if deck.side.open_name != "prime" or not deck.side.shown:
            await deck.side.toggle("prime")
        panel = deck.side.panel
        if panel is not None and hasattr(panel, "action_kind"):
            panel.action_kind(kind)

    deck.run_worker(show(), group="prime", exit_on_error=False)


def _settings(deck: DeckScreen) -> Iterator[PaletteRow]:
    from sessions.config.model import Config

    for name in Config.__slots__ if deck.link.up else ():
        help_text = "What can be set there. Deck"
        words = f"configuration {synonyms.of('settings')}"
        yield PaletteRow(
            f"Settings: {name}", help_text, partial(_open_settings, deck, name), words=words
        )


def _open_settings(deck: DeckScreen, name: str) -> None:
    from tui.screens.settings import settings_screen

    async def show() -> None:
        deck.app.push_screen(await settings_screen(deck, f"{name}."))

    deck.run_worker(show(), group="settings", exit_on_error=False)


def _field_keys(deck: DeckScreen) -> Iterator[PaletteRow]:
    """Keys of fields, which are no actions: picked, the help shows them."""
    from tui.screens.help import WIDGET_KEYS

    for where, keys, what in WIDGET_KEYS:
        yield PaletteRow(
            f"{where}: {what}", "A key that works there.", partial(deck.start, "help"), key=keys
        )
