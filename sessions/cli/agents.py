"""`agentdeck agents`: which agents are here, how to install them, signing in."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import click

from sessions.cli.asking import answered, by_engine
from sessions.cli.output import CONTEXT, say, say_json, table
from sessions.errors import AgentdeckError, BackendError, NotFound, UsageError
from sessions.paths import places

if TYPE_CHECKING:
    from sessions.backends.acp.registry import RegistryEntry, Way
    from sessions.config.model import Config
    from sessions.paths import Places

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(context_settings=CONTEXT)
def agents() -> None:
    """Agents that speak the Agent Client Protocol: list, sign in, their sessions."""


class AgentRow(TypedDict):
    """An agent that is known or configured: whether it is here, and what to do where it isn't."""

    name: str
    ok: bool
    detail: str
    remedy: str


@agents.command("list")
@click.option("--all", "every", is_flag=True, help="Also all others of the registry.")
@_JSON
def list_(as_json: bool, every: bool) -> None:
    """List the agents that are known or configured, and what each is missing."""
    from sessions import config
    from sessions.backends.registry import describe

    here = places()
    loaded = config.load(here.config_file)
    rows = asyncio.run(describe(loaded, here))
    found = [
        AgentRow(name=row["name"], ok=row["ok"], detail=row["detail"], remedy=row["remedy"])
        for row in rows
        if row["type"] == "acp"
    ]
    found += _not_added(loaded, here.state, every)
    if as_json:
        say_json(found)
        return
    cells = [(r["name"], "yes" if r["ok"] else "no", r["detail"], r["remedy"]) for r in found]
    table(cells, ("backend", "here", "detail", "what to do"))


def _not_added(loaded: Config, state: Path, every: bool) -> list[AgentRow]:
    """Agents of the registry that are no backends yet: the well-known, what is installed."""
    from sessions.backends.acp import registry

    bundled = registry.bundled()
    return [
        {
            "name": each.id,
            "ok": False,
            "detail": f"{each.name} {each.version}, "
            + ("installed, not added." if each.installed else "not added."),
            "remedy": f"agentdeck agents add {each.id}",
        }
        for each in registry.missing(registry.known(state), loaded.backends)
        if every or each.installed or each.id in bundled
    ]


@agents.command("add")
@click.argument("name")
@click.option("--fetch", is_flag=True, help="Fetch the newest registry first.")
@click.option(
    "--from", "source", default="", metavar="FILE", help="Take it from this file instead."
)
@click.option("--as", "backend", default="", metavar="BACKEND", help="Another name for it here.")
@click.option("--download", is_flag=True, help="Download its archive and unpack it here.")
def add(name: str, fetch: bool, source: str, backend: str, download: bool) -> None:
    """Add an agent of the public registry as a backend of your configuration.

    What is installed is used; else what fetches it when it is started (npx, uvx). Nothing is run
    now, and nothing is downloaded but what --fetch and --download ask for. With --download its
    archive is unpacked in agentdeck's data folder and runs from there; once more takes the version
    that the registry has by then.
    """
    from sessions import config
    from sessions.backends.acp import registry

    here = places()
    if source:
        try:
            entries = registry.read(Path(source).expanduser().read_bytes(), source)
        except OSError as error:
            raise UsageError(f"{source} can't be read: {error.strerror}.") from error
    else:
        entries = registry.fetch(here.state) if fetch else registry.known(here.state)
    found = registry.entry(name, entries)
    ours = backend or found.id
    loaded = config.load(here.config_file)
    if ours in loaded.backends and not (download and _downloaded(loaded, ours, here)):
        raise UsageError(f"There is a backend {ours} already.", "Give another name with --as.")
    way = _download(found, here) if download else found.way
    if way is None:
        raise AgentdeckError(
            f"The registry has no way to start {found.name} on this machine.",
            f"See {found.website}." if found.website else "",
        )
    registry.write(here.config_file, ours, way)
    say(f"{found.name} {found.version} is the backend {ours} now: {' '.join(way.command)}")
    if download:
        return
    if not way.here:
        say(f"It is not here yet: {way.install or way.program + ' is not on the PATH.'}")
    elif way.install:
        say(f"{way.program} fetches it at its first start, which takes longer; or {way.install}")


def _downloaded(loaded: Config, backend: str, here: Places) -> bool:
    """Whether a backend runs a program that was unpacked here."""
    command = loaded.backends[backend].command
    return bool(command) and Path(command[0]).is_relative_to(here.data / "agents")


def _download(found: RegistryEntry, here: Places) -> Way:
    """Its archive in our data folder, and how it is started from there."""
    from sessions.backends.acp import archives

    way = found.archived
    if way is None or way.archive is None:
        raise UsageError(
            f"The registry has no archive of {found.name} for this machine.",
            "Add it without --download.",
        )
    told = "its checksum is given" if way.archive.sha256 else "the registry gives no checksum"
    say(f"{way.archive.address} ({told})")
    folder = archives.folder_of(here.data, found.id, found.version)
    program = archives.get(way.archive, folder, _progress)
    click.echo("", err=True)
    return replace(way, command=(str(program), *way.command[1:]))


