"""What Textual does anew for each app, each message and each look at a value is done once here.

A test run opens decks by the hundred, all of the same classes and style sheets. What is kept is
what Textual (8.2.8) finds itself; whatever may differ from one time to the next is left to it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from inspect import CO_VARARGS, CO_VARKEYWORDS, isawaitable
from types import FunctionType, MethodType
from typing import Any

import textual
import textual._callback
import textual.message_pump
from textual import Logger
from textual.constants import LOG_FILE
from textual.css._style_properties import BorderProperty
from textual.css.model import RuleSet
from textual.css.styles import RenderStyles
from textual.css.stylesheet import CssSource, Stylesheet
from textual.css.tokenize import tokenize_values
from textual.css.tokenizer import Token
from textual.message import Message
from textual.message_pump import MessagePump
from textual.reactive import Reactive
from textual.style import Style

from tui.terminal.lean_styles import LeanStylesheet, Learned

# -- style sheets

_VARIABLES: list[dict[str, str]] = []
_TOKENS: dict[int, dict[str, list[Token]]] = {}
_STYLES: dict[tuple[int, str], Style] = {}
_RULES: dict[tuple[object, ...], list[RuleSet]] = {}
_SHEETS: dict[tuple[object, ...], list[RuleSet]] = {}
_LEARNED: dict[int, Learned] = {}

parse = Stylesheet.parse
parse_rules = Stylesheet._parse_rules
_parse_style = Stylesheet.parse_style


def _variables(sheet: Stylesheet) -> int:
    """Which variables a sheet has: their number."""
    known = vars(sheet).get("_known_variables")
    if known is None or known[0] is not sheet._variables:
        if sheet._variables not in _VARIABLES:
            _VARIABLES.append(dict(sheet._variables))
        known = sheet._variables, _VARIABLES.index(sheet._variables)
        vars(sheet)["_known_variables"] = known
    number: int = known[1]
    return number


def _parse_once(sheet: Stylesheet) -> None:
    """All rules, which every app of a test run has alike; the list is never changed in place."""
    sources: tuple[tuple[object, CssSource], ...] = tuple(sheet.source.items())
    key = (_variables(sheet), *sources)
    if sheet._invalid_css or key not in _SHEETS:
        parse(sheet)
        assert sheet._rules is not None
        _SHEETS[key] = sheet._rules
    sheet._rules = _SHEETS[key]
    sheet._require_parse = False
    sheet._rules_map = None


def _parse_rules_once(sheet: Stylesheet, css: str, read_from: Any, **how: Any) -> list[RuleSet]:
    """The rules of one style sheet."""
    key = (css, read_from, *sorted(how.items()), _variables(sheet))
    if key not in _RULES:
        _RULES[key] = parse_rules(sheet, css, read_from, **how)
    return _RULES[key]


def _tokens_once(sheet: Stylesheet) -> dict[str, list[Token]]:
    """What the variables of a sheet are made of."""
    number = _variables(sheet)
    if number not in _TOKENS:
        _TOKENS[number] = tokenize_values(sheet._variables)
    return _TOKENS[number]


def _parse_style_once(sheet: Stylesheet, style_text: str | Style) -> Style:
    """A style that a text names, by the variables of the sheet's app."""
    if isinstance(style_text, Style):
        return style_text
    key = _variables(sheet), style_text
    if key not in _STYLES:
        _STYLES[key] = _parse_style(sheet, style_text)
    return _STYLES[key]


def _learned_once(sheet: LeanStylesheet) -> Learned:
    """What has been found of rules, which are the same ones for every app of a test run."""
    rules = sheet.rules
    learned = _LEARNED.get(id(rules))
    if learned is None or learned.whole.rules is not rules:
        learned = _LEARNED[id(rules)] = Learned(rules, sheet.rules_map)
    return learned


def _rule_of(styles: RenderStyles, rule_name: str, default: object = None) -> object:
    """A rule of a widget's own, or else of the sheets: looked up, not asked for by four calls."""
    own: Any = styles._inline_styles._rules
    if rule_name in own:
        return own[rule_name]
    sheets: Any = styles._base_styles._rules
    return sheets.get(rule_name, default)


_edges: Any = BorderProperty.__get__


def _edges_once(rule: BorderProperty, styles: Any, kind: Any = None) -> Any:
    """The edges of a widget, which are asked for at each of its rows, until any style changes."""
    if not isinstance(styles, RenderStyles):
        return _edges(rule, styles, kind)
    known = vars(styles).setdefault("_known_edges", {})
    key = styles._cache_key
    found = known.get(rule.name)
    if found is None or found[0] != key:
        found = known[rule.name] = key, _edges(rule, styles, kind)
    return found[1]


# -- messages

_prevent = MessagePump.prevent
_NOTHING = nullcontext()


def _prevented(pump: MessagePump, *messages: type[Message]) -> AbstractContextManager[None]:
    """Keep messages back, if there are any to be kept back: for most there are none."""
    return _prevent(pump, *messages) if messages else _NOTHING


