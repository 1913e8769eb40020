"""The palette: every action of the registry, and every session by its title."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from tui import actions as registry
from tui.words import synonyms
from tui.words.key_names import show_key

if TYPE_CHECKING:
    from tui.deck.action_interfaces import ForPalette, OffersPriming, OffersSettings, StartsWithHint
    from tui.deck.interfaces import Says, Starts

_BY_WORDS = 0.01
"""Below every match of a title."""
_STREWN = 0.005
"""Below those, at most: a title has the letters somewhere."""
_ALIKE = 0.001
"""Below those: the words are spelt otherwise."""
_NOT_NOW = 0.0001
"""Below everything that can be done."""
_LEAST_ALIKE = 80


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
    not_now: bool = False
    note: bool = False
    """It only tells of a key: what can be done comes before it."""

    @property
    def shown(self) -> Content:
        """The title, which is no markup: a session may be called anything."""
        title = Content(self.title)
        if self.grey:
            return title.stylize("$text-disabled")
        return title + Content.styled(f"  {self.key}", "$text-accent") if self.key else title

    @property
    def said(self) -> str:
        """What it says and what else it is called."""
        return f"{self.title} {self.help} {self.words} {self.key}".casefold()

    def has(self, terms: Sequence[str]) -> bool:
        """Whether every word begins one there: who asks to kill is not after skills."""
        said = self.said
        return all(re.search(rf"(?<!\w){re.escape(term)}", said) for term in terms)

    def is_like(self, terms: Sequence[str]) -> bool:
        """The same within words, and with a letter wrong, too few or too many."""
        said = self.said
        if all(term in said for term in terms):
            return True
        return synonyms.alike(terms, said.split(), _LEAST_ALIKE)


class DeckCommands(Provider):
    """What the deck can do now, and, in grey, what only this session's agent can't do.

    What can't be done for any other reason is not offered.
    """

    def _deck(self) -> ForPalette | None:
        from tui.deck.screen import DeckScreen

        return self.screen if isinstance(self.screen, DeckScreen) else None

    def _offers(self, *, not_now: bool = False) -> list[PaletteRow]:
        """`not_now`: with what can't be done at present."""
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
                shown = ", ".join(map(show_key, keys))
                does = partial(_do, deck, spec.name)
                offers.append(
                    PaletteRow(spec.title, spec.help, does, words=_words_of(spec), key=shown)
                )
            elif not_now:
                offers.append(_not_now(deck, spec))
        offers += [*_primings(deck), *_settings(deck), *_field_keys(deck)]
        for session_id in deck.model.order:
            name = f"Go to {deck.model.name_of(session_id)}"
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
        for offer in self._offers(not_now=True):
            has = offer.has(terms)
            # A note is a sentence, which has every letter somewhere.
            strewn = has or not offer.note
            score, offsets = matcher.fuzzy_search.match(query, offer.title) if strewn else (0, ())
            if score > 0 and not offer.not_now:
                if offer.note or not has:
                    score = _STREWN * score / (score + 1)
                # Not `matcher.highlight`: it reads markup in the title of a session.
                shown = offer.shown
                for offset in offsets:
                    shown = shown.stylize("bold underline", offset, offset + 1)
                yield Hit(score, shown, offer.run, offer.title, offer.help)
            elif terms and (by := _by_words(offer, terms, has)):
                yield Hit(by, offer.shown, offer.run, offer.title, offer.help)


def _by_words(offer: PaletteRow, terms: Sequence[str], has: bool) -> float:
    """How well a row, which `has` the terms or not, is found by what it says; 0 = it is not."""
    words = _ALIKE if offer.note else _BY_WORDS
    found = words if has else _ALIKE if offer.is_like(terms) else 0.0
    return min(found, _NOT_NOW) if offer.not_now else found


def _not_now(deck: Says, spec: registry.Action) -> PaletteRow:
    """What can't be done at present is found all the same: it says what it is for."""
    help_text = f"Not now. {spec.help}"
    says = partial(deck.say, f"{spec.title} can't be done now. {spec.help}")
    return PaletteRow(spec.title, help_text, says, grey=True, words=_words_of(spec), not_now=True)


def _words_of(spec: registry.Action) -> str:
    return f"{synonyms.of(spec.name)} {spec.name.replace('_', ' ')} {spec.group}"


def _do(deck: StartsWithHint, name: str) -> None:
    """Do it, and say which key would have been quicker."""
    deck.start(name)
    deck.shortcut_hints.than(name)


def _primings(deck: OffersPriming) -> Iterator[PaletteRow]:
    from tui.panels.prime.state import KINDS

    for kind in KINDS if deck.model.order else ():
        words = f"draw prime {synonyms.of('prime')}"
        help_text = f"Draw {kind} in the Prime panel of this session."
        yield PaletteRow(f"Prime: {kind}", help_text, partial(_prime, deck, kind), words=words)


def _prime(deck: OffersPriming, kind: str) -> None:
    async def show() -> None:
        if deck.side.open_name != "prime" or not deck.side.shown:
            await deck.side.toggle("prime")
        panel = deck.side.panel
        if panel is not None and hasattr(panel, "action_kind"):
            panel.action_kind(kind)

    deck.run_worker(show(), group="prime", exit_on_error=False)


def _settings(deck: OffersSettings) -> Iterator[PaletteRow]:
    from sessions.config.settings import tables_told

    for name, help_text in tables_told().items() if deck.link.up else ():
        words = f"configuration config preferences options {synonyms.of_setting(name)}"
        yield PaletteRow(
            f"Settings: {name}", help_text, partial(_open_settings, deck, name), words=words
        )


def _open_settings(deck: OffersSettings, name: str) -> None:
    from tui.screens.settings import settings_screen

    async def show() -> None:
        deck.app.push_screen(await settings_screen(deck, f"{name}."))

    deck.run_worker(show(), group="settings", exit_on_error=False)


def _field_keys(deck: Starts) -> Iterator[PaletteRow]:
    """Keys of fields, which are no actions: picked, the help shows them."""
    from tui.screens.help import WIDGET_KEYS

    for where, keys, what in WIDGET_KEYS:
        yield PaletteRow(
            f"{where}: {what}", "A key that works there.", partial(deck.start, "help"), key=keys,
            note=True,
        )  # fmt: skip
