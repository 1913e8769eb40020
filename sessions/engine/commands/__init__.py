"""The engine's commands, one module per subject.

A module registers a coroutine with `@command("session.send")`; its first argument is the
deck, the others are the command's named arguments, as the table in sessions.engine has them.
"""

from __future__ import annotations

import collections.abc
import importlib
import inspect
import pkgutil
import types
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import (
    Any,
    Literal,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from sessions.errors import UsageError

_COMMANDS: dict[str, Callable[..., Awaitable[Any]]] = {}

F = TypeVar("F", bound=Callable[..., Awaitable[Any]])


def command(name: str) -> Callable[[F], F]:
    """Register a coroutine as the engine's command `name`."""

    def register(function: F) -> F:
        if name in _COMMANDS:
            raise RuntimeError(f"two commands are called {name}")
        _COMMANDS[name] = function
        return function

    return register


def check(function: Callable[..., Any], args: Mapping[str, Any]) -> None:
    """Whether a command's arguments are there, and of the kind it says; lists by their entries.

    Raises UsageError, which names the argument.
    """
    takes = _signature(function)
    for name, value in args.items():
        if name not in takes.parameters:
            raise UsageError(f"Wrong arguments: {name} is none of {', '.join(takes.parameters)}.")
        if fault := _fault(takes.hints.get(name, Any), value, name):
            raise UsageError(f"Wrong arguments: {fault}.")
    missing = [name for name in takes.needed if name not in args]
    if missing:
        raise UsageError(f"Wrong arguments: {', '.join(missing)} is missing.")


@dataclass(frozen=True, slots=True)
class _Takes:
    """What a command takes, and of which kinds."""

    parameters: tuple[str, ...]
    needed: tuple[str, ...]
    hints: Mapping[str, Any]


@cache
def _signature(function: Callable[..., Any]) -> _Takes:
    # Kept for good: a function, never a method that is bound to what would be kept with it.
    assert not hasattr(function, "__self__")
    known = list(inspect.signature(function).parameters.values())
    hints = get_type_hints(function)
    more = [p.name for p in known if p.kind is p.VAR_KEYWORD]
    further = get_type_hints(shape_of(hints[more[0]])) if more else {}
    own = [p for p in known if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    own = [p for p in own if p.name not in ("deck", "self")]
    needed = tuple(p.name for p in own if p.default is p.empty)
    return _Takes((*(p.name for p in own), *further), needed, hints | further)


def shape_of(hint: Any) -> type:
    """The TypedDict by which a command declares its further arguments (`**how: Unpack[…]`)."""
    (shape,) = get_args(hint)
    assert isinstance(shape, type)
    return shape


def words_of(hint: Any) -> tuple[str, ...]:
    """The words that an argument of a closed set can be; none of any other argument."""
    return get_args(hint) if get_origin(hint) is Literal else ()


def _fault(hint: Any, value: Any, name: str) -> str:
    """What is wrong with an argument, or "". Of an object whose keys are fixed, one that is missing
    is left to the command; one that is there is of its kind."""
    origin, inner = get_origin(hint), get_args(hint)
    if hint is Any:
        return ""
    if origin in (Union, types.UnionType):
        faults = [_fault(each, value, name) for each in inner]
        # Of several kinds the one that is of a shape tells most: which key of it is wrong.
        return "" if "" in faults else max(faults, key=len)
    if origin is Literal:
        fits = isinstance(value, str) and value in inner
        return "" if fits else f"{name} is none of {', '.join(inner)}"
    if origin in (list, collections.abc.Sequence) and isinstance(value, list):
        each = (_fault(inner[0], one, f"{name}[{n}]") for n, one in enumerate(value))
        return next(filter(None, each), "")
    if isinstance(value, dict) and (origin is dict or is_typeddict(hint)):
        keys = _keys(hint) if is_typeddict(hint) else dict.fromkeys(value, inner[1])
        each = (_fault(keys[k], one, f"{name}.{k}") for k, one in value.items() if k in keys)
        return next(filter(None, each), "")
    kind = dict if is_typeddict(hint) else origin or hint
    return "" if _is_a(kind, value) else f"{name} can't be {type(value).__name__}"


@cache
def _keys(shape: Any) -> Mapping[str, Any]:
    return get_type_hints(shape)


def _is_a(kind: Any, value: Any) -> bool:
    if kind in (None, type(None)):
        return value is None
    if kind in (int, float):
        fits = type(value) is int or (kind is float and type(value) is float)
        return fits and abs(value) <= _LARGEST
    return isinstance(value, kind) if isinstance(kind, type) else True


_LARGEST = 2**53


_MODULES = {
    "agent": "agents",
    "archive": "deck",
    "archive.usage": "figures",
    "plan": "plans",
    "session.context": "figures",
    "session.continue": "agents",
    "session.skill": "skills",
    "session.timeline": "figures",
    "skills.upkeep": "harvest",
    "terminal": "terminals",
    "worktree": "worktrees",
}
"""Where commands are, or all of a subject, whose module is not called as their subject is."""


_THERE = frozenset(module.name for module in pkgutil.iter_modules(__path__))
"""Listed at the start: later, without a free descriptor, pkgutil would find none and not say so."""


def find(name: str) -> Callable[..., Awaitable[Any]] | None:
    """The command of that name, or None. Its module is imported with the first that is asked for:
    what only harvest or priming needs takes 4 MB of an engine that does neither."""
    if name not in _COMMANDS and (module := module_of(name)):
        importlib.import_module(module)
    return _COMMANDS.get(name)


def module_of(name: str) -> str:
    """The module that has a command of that name, if there is one; "" where there is none."""
    subject = name.partition(".")[0]
    module = _MODULES.get(name) or _MODULES.get(subject, subject)
    return f"{__name__}.{module}" if module in _THERE else ""


def load_commands() -> dict[str, Callable[..., Awaitable[Any]]]:
    """Import every module of this package and return all commands by name."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return dict(_COMMANDS)
