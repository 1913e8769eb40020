"""Reading the configuration, strictly: a fault names the key, the line and the nearest valid one.

Only the user's own file is read, never anything in a working directory.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
import re
import tomllib
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from sessions import secrecy
from sessions.config.builtin import with_builtins
from sessions.config.model import Config, Secret
from sessions.errors import UsageError
from sessions.places import places
from sessions.textlines import lines

_NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def load(path: Path | None = None) -> Config:
    """The configuration of this installation, the built-in backends and profiles included.

    Raises:
        UsageError: the file can't be read or is wrong; every fault is named.
    """
    where = path or places().config_file
    try:
        text = where.read_text("utf-8")
    except FileNotFoundError:
        found = with_builtins(Config())
        secrecy.known.remember(_secrets(found))
        return found
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{where} can't be read: {error}.") from error
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{where} is not TOML: {error}.", "Mend that line.") from error
    reader = _Reader(text)
    config = reader.table(Config, data, ())
    assert isinstance(config, Config)
    reader.faults += _semantic(config, reader)
    _check_mode(where, config, reader)
    if reader.faults:
        faults = "\n".join(f"  {fault}" for fault in reader.faults)
        raise UsageError(
            f"{where} is wrong:\n{faults}", "See `agentdeck config init` for every key."
        )
    found = with_builtins(config)
    secrecy.known.remember(_secrets(found))
    return found


def _secrets(config: Config) -> Iterator[str]:
    """What of a configuration must never be written down or shown."""
    for backend in config.backends.values():
        yield backend.api_key.reveal()
        yield os.environ.get(backend.api_key_env, "") if backend.api_key_env else ""
        yield from secrecy.of_address(backend.base_url)
        yield from secrecy.of_command(backend.command)
        yield from (v for k, v in backend.env.items() if secrecy.keyish(k))
    for server in config.mcp.servers.values():
        yield from secrecy.of_address(server.url)
        yield from secrecy.of_command(server.command)
        yield from (v for k, v in server.env.items() if secrecy.keyish(k))


class _Reader:
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
                table = tuple(_key_parts(header[1]))
                if table == path:
                    return number
                continue
            key = re.match(r"\s*([\w.\"'-]+)\s*=", line)
            if key and (*table, *_key_parts(key[1])) == path:
                return number
        return self.line_of(path[:-1])

    def table(self, cls: type[Any], data: Any, path: tuple[str, ...]) -> Any:
        """An instance of a model class from a table."""
        if not isinstance(data, dict):
            self.fault(path, f"must be a table, not {_say(data)}")
            return cls()
        hints = get_type_hints(cls)
        names = [f.name for f in dataclasses.fields(cls)]
        values: dict[str, Any] = {}
        for key, value in data.items():
            if key not in names:
                near = difflib.get_close_matches(key, names, 1)
                hint = f"; did you mean {near[0]}?" if near else f"; there are: {', '.join(names)}"
                self.fault((*path, key), f"unknown key{hint}")
                continue
            values[key] = self.value(hints[key], value, (*path, key))
        return cls(**{k: v for k, v in values.items() if v is not _WRONG})

    def value(self, hint: Any, value: Any, path: tuple[str, ...]) -> Any:
        """A value of the hinted type, or `_WRONG` with a fault noted."""
        origin, args = get_origin(hint), get_args(hint)
        if origin in (Union, types.UnionType):
            return self._either(args, value, path)
        if origin is Literal:
            return self._one_of(args, value, path)
        if origin is dict:
            if not isinstance(value, dict):
                self.fault(path, f"must be a table, not {_given(value, path)}")
                return _WRONG
            found = {k: self.value(args[1], v, (*path, k)) for k, v in value.items()}
            return {k: v for k, v in found.items() if v is not _WRONG}
        if origin is list:
            if not isinstance(value, list):
                self.fault(path, f"must be a list, not {_given(value, path)}")
                return _WRONG
            entries = [self.value(args[0], v, path) for v in value]
            return [v for v in entries if v is not _WRONG]
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            return self.table(hint, value, path)
        return self._plain(hint, value, path)

    def _either(self, kinds: tuple[Any, ...], value: Any, path: tuple[str, ...]) -> Any:
        for kind in kinds:
            trial = _Reader("")
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
        self.fault(path, f"{_say(value)} is none of {choices}{hint}")
        return _WRONG

    def _plain(self, kind: Any, value: Any, path: tuple[str, ...]) -> Any:
        if kind is Secret and isinstance(value, str):
            return Secret(value)
        if kind is float and type(value) is int:
            return float(value)
        if type(value) is kind:
            if kind in (int, float) and value < 0:
                self.fault(path, f"must not be negative, and is {value}")
                return _WRONG
            return value
        self.fault(path, f"must be {_NAMES.get(kind, 'text')}, not {_given(value, path)}")
        return _WRONG


class _Wrong:
    """Stands for a value that is wrong."""


_WRONG = _Wrong()


def _semantic(config: Config, reader: _Reader) -> list[str]:
    """Faults between keys: names that lead nowhere, backends that lack what they need."""
    known = with_builtins(config)
    before = len(reader.faults)
    for name, profile in config.profiles.items():
        if (profile.backend or name) not in known.backends:
            near = difflib.get_close_matches(profile.backend, known.backends, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            path = ("profiles", name, "backend")
            reader.fault(path, f"no backend is called {profile.backend!r}{hint}")
    wanted = config.defaults.profile
    if wanted and wanted not in known.profiles:
        near = difflib.get_close_matches(wanted, known.profiles, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        reader.fault(("defaults", "profile"), f"no profile is called {wanted!r}{hint}")
    for name, backend in config.backends.items():
        if backend.type == "acp" and not known.backends[name].command:
            reader.fault(("backends", name), "an agent needs its `command`")
        if backend.base_url and not re.match(r"https?://[^\s/]+", backend.base_url):
            path = ("backends", name, "base_url")
            shown = "it" if "@" in backend.base_url else repr(backend.base_url)
            reader.fault(path, f"{shown} is no http or https address")
    for name, server in config.mcp.servers.items():
        if bool(server.command) == bool(server.url):
            reader.fault(("mcp", "servers", name), "needs either `command` or `url`")
    found = reader.faults[before:]
    del reader.faults[before:]
    return found


def _check_mode(where: Path, config: Config, reader: _Reader) -> None:
    """A file that holds a key must be its owner's alone."""
    if any(b.api_key for b in config.backends.values()):
        mode = where.stat().st_mode & 0o777
        if mode & 0o077 or where.stat().st_uid != os.getuid():
            reader.faults.append(
                f"it holds an api_key and others may read it (mode {mode:o}): chmod 600 {where}"
            )


def _key_parts(text: str) -> list[str]:
    """`a."b.c"` as a, b.c."""
    return [a or b or c for a, b, c in re.findall(r"\"([^\"]*)\"|'([^']*)'|([\w-]+)", text)]


def _given(value: Any, path: tuple[str, ...]) -> str:
    """A value in a fault; one that stands where keys stand is not repeated."""
    plain = isinstance(value, dict | list) or not {"api_key", "env", "command"} & set(path)
    return _say(value) if plain else "what it is"


def _say(value: Any) -> str:
    if isinstance(value, str):
        return repr(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a table"
    return "a list" if isinstance(value, list) else repr(value)
