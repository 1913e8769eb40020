"""Whether what a command answers has the keys and kinds that it declares."""

from __future__ import annotations

import json
from typing import Any, get_type_hints

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
    read = msgspec.convert(told, shape)
    assert msgspec.to_builtins(read) == told, "a key that is not declared"
