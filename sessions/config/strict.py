"""Reading tables of TOML into classes, strictly: a fault names the key, the line and the nearest
valid key. The configuration and plans are read by it."""

from __future__ import annotations

import dataclasses
import difflib
import re
import types
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from sessions.config.model import Secret
from sessions.record.textlines import lines

_NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
_HINTS: dict[Any, dict[str, Any]] = {}


def hints_of(cls: Any) -> dict[str, Any]:
    """The types of a class' fields, found out once."""
    if cls not in _HINTS:
        _HINTS[cls] = get_type_hints(cls)
    return _HINTS[cls]


def words_of(cls: type[Any]) -> str:
    """What a class of the model says of itself, in a sentence."""
    return (cls.__doc__ or "").strip().splitlines()[0]


class StrictReader:
    """Builds the model's classes from TOML data and collects what is wrong."""

    def __init__(self, text: str) -> None:
        self.lines = lines(text)
        self.faults: list[str] = []

    def fault(self, path: tuple[str, ...], message: str) -> None:
        """Note a fault with its key and line."""
        line = self.line_of(path)
        self.faults.append(f"{f'line {line}: ' if line else ''}{'.'.join(path)}: {message}")

    def line_of(self, path: tuple[str, ...]) -> int:
        """The line in which a key stands, 0 if it can't be told."""
        if not path:
            return 0
        table: tuple[str, ...] = ()
        for number, line in enumerate(self.lines, 1):
            header = re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]\]?", line)
            if header:
                table = tuple(key_parts(header[1]))
                if table == path:
                    return number
                continue
            key = re.match(r"\s*([\w.\"'-]+)\s*=", line)
            if key and (*table, *key_parts(key[1])) == path:
                return number
        return self.line_of(path[:-1])

    def table(self, cls: type[Any], data: Any, path: tuple[str, ...]) -> Any:
        """An instance of a model class from a table."""
        if not isinstance(data, dict):
            self.fault(path, f"must be a table, not {say(data)}")
            return cls()
        hints = hints_of(cls)
        names = [f.name for f in dataclasses.fields(cls)]
        values: dict[str, Any] = {}
        for key, value in data.items():
            if key not in names:
                near = difflib.get_close_matches(key, names, 1)
                hint = f"; did you mean {near[0]}?" if near else f"; there are: {', '.join(names)}"
                self.fault((*path, key), f"unknown key{hint}")
                continue
            values[key] = self.value(hints[key], value, (*path, key))
        return cls(**{k: v for k, v in values.items() if v is not WRONG})

    def value(self, hint: Any, value: Any, path: tuple[str, ...]) -> Any:
        """A value of the hinted type, or `WRONG` with a fault noted."""
        if hint is Any:
            return value
        origin, args = get_origin(hint), get_args(hint)
        if origin in (Union, types.UnionType):
            return self._either(args, value, path)
        if origin is Literal:
            return self._one_of(args, value, path)
        if origin is dict:
            if not isinstance(value, dict):
                self.fault(path, f"must be a table, not {_given(value, path)}")
                return WRONG
            found = {k: self.value(args[1], v, (*path, k)) for k, v in value.items()}
            return {k: v for k, v in found.items() if v is not WRONG}
        if origin is list:
            if not isinstance(value, list):
                self.fault(path, f"must be a list, not {_given(value, path)}")
                return WRONG
            entries = [self.value(args[0], v, path) for v in value]
            return [v for v in entries if v is not WRONG]
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            return self.table(hint, value, path)
        return self._plain(hint, value, path)

    def _either(self, kinds: tuple[Any, ...], value: Any, path: tuple[str, ...]) -> Any:
        kinds = tuple(kind for kind in kinds if kind is not type(None))  # TOML has no null
        if len(kinds) == 1:
            return self.value(kinds[0], value, path)
        for kind in kinds:
            trial = StrictReader("")
            found = trial.value(kind, value, path)
            if not trial.faults:
                return found
        fitting = [k for k in kinds if (get_origin(k) or k) is type(value)] or [kinds[-1]]
        return self.value(fitting[0], value, path)

    def _one_of(self, allowed: tuple[Any, ...], value: Any, path: tuple[str, ...]) -> Any:
        if value in allowed:
            return value
        near = difflib.get_close_matches(str(value), [str(a) for a in allowed], 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        choices = ", ".join(str(a) for a in allowed if a != "")
        self.fault(path, f"{say(value)} is none of {choices}{hint}")
        return WRONG

    def _plain(self, kind: Any, value: Any, path: tuple[str, ...]) -> Any:
        if kind is Secret and isinstance(value, str):
            return Secret(value)
        if kind is float and type(value) is int:
            return float(value)
        if type(value) is kind:
            if kind in (int, float) and value < 0:
                self.fault(path, f"must not be negative, and is {value}")
                return WRONG
            return value
        self.fault(path, f"must be {_NAMES.get(kind, 'text')}, not {_given(value, path)}")
        return WRONG


class _Wrong:
    """Stands for a value that is wrong."""


WRONG = _Wrong()


def key_parts(text: str) -> list[str]:
    """`a."b.c"` as a, b.c."""
    return [a or b or c for a, b, c in re.findall(r"\"([^\"]*)\"|'([^']*)'|([\w-]+)", text)]


def _given(value: Any, path: tuple[str, ...]) -> str:
    """A value in a fault; one that stands where keys stand is not repeated."""
    plain = isinstance(value, dict | list) or not {"api_key", "env", "command"} & set(path)
    return say(value) if plain else "what it is"


def say(value: Any) -> str:
    """A value as a fault shows it."""
    if isinstance(value, str):
        return repr(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a table"
    return "a list" if isinstance(value, list) else repr(value)
