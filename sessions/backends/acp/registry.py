"""The public registry of agents: what there is, and how it is started here.

The format of agentclientprotocol/registry (FORMAT.md and agent.schema.json as of August 2026):
`{"version", "agents": [{"id", "name", "version", "description", "distribution", …}]}`, where
`distribution` has `npx`, `uvx` (a package, perhaps the command in it) or `binary` (an archive for
each system). It is fetched only when somebody asks for it, then kept; until then, what comes with
agentdeck is the registry. By adding an agent nothing is downloaded, unless that is asked for (see
archives.py), and nothing is run.
"""

from __future__ import annotations

import platform
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sessions.backends.acp.archives import Archive, asked, within
from sessions.errors import AgentdeckError, NotFound, UsageError
from sessions.paths import private_folder
from sessions.record import codec
from sessions.safety.sanitise import clean_line
from skills import private_files

if TYPE_CHECKING:
    from sessions.config.model import BackendConfig

URL = "https://cdn.agentclientprotocol.com/registry/v1/latest/registry.json"
KEPT = "agents-registry.json"
BUNDLED = Path(__file__).with_name("registry.json")
_MOST_BYTES = 8 * 2**20
_FETCH_S = 30.0
_ID = re.compile(r"[a-z][a-z0-9-]{0,63}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SYSTEMS = {"linux": "linux", "darwin": "darwin"}
_RUNNERS = ("npx", "uvx")
_MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "arm64": "aarch64", "aarch64": "aarch64"}


@dataclass(frozen=True, slots=True)
class Way:
    """How an entry is started here: `program` is what must be on the PATH for it."""

    command: tuple[str, ...]
    program: str
    install: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    archive: Archive | None = None
    """What it would be unpacked from."""

    @property
    def here(self) -> bool:
        """Whether that program is there."""
        return shutil.which(self.program) is not None


@dataclass(frozen=True, slots=True)
class RegistryEntry:
    """One agent of the registry."""

    id: str
    name: str
    version: str
    description: str
    website: str
    ways: tuple[Way, ...]

    @property
    def way(self) -> Way | None:
        """The first that is possible here without more; else the first; None if there is none."""
        return next((way for way in self.ways if way.here), next(iter(self.ways), None))

    @property
    def archived(self) -> Way | None:
        """The way that is an archive for this machine, if there is one."""
        return next((way for way in self.ways if way.archive is not None), None)

    @property
    def installed(self) -> bool:
        """Whether its own program is there, not only one that would fetch it."""
        return any(way.here and not way.install for way in self.ways)


def read(data: bytes, where: str) -> dict[str, RegistryEntry]:
    """The entries of a registry, by id; one that is not what it should be is left out.

    Raises UsageError for what is no registry at all.
    """
    try:
        given = codec.loads(data)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where} is no registry of agents: {error}.") from error
    agents = given.get("agents") if isinstance(given, dict) else None
    if isinstance(given, dict) and "distribution" in given:
        agents = [given]  # an agent's own file
    if not isinstance(agents, list):
        raise UsageError(f"{where} is no registry of agents: it has no list of `agents`.")
    entries = (_entry(agent) for agent in agents if isinstance(agent, dict))
    return {entry.id: entry for entry in entries if entry is not None}


def _entry(given: Mapping[str, Any]) -> RegistryEntry | None:
    name, ways = given.get("id"), given.get("distribution")
    if not isinstance(name, str) or not _ID.fullmatch(name) or not isinstance(ways, dict):
        return None
    words = {k: _words(given.get(k)) for k in ("name", "version", "description", "website")}
    found = [
        *_packaged(ways.get("npx"), "npx", ("-y", "--package"), "npm install -g {}"),
        *_packaged(ways.get("uvx"), "uvx", ("--from",), "uv tool install {}"),
        *_archive(ways.get("binary")),
    ]
    return RegistryEntry(name, words["name"] or name, words["version"], words["description"],
                 words["website"], tuple(found))  # fmt: skip


def _words(given: Any) -> str:
    return clean_line(given)[:300].strip() if isinstance(given, str) else ""


def _packaged(given: Any, runner: str, before: tuple[str, ...], install: str) -> list[Way]:
    """A package: its own command if that is known and there, else by what fetches and runs it."""
    if not isinstance(given, dict) or not _plain(given.get("package")):
        return []
    package, cmd, args = str(given["package"]), given.get("cmd"), _strings(given.get("args"))
    env = _env(given.get("env"))
    told = install.format(package)
    if _plain(cmd):
        name = str(cmd)
        return [
            Way((name, *args), name, "", env),
            Way((runner, *before, package, name, *args), runner, told, env),
        ]
    yes = ("-y",) if runner == "npx" else ()
    return [Way((runner, *yes, package, *args), runner, told, env)]