def _progress(done: int, total: int) -> None:
    """How far a download is, on one line of the terminal's; nothing where there is none."""
    if sys.stderr.isatty():
        of = f" of {total / 1e6:.0f}" if total else ""
        click.echo(f"\r{done / 1e6:.0f}{of} MB", nl=False, err=True)


@agents.command("sign-in")
@click.argument("backend")
@click.option("--method", default="", help="One of the agent's methods; default: its first.")
@click.option("--list", "listing", is_flag=True, help="Only say which methods there are.")
@_JSON
def sign_in(backend: str, method: str, listing: bool, as_json: bool) -> None:
    """Sign in to the agent of a BACKEND, in this terminal or as the agent itself does it."""
    ways = asyncio.run(_ways(backend))
    if listing or as_json:
        if as_json:
            say_json([asdict(way) for way in ways])
        else:
            table([(w.id, w.kind, w.name, w.description) for w in ways],
                  ("method", "kind", "name", "description"))  # fmt: skip
        return
    way = next((w for w in ways if w.id == method), None) if method else next(iter(ways), None)
    if way is None:
        names = ", ".join(w.id for w in ways) or "none"
        raise NotFound(f"{backend} has no way {method} to sign in.", f"There are: {names}.")
    if way.kind == "variable":
        say(f"{way.name}. {way.description}".strip())
        return
    say(f"{way.name}…")
    if way.kind == "terminal":
        _run(way.command, way.env)
    else:
        asyncio.run(_authenticate(backend, way.id))
    asyncio.run(_tell_engine(backend))
    say("Signed in, as far as the agent says.")


@agents.command("sessions")
@click.argument("backend")
@click.option("--cwd", default="", help="Only those of this directory.")
@click.option("--delete", default="", metavar="ID", help="Let the agent delete this one instead.")
@_JSON
def sessions(backend: str, cwd: str, delete: str, as_json: bool) -> None:
    """List the sessions that an agent itself has on disk, or let it delete one.

    Qwen Code lists by directory: it is asked for this one, and for those where the deck's sessions
    of it work.
    """
    if delete:
        answered(lambda c: c.call("agent.delete", backend=backend, agent_session=delete))
        return
    near = str(Path.cwd())
    found = answered(lambda c: c.call("agent.sessions", backend=backend, cwd=cwd, near=near))
    if as_json:
        say_json(found)
        return
    table([(s["id"], s["updated"][:16], s["cwd"], s["title"]) for s in found],
          ("id", "updated", "directory", "title"))  # fmt: skip


@agents.command("providers")
@click.argument("backend")
@_JSON
def providers(backend: str, as_json: bool) -> None:
    """Show where an agent sends its requests, if it can be told (see `providers` of a backend)."""
    found = answered(lambda c: c.call("agent.providers", backend=backend))
    if as_json:
        say_json(found)
        return
    table([(p["id"], p["api"] or "off", p["base_url"], ", ".join(p["takes"])) for p in found],
          ("provider", "now", "server", "it takes"))  # fmt: skip


def _run(command: Any, env: Any) -> None:
    """Run an agent's own login here. Raises AgentdeckError when it fails."""
    try:
        done = subprocess.run(list(command), env={**os.environ, **env}, check=False)
    except OSError as error:
        raise AgentdeckError(f"{command[0]} can't be started: {error.strerror}.") from error
    if done.returncode:
        raise AgentdeckError(f"{' '.join(command)} ended with exit code {done.returncode}.")


async def _ways(backend: str) -> Any:
    agent = _backend(backend)
    try:
        return await agent.sign_in_ways()
    finally:
        await agent.close()


async def _authenticate(backend: str, method: str) -> None:
    agent = _backend(backend)
    try:
        await agent.authenticate(method)
    except TimeoutError as error:
        raise BackendError("Nobody signed in for ten minutes.", "Try again.") from error
    finally:
        await agent.close()


def _backend(name: str) -> Any:
    """The agent of a backend, for this process alone: its sign-in is kept by the agent."""
    from sessions import config
    from sessions.backends.acp.backend import AcpBackend
    from sessions.backends.registry import make

    here = places()
    found = make(name, config.load(here.config_file), here)
    if not isinstance(found, AcpBackend):
        raise NotFound(f"{name} is no agent.", "See `agentdeck agents list`.")
    return found


async def _tell_engine(backend: str) -> None:
    """A running engine starts the agent anew, so that it finds what was signed in."""
    from sessions.engine.lifecycle import running_pid

    if running_pid(places()):
        await by_engine(lambda c: c.call("agent.restart", backend=backend))
