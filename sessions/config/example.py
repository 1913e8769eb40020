"""`config.example.toml`, written from the model: `python -m sessions.config.example`."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Iterator
from typing import Any, get_args, get_origin

from sessions.config.model import Config
from sessions.config.strict import hints_of, words_of

_HEAD = """\
# agentdeck: every key there is, with its default. A key that is commented out is not set.
# Your file is where `agentdeck config path` says; `agentdeck config init` puts this one there.
# Keys, addresses, rules and modes are read from that file alone, never from a project.
"""
# The names that stand in for the user's own in tables of named things.
_NAMES = {
    "backends": "claude",
    "profiles": "claude",
    "prices": "claude-sonnet-5-5",
    "servers": "database",
    "providers": "main",
    "hosts": "build",
}


def example() -> str:
    """The whole file."""
    return "\n".join([_HEAD, *_tables(Config, ())]).rstrip() + "\n"


def _tables(cls: type[Any], path: tuple[str, ...]) -> Iterator[str]:
    hints = hints_of(cls)
    for field in dataclasses.fields(cls):
        hint = hints[field.name]
        inner, named = _inner(hint)
        here = (*path, field.name, *((_NAMES[field.name],) if named else ()))
        if inner is not None:
            # A table under a name of the user's is there for reading: set, it would mean something.
            yield from (
                (_off(line) for line in _table(inner, here)) if named else _table(inner, here)
            )
        else:
            yield from _comment(field.metadata["doc"])
            yield f"[{field.name}]"
            for key, value in (field.metadata.get("example") or {}).items():
                yield f"# {key} = {_toml(value)}"
            yield ""


def _table(cls: type[Any], path: tuple[str, ...]) -> Iterator[str]:
    plain = [f for f in dataclasses.fields(cls) if _inner(hints_of(cls)[f.name])[0] is None]
    if plain:
        yield from _comment(words_of(cls))
        name = ".".join(path)
        yield f"[{name}]"
        for field in plain:
            yield from _key(field)
        yield ""
    hints = hints_of(cls)
    for field in dataclasses.fields(cls):
        inner, named = _inner(hints[field.name])
        if inner is not None and get_origin(hints[field.name]) is not list:
            here = (*path, field.name, *((_NAMES[field.name],) if named else ()))
            yield from (
                (_off(line) for line in _table(inner, here)) if named else _table(inner, here)
            )


def _off(line: str) -> str:
    return line if not line or line.startswith("#") else f"# {line}"


def _inner(hint: Any) -> tuple[type[Any] | None, bool]:
    """The model class inside a hint, and whether it stands under a name of the user's."""
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return hint, False
    args = get_args(hint)
    for origin, place, named in ((dict, 1, True), (list, 0, False)):
        if get_origin(hint) is origin and dataclasses.is_dataclass(args[place]):
            inner: type[Any] = args[place]
            return inner, named
    return None, False


def _key(field: dataclasses.Field[Any]) -> Iterator[str]:
    yield from _comment(field.metadata["doc"])
    shown = field.metadata.get("example")
    default = (
        field.default_factory()
        if field.default_factory is not dataclasses.MISSING
        else field.default
    )
    if shown is not None:
        yield f"# {field.name} = {_toml(shown)}"
    elif default in ("", [], {}):
        yield f"# {field.name} = {_toml(default)}"
    else:
        yield f"{field.name} = {_toml(default)}"


def _comment(text: str) -> Iterator[str]:
    yield from textwrap.wrap(text, 96, initial_indent="# ", subsequent_indent="#   ")


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items()) + "}"
    return repr(value)


if __name__ == "__main__":
    print(example(), end="")
