"""Style sheets that are read once, and rules that are looked for once in the same place.

Textual (8.2.8) remembers the rules of 64 style sheets and forgets the oldest first, so that of the
deck's 70 it remembers none when it goes through them; and when a screen comes with a new one it
forgets all. Each time took 13 to 20 ms, of the first frame too and of the first opening of most
dialogs. And whenever something changes state, it looks through all rules for each widget in it,
and for each part of these, however often it has done so.

This leans on private parts: `Stylesheet._rules`, `_rules_map`, `_parse_cache`, the keys of the
cache that `apply` is given, and `StylesBase._rules`. `test_lean_styles.py` compares what both say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.app import App
from textual.cache import LRUCache
from textual.css.stylesheet import Stylesheet
from textual.dom import DOMNode
from textual.widget import Widget

if TYPE_CHECKING:
    from textual.css.model import RuleSet
    from textual.css.styles import RulesMap

_SHEETS = 1024
"""The rules of so many are remembered."""
_PLACES = 256
"""For the same kind of node what holds in so many places is remembered."""
_Place = tuple[object, ...]


class RulePart:
    """The rules that name one of some kinds, classes and ids, in their order; and what they say."""

    def __init__(self, rules: list[RuleSet], by_name: dict[str, list[RuleSet]]) -> None:
        self.rules = rules
        self.by_name = by_name
        self.said: dict[_Place, _Rules] = {}

    def of(self, names: frozenset[str]) -> RulePart:
        """Of these the rules that name one of `names`."""
        found = {rule for name in names for rule in self.by_name[name]}
        return RulePart([r for r in self.rules if r in found], {n: self.by_name[n] for n in names})


class _Rules(dict[Any, Any]):
    """What rules say, and what comes of it where it is set for the first time."""

    as_set: RulesMap | None = None


class _Said(dict[Any, Any]):
    """What Textual takes for its own cache, which holds for nodes of one parent, at one time."""

    def __init__(self, part: RulePart, inside: _Place) -> None:
        super().__init__()
        self.part = part
        self.inside = inside

    def get(self, key: _Place, default: Any = None) -> Any:
        return self.part.said.get((self.inside, *key[1:]))

    def __setitem__(self, key: _Place, rules: RulesMap) -> None:
        if len(self.part.said) >= _PLACES:
            self.part.said.clear()
        self.part.said[(self.inside, *key[1:])] = _Rules(rules)


class LeanStylesheet(Stylesheet):
    """All style sheets of an app."""

    def __init__(self, *, variables: dict[str, str] | None = None) -> None:
        super().__init__(variables=variables)
        self._parse_cache = LRUCache(_SHEETS)
        self._whole = RulePart([], {})
        self._parts: dict[frozenset[str], RulePart] = {}
        self._inside: tuple[DOMNode | None, _Place] = None, ()

    def reparse(self) -> None:
        """Take in what has changed; whatever has not is remembered.

        Raises:
            StylesheetError: If the CSS could not be read.
            StylesheetParseError: If the CSS is invalid; then the rules stay what they were.
        """
        self.parse()

    def apply(
        self,
        node: DOMNode,
        *,
        animate: bool = False,
        cache: dict[tuple[Any, ...], RulesMap] | None = None,
    ) -> None:
        """Give a node what the rules say that can be meant for it."""
        if self.rules is not self._whole.rules:
            self._whole, self._parts = self._learned()
            self._rules, self._rules_map = self._whole.rules, self._whole.by_name
        names = frozenset(self._whole.by_name.keys() & node._selector_names)
        part = self._parts.get(names)
        if part is None:
            part = self._parts[names] = self._whole.of(names)
        said = _Said(part, (*_state(node), *self._place_in(node._parent)))
        self._rules, self._rules_map = part.rules, part.by_name
        try:
            super().apply(node, animate=animate, cache=said)
        finally:
            self._rules, self._rules_map = self._whole.rules, self._whole.by_name

    def _learned(self) -> tuple[RulePart, dict[frozenset[str], RulePart]]:
        """All rules, and what has been found of them; of rules that are new, nothing."""
        return RulePart(self.rules, self.rules_map), {}

    def _place_in(self, node: object) -> _Place:
        """All that rules can ask of a node, and of those that it is in."""
        if node is self._inside[0] and node is not None:
            return self._inside[1]
        place: list[object] = []
        while isinstance(node, DOMNode):
            place += type(node), node._id, node.classes, *_state(node)
            node = node._parent
        return tuple(place)

    def _process_component_classes(self, node: DOMNode) -> None:
        """Give the parts of a widget, which are all in the same place, what all rules say."""
        part = self._rules, self._rules_map
        self._rules, self._rules_map = self._whole.rules, self._whole.by_name
        self._inside = node, self._place_in(node)
        try:
            super()._process_component_classes(node)
        finally:
            self._rules, self._rules_map = part
            self._inside = None, ()

    @classmethod
    def replace_rules(cls, node: DOMNode, rules: RulesMap, animate: bool = False) -> None:
        """Set what has changed; of a node that has nothing yet, all at once."""
        base = node.styles.base
        known: Any = None if base._rules or node._is_mounted else rules
        if not isinstance(known, _Rules):
            known = None
        if known is not None and known.as_set:
            base._rules.update(known.as_set)
            base._updates += 1
        elif animate or base._rules != rules:
            super().replace_rules(node, rules, animate=animate)
            if known is not None:
                known.as_set = base.get_rules()
            return
        node.notify_style_update()


def _state(node: DOMNode) -> tuple[object, ...]:
    """What pseudo-classes ask for; those that Textual keeps out of its cache do not come here."""
    if isinstance(node, Widget):
        return node.mouse_hover, node.has_focus, node.disabled, node.allow_focus()
    if isinstance(node, App):  # whose theme is among its classes
        return node.app_focus, node.ansi_color, node.no_color, node.is_inline
    return ()
