"""Changing one setting: checked first, written with comments kept, never over a change by hand.

The file is read anew for every change, so what was changed in it meanwhile stays. Where that was
the very key, nothing is written, and the answer says what stands there now.
"""

from __future__ import annotations

import dataclasses
import functools
import operator
import re
import shlex
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from sessions.config import write
from sessions.config.load import examined
from sessions.config.model import Config
from sessions.config.settings import (
    HIDDEN,
    TABLES,
    default_of,
    force_of,
    kind_of,
    of_keys,
    typed,
)
from sessions.errors import UsageError
from sessions.safety import secrets_filter

_NAME = re.compile(r"[\w.@:-]+")
_SWITCH = {"true": True, "on": True, "yes": True, "false": False, "off": False, "no": False}


@dataclass(frozen=True, slots=True)
class Written:
    """Whether it was written; if not, what stands there `now`. `force`: when it is in force."""

    written: bool
    now: str
    force: str


class _Refused(Exception):
    """It stands otherwise in the file by now."""


def fault_of(path: Path, keys: tuple[str, ...], text: str) -> str:
    """Why a text can't be the value of a key, or ""."""
    try:
        _known(keys)
        document = _document(path)
        _put(document, path, keys, text)
        return _faults(document, path, keys)
    except UsageError as error:
        return str(error)


def put(path: Path, keys: tuple[str, ...], text: str, before: str | None = None) -> Written:
    """Set a key to what was typed. `before`: what was shown when it was typed.

    Raises UsageError where it is wrong, or the file can't be read or written.
    """
    _known(keys)

    def change(document: Any) -> None:
        now = _shown(document, keys)
        if before is not None and now not in (before, text):
            raise _Refused(now)
        _put(document, path, keys, text)
        _sure(document, path, keys)

    return _change(path, keys, change)


def reset(path: Path, keys: tuple[str, ...], before: str | None = None) -> Written:
    """Take a key, or a whole table of the user's, out of the file. Raises UsageError."""
    _known(keys, table=True)

    def change(document: Any) -> None:
        if keys[:-1] not in TABLES:
            now = _shown(document, keys)
            if before is not None and now != before:
                raise _Refused(now)
        table = document
        for key in keys[:-1]:
            table = table.get(key, {}) if isinstance(table, dict) else {}
        if keys[-1] in table:
            _take_out(table, keys[-1])
            _take_out_empty(document, keys[:-1])
        _sure(document, path, keys)

    return _change(path, keys, change)


def add(path: Path, keys: tuple[str, ...], first: dict[str, str]) -> Written:
    """Make a backend, profile, price or MCP server with these first values. Raises UsageError."""
    if keys[:-1] not in TABLES:
        raise UsageError(f"Nothing can be added to [{'.'.join(keys[:-1])}].")
    name = keys[-1]
    for key, text in first.items():
        _known((*keys, key))
        if not isinstance(text, str):
            raise UsageError(f"{key} must be text.")
    if not _NAME.fullmatch(name):
        raise UsageError("A name has letters, digits and - _ . only.", "Choose another.")

    def change(document: Any) -> None:
        if name in of_keys(_config(document, path), keys[:-1])[0]:
            raise UsageError(f"There is a {name} already.", "Choose another name.")
        write.table_at(document, keys, {})
        for key, text in first.items():
            if text:
                _put(document, path, (*keys, key), text)
        _sure(document, path, keys)

    return _change(path, keys, change)


def _known(keys: tuple[str, ...], *, table: bool = False) -> None:
    """Raises UsageError where no setting is called so, nor, with `table`, a table."""
    named = keys[:-1] in TABLES
    if table and named:
        return
    try:
        if keys and keys[0] == "keys":
            known = len(keys) == 2
        else:
            _, hint = of_keys(Config(), keys)
            known = not (named or keys in TABLES or dataclasses.is_dataclass(hint))
            known = known and keys[0] != "permissions"
            name = next((keys[len(t)] for t in TABLES if keys[: len(t)] == t), "a")
            known = known and bool(_NAME.fullmatch(name))
    except (KeyError, AttributeError, TypeError, IndexError):
        known = False
    if not known:
        raise UsageError(f"There is no setting {'.'.join(keys)!r}.", "See config.example.toml.")


def _change(path: Path, keys: tuple[str, ...], change: Callable[[Any], None]) -> Written:
    try:
        write.edit(path, change, private="api_key" in keys)
    except _Refused as refused:
        return Written(False, str(refused), force_of(keys))
    return Written(True, _shown(_document(path), keys), force_of(keys))


def _document(path: Path) -> Any:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        return tomlkit.parse(path.read_text("utf-8") if path.exists() else "")
    except (OSError, UnicodeDecodeError, TOMLKitError) as error:
        raise UsageError(f"{path} can't be read: {error}.", "Mend it first.") from error


