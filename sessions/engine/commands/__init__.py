"""The engine's commands, one module per subject.

A module registers a coroutine with `@command("session.send")`; its first argument is the
deck, the others are the command's named arguments, as the table in sessions.engine has them.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

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


def load_commands() -> dict[str, Callable[..., Awaitable[Any]]]:
    """Import every module of this package and return all commands by name."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return dict(_COMMANDS)
