"""The configuration of an actor: what is sent of the one here, and what its node says itself.

Backends and profiles go along, so that a plan's profile means the same on each node; what the
node's own configuration says of the same name is the node's. Keys never go along.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sessions.safety import secrets_filter

_SENT = ("defaults", "backends", "profiles", "prices", "limits", "tools", "worktrees")
_BY_NAME = ("backends", "profiles", "prices")
"""Tables of tables: the node's own replace those of the same name, and leave the others."""


def sent(config_file: Path) -> str:
    """What of a configuration goes to an actor, as JSON: no key is in it."""
    tables = {name: table for name, table in _read(config_file).items() if name in _SENT}
    if isinstance(defaults := tables.get("defaults"), dict):
        defaults.pop("theme", None)
    backends = tables.get("backends", {})
    tables["backends"] = {
        name: _without_keys(backend) for name, backend in backends.items()
        if isinstance(backend, dict) and not _holds_key(backend)
    }  # fmt: skip
    return json.dumps(tables)


def _without_keys(backend: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in backend.items() if key != "api_key"}
    if isinstance(env := kept.get("env"), dict):
        kept["env"] = {k: v for k, v in env.items() if not _key_in(k, str(v))}
    return kept


def _key_in(name: str, value: str) -> bool:
    """Whether a variable is a key by its name, or holds one: as it is known, or in an address."""
    hides = secrets_filter.hide(value) != value
    return secrets_filter.keyish(name) or hides or any(secrets_filter.of_address(value))


def _holds_key(backend: dict[str, Any]) -> bool:
    """Whether its address or its command holds one: then it is the node's to say what it is."""
    command = backend.get("command")
    words = command if isinstance(command, list) else []
    found: Iterable[str] = secrets_filter.of_address(str(backend.get("base_url", "")))
    return any(found) or any(secrets_filter.of_command([str(w) for w in words]))


def merged(told: str, config_file: Path) -> str:
    """What an actor is configured by, as TOML: what was sent, with the node's own on top."""
    import tomlkit

    tables: dict[str, Any] = json.loads(told)
    for name, own in _read(config_file).items():
        if name in _BY_NAME and isinstance(own, dict):
            tables[name] = {**tables.get(name, {}), **own}
        else:
            tables[name] = own
    return tomlkit.dumps(tables)


def _read(config_file: Path) -> dict[str, Any]:
    """A configuration's tables as they stand; a wrong one is told by whoever loads it."""
    try:
        return tomllib.loads(config_file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}
