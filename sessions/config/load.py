"""Reading the configuration, strictly: a fault names the key, the line and the nearest valid one.

Only the user's own file is read, never anything in a working directory.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from sessions.config.builtin import with_builtins
from sessions.config.model import Config
from sessions.config.strict import StrictReader
from sessions.errors import UsageError
from sessions.paths import places
from sessions.safety import secrets_filter

HOST_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}\Z")
NO_HOSTS = frozenset({"any", "here", "ray"})
"""What a plan's task means something else by."""


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
        secrets_filter.known.remember(_secrets(found))
        return found
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{where} can't be read: {error}.") from error
    try:
        found, faults = examined(text, where)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{where} is not TOML: {error}.", "Mend that line.") from error
    if faults:
        told = "\n".join(f"  {fault}" for fault in faults)
        raise UsageError(f"{where} is wrong:\n{told}", "See `agentdeck config init` for every key.")
    secrets_filter.known.remember(_secrets(found))
    return found


def examined(text: str, where: Path, *, private: bool = False) -> tuple[Config, list[str]]:
    """What a text says, the built-in things included, and all that is wrong with it.

    `private`: the file will be its owner's alone, whatever it is now. Raises TOMLDecodeError.
    """
    reader = StrictReader(text)
    config = reader.table(Config, tomllib.loads(text), ())
    assert isinstance(config, Config)
    reader.faults += _semantic(config, reader)
    if not private:
        _check_mode(where, config, reader)
    return with_builtins(config), reader.faults


def _secrets(config: Config) -> Iterator[str]:
    """What of a configuration must never be written down or shown."""
    for backend in config.backends.values():
        yield backend.key
        yield os.environ.get(backend.variable, "") if backend.variable else ""
        yield from secrets_filter.of_address(backend.base_url)
        yield from secrets_filter.of_command(backend.command)
        yield from (v for k, v in backend.env.items() if secrets_filter.keyish(k))
    for server in config.mcp.servers.values():
        yield from secrets_filter.of_address(server.url)
        yield from secrets_filter.of_command(server.command)
        yield from (v for k, v in server.env.items() if secrets_filter.keyish(k))


def _semantic(config: Config, reader: StrictReader) -> list[str]:
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
    _check_hosts(config, reader)
    for pattern in config.worktrees.copy:
        if not Path(pattern).parts or Path(pattern).is_absolute() or ".." in Path(pattern).parts:
            reader.fault(("worktrees", "copy"), f"{pattern!r} is no path within a repository")
    found = reader.faults[before:]
    del reader.faults[before:]
    return found


def _check_hosts(config: Config, reader: StrictReader) -> None:
    for name, profile in config.profiles.items():
        if profile.host and profile.host not in config.hosts:
            reader.fault(("profiles", name, "host"), f"no host is called {profile.host!r}")
    for name, host in config.hosts.items():
        if not HOST_NAME.match(name) or name in NO_HOSTS:
            told = "is no name for a host: letters, digits, `.`, `_`, `-`; not here, any, ray"
            reader.fault(("hosts", name), f"{name[:40]!r} {told}")
        if bool(host.command) == bool(host.ssh) or not host.agentdeck:
            reader.fault(("hosts", name), "needs either `ssh` or `command`")


def _check_mode(where: Path, config: Config, reader: StrictReader) -> None:
    """A file that holds a key must be its owner's alone."""
    if any(b.api_key for b in config.backends.values()) and where.exists():
        mode = where.stat().st_mode & 0o777
        if mode & 0o077 or where.stat().st_uid != os.getuid():
            reader.faults.append(
                f"it holds an api_key and others may read it (mode {mode:o}): chmod 600 {where}"
            )
