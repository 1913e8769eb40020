"""The deck's edges: what status line, tabs, footer and countdowns say, drawn when it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.timer import Timer

from tui import actions as registry
from tui.deck.banner import Banner, too_narrow
from tui.deck.composer import Composer
from tui.deck.edge_lines import FooterKey, footer_spots, status_spots, tab_spots
from tui.deck.welcome import Welcome
from tui.words.key_names import show_key

if TYPE_CHECKING:
    from tui.deck.action_interfaces import ForChrome


_DUE = 10
"""An action whose place in the footer is before this is there because something is due."""
_JOINED = {"Side panel": "View"}


class Chrome:
    """Says everything around the tiles."""

    def __init__(self, deck: ForChrome) -> None:
        self.deck = deck
        self._countdown: Timer | None = None
        deck.topics.connected.subscribe(self._connected)
        deck.topics.lost.subscribe(self._lost)

    def say(self) -> None:
        """Status line, tabs, footer, the banner."""
        deck, model = self.deck, self.deck.model
        width = deck.size.width
        engine = (
            ("reads only" if deck.options.read_only else "")
            if deck.link.up
            else "no engine"
            if deck.link.tried and not deck.link.connecting
            else "starting…"
        )
        deck.line("status").say(status_spots(model, width, engine, known=deck.link.up))
        tabs = deck.line("tabs")
        all_seen = len(model.order) <= len(model.visible()) and not model.pinned
        tabs.set_class(all_seen and not model.arrangement.only, "-hidden")
        tabs.say(tab_spots(model, width))
        deck.line("footer").say(footer_spots(self._entries(), width, show_key))
        deck.banner.narrow(too_narrow(width, deck.size.height, browser=deck.app.is_web))
        self._count_down()

    def looking(self) -> None:
        """An engine is looked for."""
        self.deck.banner.hide()
        self.deck.query(Welcome).first().looking()

    def _connected(self, _: bool) -> None:
        self.deck.banner.hide()
        self.deck.query(Welcome).first().ask(self.deck.client)

    def _lost(self, message: str, hint: str) -> None:
        for banner in self.deck.query(Banner):  # none when the deck is leaving
            banner.tell(message, hint, show_key(self.key("reconnect")))
        for welcome in self.deck.query(Welcome):
            welcome.lost()

    def key(self, name: str) -> str:
        """An action's first key, "" if it has none."""
        keys = registry.keys_of(registry.actions()[name], self.deck.options.keys)
        return keys[0] if keys else ""

    def _entries(self) -> list[FooterKey]:
        """What works now, the most telling first: the focused widget's own keys, what is due now,
        then the rest by its group."""
        deck = self.deck
        entries: list[FooterKey] = []
        focused = deck.focused
        if getattr(focused, "takes_keys", False):
            name = deck.model.name_of(deck.model.current or "")
            word = f"leaves {name}, which has every other key"
            return [FooterKey(self.key("terminal_keys"), word, "terminal_keys", "here", True)]
        if focused is not None and not isinstance(focused, Composer):
            for key, active in deck.active_bindings.items():
                if active.node is focused and active.binding.show and active.enabled:
                    entries.append(FooterKey(key, active.binding.description, f"!{key}", "here"))
        specs = [s for s in registry.actions().values() if s.footer]
        if deck.side.title and deck.side.has_focus_within:
            # Not what esc does elsewhere: the panel takes it.
            leaves = f"leaves {deck.side.title}, which has the keys"
            entries.insert(0, FooterKey("escape", leaves, "!escape", "here"))
            specs = [s for s in specs if s.name != "interrupt"]
        for spec in sorted(specs, key=lambda s: s.order):
            key = self.key(spec.name)
            if key and spec.when(deck):
                word = spec.footer if isinstance(spec.footer, str) else spec.footer(deck)
                group = "now" if spec.order < _DUE else _JOINED.get(spec.group, spec.group)
                if word:
                    entries.append(FooterKey(key, word, spec.name, group, spec.name == "new"))
        return entries

    def _count_down(self) -> None:
        """One tick a second while a countdown is in view, none otherwise."""
        counting = any(tile.counting for tile in self.deck.tiles.values())
        if counting and self._countdown is None:
            self._countdown = self.deck.set_interval(1.0, self._tick)
        elif not counting and self._countdown is not None:
            self._countdown.stop()
            self._countdown = None

    def _tick(self) -> None:
        for tile in self.deck.tiles.values():
            if tile.counting:
                tile.frame()
