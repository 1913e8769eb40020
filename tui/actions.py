"""The one registry of actions: bindings, palette, footer, help and docs/keys.md read it.

A module under `tui.commands` registers a coroutine:

    @action("new", "New session", keys=("ctrl+n", "alt+n"), group="Sessions", footer="new")
    async def new(deck: Makes) -> None: ...

`python -m tui.actions` prints docs/keys.md.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING

from textual.binding import Binding

from sessions.errors import UsageError

if TYPE_CHECKING:
    from tui.deck.action_interfaces import ForActions

GROUPS = ("Sessions", "Turns", "Terminals", "View", "Side panel", "Deck")
Run = Callable[["ForActions"], Awaitable[None]]
When = Callable[["ForActions"], bool]
Word = str | Callable[["ForActions"], str]


@dataclass(frozen=True, slots=True)
class Action:
    """Something that can be done on the deck, by key, mouse or palette.

    `footer` is the word in the footer ("" = not there), or what gives it; `when` says whether
    it can be done now; `order` sorts the footer; `instant`: it asks nothing and waits for
    nothing, so that the next key finds it done.
    """

    name: str
    title: str
    run: Run
    keys: tuple[str, ...]
    group: str
    footer: Word
    when: When
    order: int
    help: str
    priority: bool
    instant: bool


_REGISTRY: dict[str, Action] = {}


def always(_: object) -> bool:
    """It can be done at any time."""
    return True


def action(
    name: str,
    title: str,
    *,
    keys: tuple[str, ...] = (),
    group: str,
    footer: Word = "",
    when: When = always,
    order: int = 50,
    priority: bool = True,
    instant: bool = False,
) -> Callable[[Run], Run]:
    """Register a coroutine as the action `name`; its docstring is the help."""

    def register(run: Run) -> Run:
        if name in _REGISTRY:
            raise RuntimeError(f"two actions are called {name}")
        if group not in GROUPS:
            raise RuntimeError(f"no group of actions is called {group}")
        help_text = " ".join((run.__doc__ or "").split())
        _REGISTRY[name] = Action(
            name, title, run, keys, group, footer, when, order, help_text, priority, instant
        )
        return run

    return register


@cache
def _load() -> None:
    """Have every module of commands register its actions; looking for them once is enough."""
    package = importlib.import_module("tui.commands")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"tui.commands.{module.name}")


def actions() -> dict[str, Action]:
    """All actions by name, in the order of their groups."""
    _load()
    return _in_order(len(_REGISTRY))


@cache
def _in_order(_so_many: int) -> dict[str, Action]:
    return dict(sorted(_REGISTRY.items(), key=lambda item: GROUPS.index(item[1].group)))


def bindings() -> list[Binding]:
    """A binding per action, with the action's name as its id, so that a keymap can change it."""
    return [
        Binding(
            ",".join(spec.keys) or f"unbound_{spec.name}",
            f"deck({spec.name!r})",
            spec.title,
            show=bool(spec.footer),
            priority=spec.priority,
            id=spec.name,
        )
        for spec in actions().values()
    ]


def keymap(changed: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """The keymap for `App.set_keymap`; a key that the user gives is lost by whatever has it.

    Raises:
        UsageError: an action's name is unknown, or one key is given to two actions.
    """
    known = actions()
    for name in changed:
        if name not in known:
            near = get_close_matches(name, known, 1)
            raise UsageError(
                f"[keys] names {name}, which is no action.",
                f"Did you mean {near[0]}?" if near else "F1 in the deck lists all of them.",
            )
    taken: dict[str, str] = {}
    for name, given in changed.items():
        for key in given:
            if taken.setdefault(key, name) != name:
                raise UsageError(
                    f"[keys] gives {key} to {taken[key]} and to {name}.",
                    "Give one of them another key.",
                )
    in_fact = {name: keys_of(spec, changed) for name, spec in known.items()}
    return {
        name: ",".join(keys) or f"unbound_{name}"
        for name, keys in in_fact.items()
        if name in changed or keys != known[name].keys
    }


def keys_of(spec: Action, changed: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The keys that an action has in fact: the user's, else its own that he gave to no other."""
    given = {key for keys in changed.values() for key in keys}
    return changed.get(spec.name, tuple(key for key in spec.keys if key not in given))


def as_markdown() -> str:
    """docs/keys.md."""
    lines = [
        "# Keys",
        "",
        "Every action is also in the palette (`ctrl+p`) and can be done with the mouse. "
        "Change a key in the settings (`alt+o`), where you press the one you want, or in the file: "
        '`[keys]`, then `name = "key"` or a list of keys. An '
        "action that had such a key loses it, and stays in the palette.",
    ]
    group = ""
    for spec in actions().values():
        if spec.group != group:
            group = spec.group
            lines += ["", f"## {group}", "", "| name | keys | does |", "|---|---|---|"]
        keys = ", ".join(f"`{key}`" for key in spec.keys) or "palette"
        lines.append(f"| `{spec.name}` | {keys} | {spec.help} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    # Under `-m` this module is a second copy of itself: ask the one that commands register in.
    print(importlib.import_module("tui.actions").as_markdown(), end="")
