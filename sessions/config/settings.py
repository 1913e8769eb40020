"""The configuration as a list of settings: each key with its words, what it is, whence, since when.

Here it is read; `sessions.config.change` writes it. What is shown holds no secret.
"""

from __future__ import annotations

import dataclasses
import os
import re
import shlex
import tomllib
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from sessions.config.builtin import with_builtins
from sessions.config.load import examined
from sessions.config.model import (
    BackendConfig,
    Config,
    HostConfig,
    McpServer,
    Price,
    Profile,
    Secret,
)
from sessions.config.strict import StrictReader, hints_of, words_of
from sessions.record.closed_sets import SettingKind
from sessions.safety import secrets_filter

_QUOTED = re.compile(r"[\s'\"\\#]")
HIDDEN = "…"
"""Stands where something is that may be a secret."""
TABLES: dict[tuple[str, ...], type[Any]] = {
    ("backends",): BackendConfig,
    ("profiles",): Profile,
    ("prices",): Price,
    ("mcp", "servers"): McpServer,
    ("hosts",): HostConfig,
}
"""Tables of things that have names of the user's."""
_LATER = {
    ("limits", "turns_at_once"): "when the engine starts anew",
    ("skills", "paths"): "when the engine starts anew",
    ("engine",): "when the engine starts anew",
    ("tools",): "in new sessions; in the others when the engine starts anew",
    ("profiles",): "for new sessions",
    ("defaults", "profile"): "for new sessions",
    ("worktrees",): "for new sessions",
    ("backends",): "at once; where a turn runs, after it",
}
_PROFILES = {("defaults", "profile"), ("priming", "daydream", "profile")}
_PROFILES |= {("priming", "daydream", "critic")}


@dataclass(frozen=True, slots=True)
class Setting:
    """One key. `value` and `default` are as they are typed; `source` says whence it is."""

    keys: tuple[str, ...]
    words: str
    kind: SettingKind
    value: str
    default: str
    source: str
    ours: bool
    """It stands in the user's file."""
    choices: tuple[str, ...]
    force: str
    """When a change of it is in force."""