def _archive(given: Any) -> list[Way]:
    target = given.get(system()) if isinstance(given, dict) else None
    if not isinstance(target, dict):
        return []
    cmd, archive = target.get("cmd"), target.get("archive")
    if not isinstance(cmd, str) or not _address(archive):
        return []
    program = re.split(r"[/\\]", cmd)[-1]
    try:
        inner = within(cmd)
    except ValueError:
        return []
    if not _plain(program):
        return []
    env = _env(target.get("env"))
    digest = str(target.get("sha256") or "")
    digest = digest if re.fullmatch(r"[0-9a-fA-F]{64}", digest) else ""
    checked = f" (sha256 {digest})" if digest else ""
    told = (
        f"Add it with --download, or unpack {archive}{checked} yourself and put {program} on the "
        "PATH."
    )
    command = (program, *_strings(target.get("args")))
    packed = Archive(str(archive), inner, digest)
    return [Way(command, program, "" if shutil.which(program) else told, env, packed)]


def _plain(value: Any) -> bool:
    """Whether something can be one word of a command; it must not begin as an option."""
    return isinstance(value, str) and bool(re.fullmatch(r"[@A-Za-z0-9_.][^\s\x00-\x1f]*", value))


def _address(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable() and urlsplit(value).scheme == "https"


def _strings(value: Any) -> tuple[str, ...]:
    given = value if isinstance(value, list) else []
    return tuple(v for v in given if isinstance(v, str) and v.isprintable())


def _env(value: Any) -> dict[str, str]:
    given = value if isinstance(value, dict) else {}
    return {k: v for k, v in given.items() if isinstance(v, str) and _VARIABLE.fullmatch(str(k))}


def system() -> str:
    """This machine in the registry's words, "" if it has none for it."""
    os_name = _SYSTEMS.get(sys.platform, "")
    machine = _MACHINES.get(platform.machine().lower(), "")
    return f"{os_name}-{machine}" if os_name and machine else ""


def bundled() -> dict[str, RegistryEntry]:
    """What comes with agentdeck."""
    return read(BUNDLED.read_bytes(), BUNDLED.name)


def known(state: Path) -> dict[str, RegistryEntry]:
    """What was fetched last, above what comes with agentdeck."""
    found = bundled()
    kept = state / KEPT
    try:
        return found | read(kept.read_bytes(), str(kept))
    except (OSError, UsageError):
        return found


def entry(name: str, entries: Mapping[str, RegistryEntry]) -> RegistryEntry:
    """One of them, by its id or its name. Raises NotFound."""
    wanted = name.strip().casefold()
    for each in entries.values():
        if wanted in (each.id, each.name.casefold()):
            return each
    near = sorted(i for i, e in entries.items() if wanted and wanted in f"{i} {e.name}".casefold())
    there = ", ".join(near or sorted(entries))
    raise NotFound(
        f"The registry has no agent {name}.",
        f"There are: {there}. With --fetch the newest list is fetched; --from takes a file.",
    )


def fetch(state: Path, url: str = URL) -> dict[str, RegistryEntry]:
    """Fetch the registry and keep it. Raises AgentdeckError where it can't be had."""
    import httpx2

    try:
        with asked(url, _FETCH_S) as answer:
            answer.raise_for_status()
            data = b""
            for piece in answer.iter_bytes():
                data += piece
                if len(data) > _MOST_BYTES:
                    raise AgentdeckError(f"{url} has more than {_MOST_BYTES:,} bytes.")
    except httpx2.HTTPError as error:
        raise AgentdeckError(
            f"The registry can't be fetched from {url}: {error}.",
            "Look at your network, or give a file with --from.",
        ) from error
    found = read(data, url)
    private_files.write(private_folder(state) / KEPT, data.decode("utf-8", "replace"), synced=False)
    return found


def missing(
    entries: Mapping[str, RegistryEntry], backends: Mapping[str, BackendConfig]
) -> list[RegistryEntry]:
    """Entries whose program no backend starts yet."""
    started = {word.rsplit("/", 1)[-1] for b in backends.values() for word in b.command}
    packages = {word for b in backends.values() for word in b.command if "/" in word}
    return [
        each
        for each in entries.values()
        if each.ways
        and each.id not in backends
        and not any(way.program in started for way in each.ways if way.program not in _RUNNERS)
        and not any(set(way.command) & packages for way in each.ways)
    ]


def write(path: Path, backend: str, way: Way) -> None:
    """Make a backend of the user's configuration of it, or start one in this way from now on.

    Raises UsageError.
    """
    import tomlkit

    from sessions.config.write import edit, table_at

    first: dict[str, Any] = {"type": "acp", "command": list(way.command)}
    if way.env:
        first["env"] = tomlkit.inline_table()
        first["env"].update(way.env)

    def change(document: Any) -> None:
        table = table_at(document, ("backends", backend), first)
        table["command"] = first["command"]

    edit(path, change)
