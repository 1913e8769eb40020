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
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

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
        if not _allows(takes.hints.get(name, Any), value):
            said = words_of(takes.hints.get(name, Any))
            wrong = f"is none of {', '.join(said)}" if said else f"can't be {type(value).__name__}"
            raise UsageError(f"Wrong arguments: {name} {wrong}.")
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


def _allows(hint: Any, value: Any) -> bool:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return any(_allows(each, value) for each in inner)
    if origin is Literal:
        return isinstance(value, str) and value in inner
    if origin in (list, collections.abc.Sequence):
        return isinstance(value, list) and all(_allows(inner[0], each) for each in value)
    if hint in (None, type(None)):
        return value is None
    if hint in (int, float):
        fits = type(value) is int or (hint is float and type(value) is float)
        return fits and abs(value) <= _LARGEST
    kind = origin or hint
    return isinstance(value, kind) if isinstance(kind, type) else True


_LARGEST = 2**53


def known(name: str) -> Callable[..., Awaitable[Any]] | None:
    """The command of that name, if a module that has been imported has it."""
    return _COMMANDS.get(name)


def load_commands() -> dict[str, Callable[..., Awaitable[Any]]]:
    """Import every module of this package and return all commands by name."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return dict(_COMMANDS)
