"""Style sheets that are read once, and rules that are looked for once in the same place.

Textual (8.2.8) remembers the rules of 64 style sheets and forgets the oldest first, so that of the
deck's 70 it remembers none when it goes through them; and when a screen comes with a new one it
forgets all. Each time took 13 to 20 ms, of the first frame too and of the first opening of most
dialogs. And whenever something changes state, it looks through all rules for each widget in it,
and for each part of these, however often it has done so: here that is done once for each place.

This leans on private parts: `Stylesheet._rules`, `_rules_map`, `_parse_cache`, the cache that
`apply` is given, `DOMNode._component_styles` and its flags, where `Reactive` keeps its values, and
`StylesBase._rules`. `test_lean_styles.py` compares what both say.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, cast

from textual.app import App
from textual.cache import LRUCache
from textual.css.styles import RenderStyles, Styles
from textual.css.stylesheet import Stylesheet
from textual.dom import DOMNode
from textual.widget import Widget

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.css.model import RuleSet
    from textual.css.styles import RulesMap

_SHEETS = 1024
"""The rules of so many are remembered."""
_PLACES = 4096
"""So many places are told apart before all are forgotten."""
_KINDS = 4096
"""For so many kinds of nodes it is remembered which rules can be meant for them."""
_SAID = 256
"""For the same part of the rules what holds in so many places is remembered."""
_Place = tuple[object, ...]


class _Rules(dict[Any, Any]):
    """What rules say, and what comes of it where it is set for the first time."""

    as_set: RulesMap | None = None

    def note(self, base: Styles) -> None:
        """Keep what has come of it in the styles of a node."""
        if base._rules.keys() <= self.keys():
            self.as_set = base.get_rules()


class RulePart:
    """The rules that name one of some kinds, classes and ids, in their order; and what they say.

    `said` has None where they say nothing. Where `lasting` is false they ask for what a place does
    not tell, such as whether a node is the first: what they say holds for once.
    """

    def __init__(self, rules: list[RuleSet], by_name: dict[str, list[RuleSet]]) -> None:
        self.rules = rules
        self.by_name = by_name
        self.said: dict[_Place, _Rules | None] = {}
        asked: set[str] = set().union(*(rule.pseudo_classes for rule in rules))
        self.lasting = asked.isdisjoint(Stylesheet._EXCLUDE_PSEUDO_CLASSES_FROM_CACHE)
        self.hover = "hover" in asked

    def of(self, names: frozenset[str]) -> RulePart:
        """Of these the rules that name one of `names`."""
        found = {rule for name in names for rule in self.by_name[name]}
        return RulePart([r for r in self.rules if r in found], {n: self.by_name[n] for n in names})


class Learned:
    """All rules, and what has been found of them."""

    def __init__(self, rules: list[RuleSet], by_name: dict[str, list[RuleSet]]) -> None:
        self.whole = RulePart(rules, by_name)
        self._parts: dict[frozenset[str], RulePart] = {}
        self._kinds: dict[_Place, RulePart] = {}
        self._places: dict[_Place, int] = {}
        self._numbers = count(1)

    def part_for(self, node: DOMNode, classes: frozenset[str]) -> RulePart:
        """The rules that can be meant for a node of its kind, classes and id."""
        kind = type(node), node._id, classes
        part = self._kinds.get(kind)
        if part is None:
            names = frozenset(self.whole.by_name.keys() & node._selector_names)
            part = self._parts.get(names)
            if part is None:
                part = self._parts[names] = self.whole.of(names)
            if len(self._kinds) >= _KINDS:
                self._kinds.clear()
            self._kinds[kind] = part
        return part

    def place(self, place: _Place) -> int:
        """The number of a place; none is ever given to another one."""
        number = self._places.get(place)
        if number is None:
            if len(self._places) >= _PLACES:
                self._places.clear()
            number = self._places[place] = next(self._numbers)
        return number


class _Said(dict[Any, Any]):
    """What Textual takes for its own cache: it finds nothing, and what it learns is noted."""

    def __init__(self, part: RulePart, key: _Place) -> None:
        super().__init__()
        self.part = part
        self.key = key

    def get(self, key: object, default: Any = None) -> Any:
        return None

    def __setitem__(self, key: object, rules: RulesMap) -> None:
        self.part.said[self.key] = _Rules(rules)


class _Parts(dict[str, RenderStyles]):
    """The styles of a widget's parts, each made when it is asked for: most never are.

    They hold as long as the widget stands where it stood (`place`), of the same rules (`learned`).
    """

    def __init__(self, sheet: LeanStylesheet, node: DOMNode, learned: Learned, place: int) -> None:
        super().__init__()
        self._sheet = sheet
        self._node = node
        self._names: frozenset[str] = node._get_component_classes()
        self.learned = learned
        self.place = place
        self.lasting = True

    def hold(self, learned: Learned, place: int) -> bool:
        """Whether they say what would be found of these rules in this place."""
        return self.lasting and self.place == place and self.learned is learned

    def __contains__(self, name: object) -> bool:
        return name in self._names or super().__contains__(name)

    def __missing__(self, name: str) -> RenderStyles:
        if name not in self._names:
            raise KeyError(name)
        part = DOMNode(classes=name)
        part._attach(self._node)
        self._sheet.apply(part)
        self.lasting &= self.learned.part_for(part, part.classes).lasting
        self[name] = part.styles
        return part.styles

    def clear(self) -> None:
        self._names = frozenset()
        self.lasting = False
        super().clear()


class LeanStylesheet(Stylesheet):
    """All style sheets of an app."""

    def __init__(self, *, variables: dict[str, str] | None = None) -> None:
        super().__init__(variables=variables)
        self._parse_cache = LRUCache(_SHEETS)
        self._learned = Learned([], {})
        self._places: dict[DOMNode, int] | None = None

    def reparse(self) -> None:
        """Take in what has changed; whatever has not is remembered.

        Raises:
            StylesheetError: If the CSS could not be read.
            StylesheetParseError: If the CSS is invalid; then the rules stay what they were.
        """
        self.parse()

    def update_nodes(self, nodes: Iterable[DOMNode], animate: bool = False) -> None:
        """Give all these nodes what the rules say: nothing moves or changes state meanwhile."""
        self._places = {}
        try:
            super().update_nodes(nodes, animate=animate)
        finally:
            self._places = None

    def apply(
        self,
        node: DOMNode,
        *,
        animate: bool = False,
        cache: dict[tuple[Any, ...], RulesMap] | None = None,
    ) -> None:
        """Give a node what the rules say that can be meant for it."""
        if self.rules is not self._learned.whole.rules:
            self._learned = self._learn()
            self._rules = self._learned.whole.rules
            self._rules_map = self._learned.whole.by_name
        classes = frozenset(node._classes)
        part = self._learned.part_for(node, classes)
        named = node._id if f"#{node._id}" in part.by_name else None
        key = self._place_of(node._parent), type(node), named, classes, *_state(node)
        if not part.lasting or key not in part.said:
            self._find(node, part, key, animate)
            return
        node._has_hover_style = part.hover
        node._has_focus_within = node._has_order_style = node._has_odd_or_even = False
        rules = part.said[key]
        if rules is not None:
            self.replace_rules(node, cast("RulesMap", rules), animate=animate)
        self._process_component_classes(node)

    def _find(self, node: DOMNode, part: RulePart, key: _Place, animate: bool) -> None:
        """Have Textual go through the rules, and note what they say."""
        if len(part.said) >= _SAID:
            part.said.clear()
        self._rules, self._rules_map = part.rules, part.by_name
        try:
            super().apply(node, animate=animate, cache=_Said(part, key))
        finally:
            self._rules, self._rules_map = self._learned.whole.rules, self._learned.whole.by_name
        if part.lasting:
            part.said.setdefault(key, None)
        found = part.said.get(key)
        if found is not None and not (animate and "transitions" in found):
            found.note(node.styles.base)

    def _learn(self) -> Learned:
        """All rules, and what has been found of them; of rules that are new, nothing."""
        return Learned(self.rules, self.rules_map)

    def _place_of(self, node: object) -> int:
        """The number of all that rules can ask of a node, and of those that it is in; none: 0."""
        if not isinstance(node, DOMNode):
            return 0
        if self._places is not None and node in self._places:
            return self._places[node]
        inside = self._place_of(node._parent)
        of = inside, type(node), node._id, frozenset(node._classes), *_state(node)
        number = self._learned.place(of)
        if self._places is not None:
            self._places[node] = number
        return number

    def _process_component_classes(self, node: DOMNode) -> None:
        """Have the parts of a widget found anew, unless it stands where it stood."""
        self._rules, self._rules_map = self._learned.whole.rules, self._learned.whole.by_name
        if not node._get_component_classes():
            return
        before = node._component_styles
        place = self._place_of(node)
        if isinstance(before, _Parts) and before.hold(self._learned, place):
            return
        parts = _Parts(self, node, self._learned, place)
        node._component_styles = parts
        if any(parts[name] != styles for name, styles in before.items()):
            node.refresh()

    @classmethod
    def replace_rules(cls, node: DOMNode, rules: RulesMap, animate: bool = False) -> None:
        """Set what has changed; of a node that has nothing yet, all at once.

        What has changed is told by what comes of rules where they are set. A colour's rule brings
        another one that no style has (`auto_background`), and a layout is made anew from its name:
        compared with what they say, nearly every widget had changed each time.
        """
        base = node.styles.base
        known = rules if isinstance(rules, _Rules) else None
        wanted = rules if known is None or known.as_set is None else known.as_set
        if base._rules == wanted:
            if not animate:
                node.notify_style_update()
            return
        if animate and "transitions" in rules:
            super().replace_rules(node, rules, animate=True)
            return
        if wanted is rules or base._rules or node._is_mounted:
            _set(base, wanted)
            if known is not None:
                known.note(base)
        else:
            base._rules.update(wanted)
            base._updates += 1
        node.notify_style_update()


def _set(base: Styles, rules: RulesMap) -> None:
    """Set those rules that are others than before, and take away those that are no more."""
    ours = cast("dict[str, Any]", base._rules)
    theirs = cast("dict[str, Any]", rules)
    for name in ours.keys() | theirs.keys():
        if ours.get(name) != theirs.get(name):
            setattr(base, name, theirs.get(name))


def _state(node: DOMNode) -> tuple[object, ...]:
    """What pseudo-classes ask for; those that Textual keeps out of its cache do not come here."""
    if isinstance(node, Widget):
        has = vars(node).get
        return (
            has("_reactive_mouse_hover", False),
            has("_reactive_has_focus", False),
            has("_reactive_disabled", False),
            node.allow_focus(),
        )
    if isinstance(node, App):  # whose theme is among its classes
        return node.app_focus, node.ansi_color, node.no_color, node.is_inline
    return ()