@dataclass(frozen=True, slots=True)
class Section:
    """A table. `named`: it is one of several under names of the user's."""

    keys: tuple[str, ...]
    words: str
    named: bool
    ours: bool
    settings: tuple[Setting, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """All sections, and what is wrong with the file ("" = nothing)."""

    path: str
    sections: tuple[Section, ...]
    fault: str


def overview(path: Path) -> Overview:
    """All that can be set. Of a file that is wrong, what can be read of it."""
    text, fault = "", ""
    try:
        text = path.read_text("utf-8") if path.exists() else ""
        data = tomllib.loads(text)
        config, faults = examined(text, path)
        fault = "\n".join(faults)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        data, config, fault = {}, with_builtins(Config()), f"{path} can't be read: {error}."
    return Overview(str(path), tuple(_Sections(config, data, text).all()), fault)


def as_json(told: Overview) -> dict[str, Any]:
    """The same as it goes over the wire; `dataclasses.asdict` takes twice as long as all the rest.

    Tuples stay, which are written as lists.
    """
    sections = [
        {**_fields(s), "settings": [_fields(each) for each in s.settings]} for s in told.sections
    ]
    return {**_fields(told), "sections": sections}


def _fields(of: Any) -> dict[str, Any]:
    return {name: getattr(of, name) for name in of.__slots__}


def of_keys(config: Config, keys: tuple[str, ...]) -> tuple[Any, Any]:
    """The value that a configuration has for a key, and the key's type. Raises KeyError."""
    at: Any = config
    hint: Any = Config
    for key in keys:
        if get_origin(hint) is dict and isinstance(at, Mapping):
            hint, at = get_args(hint)[1], at.get(key)
            if at is None:
                at = hint() if isinstance(hint, type) and dataclasses.is_dataclass(hint) else ""
        else:
            hints = hints_of(hint) if dataclasses.is_dataclass(hint) else {}
            hint, at = hints[key], getattr(at, key)
    return at, hint


def kind_of(hint: Any) -> SettingKind:
    """How a value of this type is typed."""
    if get_origin(hint) in (Union, types.UnionType):
        return "pairs" if any(get_origin(h) is dict for h in get_args(hint)) else "text"
    if get_origin(hint) is Literal:
        return "choice"
    if get_origin(hint) in (list, dict):
        return "words" if get_origin(hint) is list else "pairs"
    kinds: dict[Any, SettingKind] = {
        bool: "switch",
        int: "whole",
        float: "number",
        Secret: "secret",
    }
    return kinds.get(hint, "text")


def typed(value: Any, keys: tuple[str, ...] = ()) -> str:
    """A value as it is typed; what may be a secret is not shown."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Secret):
        return HIDDEN if value else ""
    if isinstance(value, str):
        return secrets_filter.hide(secrets_filter.address(value))
    if isinstance(value, Mapping):
        masked = "env" in keys
        return in_line(f"{k}={HIDDEN if masked else typed(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        shown = [typed(entry) for entry in value]
        for secret in set(secrets_filter.of_command(value)):
            shown = [word.replace(secret, HIDDEN) if secret else word for word in shown]
        return in_line(shown)
    return f"{value:g}" if isinstance(value, float) else str(value)


def in_line(words: Iterable[str]) -> str:
    """Words as a shell reads them; quoted only where they must be."""
    return " ".join(shlex.quote(w) if not w or _QUOTED.search(w) else w for w in words)


def force_of(keys: tuple[str, ...]) -> str:
    """When a change of a key is in force."""
    for length in range(len(keys), 0, -1):
        if told := _LATER.get(keys[:length]):
            return told
    return "at once"


@cache
def tables_told() -> Mapping[str, str]:
    """The tables of the file in a sentence each."""
    found = {}
    for field in dataclasses.fields(Config):
        cls = TABLES.get((field.name,)) or hints_of(Config)[field.name]
        told = words_of(cls) if dataclasses.is_dataclass(cls) else field.metadata["doc"]
        found[field.name] = str(told)
    return found


def stands(data: Mapping[str, Any], keys: tuple[str, ...]) -> bool:
    """Whether a key stands in the file's data."""
    at: Any = data
    for key in keys:
        if not isinstance(at, Mapping) or key not in at:
            return False
        at = at[key]
    return True


class _Sections:
    """Walks through the model beside the file's data."""

    def __init__(self, config: Config, data: Mapping[str, Any], text: str) -> None:
        self.config = config
        self.data = data
        self.reader = StrictReader(text)

    def all(self) -> Iterator[Section]:
        for field in dataclasses.fields(Config):
            if field.name == "keys":
                yield self._keys(str(field.metadata["doc"]))
            elif field.name != "permissions":
                yield from self._under((field.name,))

    def _keys(self, words: str) -> Section:
        """The keys that the user gave to actions; which actions there are, the deck knows."""
        found = []
        for name, value in self.config.keys.items():
            keys = ("keys", name)
            shown = typed([value] if isinstance(value, str) else value)
            source = f"your file, line {self.reader.line_of(keys)}"
            found.append(Setting(keys, "", "key", shown, "", source, True, (), force_of(keys)))
        return Section(("keys",), words, False, bool(found), tuple(found))

    def _under(self, keys: tuple[str, ...]) -> Iterator[Section]:
        value, _ = of_keys(self.config, keys)
        if keys in TABLES:
            for name in value:
                yield self._section((*keys, name), TABLES[keys], named=True)
            return
        cls = type(value)
        if any(_plain(cls)):
            yield self._section(keys, cls, named=False)
        for field in dataclasses.fields(cls):
            hint = hints_of(cls)[field.name]
            if dataclasses.is_dataclass(hint) or (*keys, field.name) in TABLES:
                yield from self._under((*keys, field.name))

    def _section(self, keys: tuple[str, ...], cls: type[Any], *, named: bool) -> Section:
        found = tuple(self._setting((*keys, f.name), f) for f in _plain(cls))
        return Section(keys, words_of(cls), named, stands(self.data, keys), found)

    def _setting(self, keys: tuple[str, ...], field: dataclasses.Field[Any]) -> Setting:
        value, hint = of_keys(self.config, keys)
        default = default_of(field)
        ours = stands(self.data, keys)
        source = "default"
        if ours:
            source = f"your file, line {self.reader.line_of(keys)}"
        elif (variable := self._variable(keys)) and os.environ.get(variable):
            source = f"the environment: {variable}"
        elif value != default:
            source = "built in"
        words = str(field.metadata.get("doc", ""))
        return Setting(
            keys,
            words,
            kind_of(hint),
            typed(value, keys),
            typed(default, keys),
            source,
            ours,
            self._choices(keys, hint),
            force_of(keys),
        )

    def _variable(self, keys: tuple[str, ...]) -> str:
        if keys[0] != "backends" or keys[-1] != "api_key":
            return ""
        backend = self.config.backends.get(keys[1])
        return backend.variable if backend is not None else ""

    def _choices(self, keys: tuple[str, ...], hint: Any) -> tuple[str, ...]:
        if get_origin(hint) is Literal:
            return tuple(str(each) for each in get_args(hint))
        if keys in _PROFILES:
            return ("", *self.config.profiles)
        if keys == ("titles", "backend"):
            return ("", *self.config.backends)
        if keys[0] == "profiles" and keys[-1] == "backend":
            return tuple(self.config.backends)
        return ("true", "false") if hint is bool else ()


def default_of(field: dataclasses.Field[Any]) -> Any:
    """A key's default."""
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _plain(cls: type[Any]) -> Iterator[dataclasses.Field[Any]]:
    """The fields of a class that are keys and no tables."""
    hints = hints_of(cls)
    for field in dataclasses.fields(cls):
        args = (hints[field.name], *get_args(hints[field.name]))
        if not any(map(dataclasses.is_dataclass, args)):
            yield field