def _awaitable(found: object) -> bool:
    """Whether to wait for what a handler gave: most give nothing."""
    return found is not None and isawaitable(found)


_Handler = Callable[[Message], Awaitable[Any]]
_HANDLERS: dict[tuple[type, str, type], list[tuple[type, list[Any]]] | None] = {}
_dispatch_methods = MessagePump._get_dispatch_methods


def _handlers(pump: type, name: str, message: type) -> list[tuple[type, list[Any]]] | None:
    """Who handles a kind of message, class by class; None if that depends on who sent it."""
    found: list[tuple[type, list[Any]]] = []
    kinds = [kind for kind in message.__mro__ if issubclass(kind, Message)]
    seen: set[object] = set()
    for cls in pump.__mro__:
        methods: list[Any] = []
        decorated = cls.__dict__.get("_decorated_handlers") or {}
        for method, selectors in (pair for kind in kinds for pair in decorated.get(kind, [])):
            if selectors:
                return None
            if method not in seen:
                seen.add(method)
                methods.append(method)
        named = cls.__dict__.get(f"_{name}") or cls.__dict__.get(name)
        if named is not None and not getattr(named, "_textual_on", None):
            methods.append(named)
        if methods:
            found.append((cls, methods))
    return found


def _dispatch(pump: MessagePump, method_name: str, message: Message) -> Iterable[Any]:
    """As Textual's own, which asks every class for every message."""
    key = type(pump), method_name, type(message)
    if key not in _HANDLERS:
        _HANDLERS[key] = _handlers(*key)
    found = _HANDLERS[key]
    if found is None:
        yield from _dispatch_methods(pump, method_name, message)
        return
    for cls, methods in found:
        if message._no_default_action:
            break
        for method in methods:
            yield cls, method.__get__(pump, cls)


# -- what is told to a console of Textual's that nobody has opened


class _Unread:
    """A log that is read nowhere: for each handler of each message Textual makes three others."""

    def __init__(self, read: Logger) -> None:
        self._read = read

    @property
    def event(self) -> _Unread:
        """That of events."""
        return self

    def verbosity(self, verbose: bool) -> _Unread:
        """That of such as are told often."""
        return self

    def __call__(self, *words: object, **values: object) -> None:
        """Say nothing."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._read, name)


# -- values

_COMPUTED: dict[tuple[type, str], bool] = {}
_reactive_get: Any = Reactive.__get__


def _value(reactive: Reactive[Any], node: Any, kind: Any = None) -> Any:
    """A value that is there and that nothing computes; all else as ever."""
    has = getattr(node, "__dict__", {})
    if node is None or reactive.internal_name not in has:
        return _reactive_get(reactive, node, kind)
    key = type(node), reactive.compute_name
    computed = _COMPUTED.get(key)
    if computed is None:
        computed = _COMPUTED[key] = hasattr(node, reactive.compute_name)
    return _reactive_get(reactive, node, kind) if computed else has[reactive.internal_name]


# -- parameters

_count_parameters = textual._callback._count_parameters


def _parameters(func: Callable[..., Any]) -> int:
    """How many parameters a function has, read off it: `inspect.signature` takes long to say so."""
    inner: Any = func.__func__ if isinstance(func, MethodType) else func
    bound = inner is not func
    if not isinstance(inner, FunctionType | type) and isinstance(
        type(inner).__call__, FunctionType
    ):
        inner, bound = type(inner).__call__, True
    if not isinstance(inner, FunctionType) or inner.__dict__.keys() & _SIGNED:
        return _count_parameters(func)
    code = inner.__code__
    if bound and not code.co_argcount:
        return _count_parameters(func)
    rest = bool(code.co_flags & CO_VARARGS) + bool(code.co_flags & CO_VARKEYWORDS)
    return code.co_argcount + code.co_kwonlyargcount + rest - bound


_SIGNED = {"__wrapped__", "__signature__", "__text_signature__"}


def install() -> None:
    """Have Textual do so for all apps of this process."""
    sheet: Any = Stylesheet
    sheet.parse = _parse_once
    sheet._parse_rules = _parse_rules_once
    sheet._variable_tokens = property(_tokens_once)
    sheet.parse_style = _parse_style_once
    styles: Any = RenderStyles
    styles.get_rule = _rule_of
    edges: Any = BorderProperty
    edges.__get__ = _edges_once
    lean: Any = LeanStylesheet
    lean._learn = _learned_once
    pump: Any = MessagePump
    pump._get_dispatch_methods = _dispatch
    pump.prevent = _prevented
    vars(textual._callback)["isawaitable"] = _awaitable
    if not LOG_FILE:
        vars(textual.message_pump)["log"] = _Unread(textual.log)
    reactive: Any = Reactive
    reactive.__get__ = _value
    textual._callback._count_parameters = _parameters