def _config(document: Any, path: Path) -> Config:
    """What the document says, as far as it is right."""
    try:
        return examined(document.as_string(), path, private=True)[0]
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not TOML: {error}.", "Mend that line first.") from error


def _shown(document: Any, keys: tuple[str, ...]) -> str:
    if keys[:-1] in TABLES:
        return ""
    return typed(of_keys(_config(document, Path()), keys)[0], keys)


def _faults(document: Any, path: Path, keys: tuple[str, ...]) -> str:
    """What is wrong: of this key first, else of the rest."""
    try:
        _, faults = examined(document.as_string(), path, private="api_key" in keys)
    except tomllib.TOMLDecodeError as error:
        return f"The file would be no TOML: {error}."
    name = ".".join(keys)
    own = [f for f in faults if f"{name}:" in f or f.startswith(name)]
    return _bare(own[0], name) if own else "\n".join(faults)


def _bare(fault: str, name: str) -> str:
    """A fault without its place, which is on the screen."""
    return fault.partition(f"{name}: ")[2] or fault


def _sure(document: Any, path: Path, keys: tuple[str, ...]) -> None:
    if fault := _faults(document, path, keys):
        raise UsageError(f"{'.'.join(keys)}: {fault}", "Nothing was written.")


def _put(document: Any, path: Path, keys: tuple[str, ...], text: str) -> None:
    config = _config(document, path)
    if keys[0] == "keys" and len(keys) == 2:
        value: Any = shlex.split(text)
        value = value[0] if len(value) == 1 else value
    else:
        old, hint = of_keys(config, keys)
        value = _value(hint, text, old, keys)
    table = write.table_at(document, keys[:-1], _builtin(config, keys))
    write.put(table, keys[-1], value)


def _value(hint: Any, text: str, old: Any, keys: tuple[str, ...]) -> Any:
    """The TOML value that was typed. Raises UsageError."""
    kind = kind_of(hint)
    if kind == "secret":
        return text.strip()
    if kind == "switch":
        if text.strip().lower() not in _SWITCH:
            raise UsageError("must be true or false")
        return _SWITCH[text.strip().lower()]
    if kind in ("whole", "number"):
        return _number(text, whole=kind == "whole")
    if kind in ("words", "pairs"):
        try:
            words = shlex.split(text)
        except ValueError as error:
            raise UsageError("a quotation mark is not closed") from error
        if kind == "words":
            _no_marks(words)
            return words
        return _pairs(hint, words, old if isinstance(old, dict) else {})
    _no_marks([text])
    return text


def _number(text: str, *, whole: bool) -> int | float:
    plain = text.strip().replace("_", "").replace(",", "")
    try:
        return int(plain) if whole else float(plain)
    except ValueError as error:
        raise UsageError(f"must be a {'whole ' if whole else ''}number, not {text!r}") from error


def _pairs(hint: Any, words: list[str], old: dict[str, Any]) -> Any:
    """`a=b c=d`; where plain names may stand too, `a` alone is that."""
    plain = bool(get_args(hint)) and any(kind_of(h) == "words" for h in get_args(hint))
    if plain and not any("=" in word for word in words):
        return words
    found: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not name or not (equals or plain):
            raise UsageError(f"{word!r} is no NAME=VALUE")
        found[name] = (value if equals else "on") if value != HIDDEN else old.get(name, "")
    import tomlkit

    table = tomlkit.inline_table()
    table.update(found)
    return table


def _no_marks(words: list[str]) -> None:
    """What was shown without its secret can't be written back."""
    for word in words:
        if secrets_filter.MARK in word or (HIDDEN in word and "://" in word) or word == HIDDEN:
            raise UsageError("it holds a part that is not shown: write that anew")


def _builtin(config: Config, keys: tuple[str, ...]) -> dict[str, Any]:
    """What a table that is built in must have when it is written for the first time."""
    for length in (2, 3):
        table = keys[:length]
        if len(keys) > length and table[:-1] in TABLES:
            value = of_keys(config, table)[0]
            return {
                f.name: getattr(value, f.name)
                for f in dataclasses.fields(value)
                if getattr(value, f.name) != default_of(f)
            }
    return {}


def _take_out(table: Any, key: str) -> None:
    """Remove a key or table; the comments that stand below it are of what follows."""
    after = write.end_of(table[key])
    names = [name for name in table if name != key]
    del table[key]
    if after and names and (body := write.body_of(table[names[-1]])) is not None:
        body.extend(after)


def _take_out_empty(document: Any, keys: tuple[str, ...]) -> None:
    """Remove the tables above a key that was the last in them; what the user named stays."""
    from tomlkit.items import Comment, Table

    if not keys or keys[:-1] in TABLES:
        return
    parent = functools.reduce(operator.getitem, keys[:-1], document)
    table = parent[keys[-1]]
    if not isinstance(table, Table) or len(table):
        return
    if any(isinstance(item, Comment) for _, item in table.value.body):
        return
    del parent[keys[-1]]
    _take_out_empty(document, keys[:-1])
