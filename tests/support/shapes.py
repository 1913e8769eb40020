"""Whether what a command answers has the keys and kinds that it declares."""

from __future__ import annotations

import json
import types
from functools import cache
from typing import (
    Any,
    Literal,
    TypedDict,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import msgspec

from sessions.engine.commands import load_commands
from sessions.runtime.deck import Deck


async def answered(deck: Deck, command: str, **args: Any) -> Any:
    """What a command answers, as a client is told; it is of the declared shape."""
    function = load_commands()[command]
    told = json.loads(json.dumps(await function(deck, **args)))
    fits(told, get_type_hints(function)["return"])
    return told


def fits(told: Any, shape: Any) -> None:
    """No key is missing, none is there besides, and each value is of its kind."""
    *others, last = get_args(shape) if get_origin(shape) in (Union, types.UnionType) else (shape,)
    for other in others:
        try:
            return fits(told, other)
        except (msgspec.ValidationError, AssertionError):
            continue  # it may be of another
    read = msgspec.convert(told, _readable(last))
    assert json.loads(msgspec.json.encode(read)) == told, "a key that is not declared"
    return None


@cache
def _readable(shape: Any) -> Any:
    """The shape, where one that says that it is true is any truth: msgspec has no such literals."""
    if not is_typeddict(shape):
        return shape
    hints = get_type_hints(shape, include_extras=True)
    truths = {key for key, hint in hints.items() if get_args(hint) in ((True,), (False,))}
    if not any(get_origin(hints[key]) is Literal for key in truths):
        return shape
    kinds = {key: bool if key in truths else hint for key, hint in hints.items()}
    made: Any = TypedDict
    return made(shape.__name__, kinds)
