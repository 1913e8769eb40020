"""`agentdeck doctor`: what works here and what does not, each with its remedy."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sessions.cli.output import CONTEXT, say, say_json
from sessions.errors import AgentdeckError
from sessions.paths import Places, places, private_folder

if TYPE_CHECKING:
    from sessions.api.answers import BackendListed
    from sessions.config.model import Config

_LOW_DISK = 500 * 2**20
# Without one of these nothing answers, or nothing is kept.
_VITAL = ("python", "configuration", "data folder", "state folder", "default backend")


@dataclass(frozen=True, slots=True)
class DoctorCheck:
    """One row. `ok` None: it is optional and not there."""

    check: str
    ok: bool | None
    detail: str
    remedy: str = ""


@click.command(context_settings=CONTEXT)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(as_json: bool) -> None:
    """Say what works here and what does not. Exit code 1 when something vital is missing."""
    checks = list(_checks())
    if as_json:
        say_json([{**asdict(check), "ok": bool(check.ok)} for check in checks])
    else:
        for check in checks:
            mark = {True: "ok  ", False: "FAIL", None: "-   "}[check.ok]
            say(f"{mark}  {check.check}: {check.detail}")
            if check.remedy and not check.ok:
                say(f"      → {check.remedy}")
    if any(check.ok is False and check.check in _VITAL for check in checks):
        raise click.exceptions.Exit(1)


def _checks() -> Iterator[DoctorCheck]:
    yield _python()
    yield from _folders()
    yield from _configuration()
    yield _terminal()
    yield _sandbox()
    yield _engine()
    yield _worktrees()
    for program, package, use in (
        ("git", "git", "worktrees of sessions, skills from git addresses"),
        ("rg", "ripgrep", "a quicker search tool"),
    ):
        found = shutil.which(program)
        detail = found or f"not there ({use})"
        yield DoctorCheck(program, True if found else None, detail, f"Install {package}.")


def _python() -> DoctorCheck:
    version = ".".join(map(str, sys.version_info[:3]))
    return DoctorCheck("python", sys.version_info >= (3, 11), f"{version}, {sys.executable}",
                 "agentdeck needs Python 3.11 or later.")  # fmt: skip


def _folders() -> Iterator[DoctorCheck]:
    here = places()
    for name, folder in (("data", here.data), ("state", here.state), ("run", here.run)):
        try:
            private_folder(folder)
            writable = os.access(folder, os.W_OK)
            yield DoctorCheck(f"{name} folder", writable, str(folder), "Make it writable for you.")
        except AgentdeckError as error:
            yield DoctorCheck(f"{name} folder", False, error.message, error.hint)
    yield _disk(here.data)


def _disk(folder: Path) -> DoctorCheck:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    return DoctorCheck("disk", free > _LOW_DISK, f"{free // 2**20:,} MiB free at {folder}",
                 "Free some space: sessions are recorded there.")  # fmt: skip


def _configuration() -> Iterator[DoctorCheck]:
    from sessions import config
    from sessions.backends.registry import asked, describe

    here = places()
    try:
        loaded = config.load(here.config_file)
    except AgentdeckError as error:
        yield DoctorCheck("configuration", False, error.message, error.hint)
        return
    there = "" if here.config_file.exists() else " (not there; defaults are in force)"
    yield DoctorCheck("configuration", True, f"{here.config_file}{there}")

    async def looked() -> list[BackendListed]:
        found = await describe(loaded, here)
        await asked(loaded, here, found)
        return found

    rows = asyncio.run(looked())
    for row in rows:
        name = f"backend {row['name']}" + (" (default)" if row["default"] else "")
        detail = f"{row['model']}: {row['detail']}" if row["model"] else str(row["detail"])
        yield DoctorCheck(name, True if row["ok"] else None, detail, str(row["remedy"]))
    yield from _registry(loaded, here)
    yield from _hosts(loaded)
    yield from _cluster(loaded)
    default = next((row for row in rows if row["default"]), None)
    if default is None or not default["ok"]:
        remedy = str(default["remedy"]) if default else "Name a profile in [defaults]."
        yield DoctorCheck("default backend", False, "nothing would answer a new session", remedy)


def _hosts(loaded: Config) -> Iterator[DoctorCheck]:
    """Each machine of [hosts], reached once from here."""
    if not loaded.hosts:
        return
    from sessions.remote.host_transport import reached

    async def all_of_them() -> list[tuple[bool, str]]:
        return await asyncio.gather(*(reached(host) for host in loaded.hosts.values()))

    for name, (ok, detail) in zip(loaded.hosts, asyncio.run(all_of_them()), strict=True):
        yield DoctorCheck(f"host {name}", ok, detail, "See docs/hosts.md.")


def _registry(loaded: Config, here: Places) -> Iterator[DoctorCheck]:
    """Agents of the registry that are no backends: those that are installed each by name."""
    from sessions.backends.acp import registry

    rest = registry.missing(registry.known(here.state), loaded.backends)
    for each in [e for e in rest if e.installed]:
        detail = f"{each.name} is installed, and no backend yet"
        yield DoctorCheck(f"agent {each.id}", None, detail, f"Run: agentdeck agents add {each.id}")
    others = [e.id for e in rest if not e.installed]
    if others:
        shown = ", ".join(others[:8]) + (f" and {len(others) - 8} more" if len(others) > 8 else "")
        remedy = "`agentdeck agents add NAME` makes a backend of one."
        yield DoctorCheck("more agents", None, shown, remedy)


def _terminal() -> DoctorCheck:
    term, colour = os.environ.get("TERM", ""), os.environ.get("COLORTERM", "")
    size = shutil.get_terminal_size()
    encoding = (sys.stdout.encoding or "").lower()
    detail = f"{term or 'none'}, {size.columns}x{size.lines}, {colour or 'few colours'}, {encoding}"
    good = term not in ("", "dumb") and size.columns >= 40 and "utf" in encoding
    return DoctorCheck("terminal", True if good else None, detail,
                 "The deck wants a terminal of 40 columns and more, with UTF-8.")  # fmt: skip


def _sandbox() -> DoctorCheck:
    from sessions.tools.sandbox import describe

    found = describe()
    return DoctorCheck("sandbox", True if found.works else None, found.detail, found.remedy)


def _worktrees() -> DoctorCheck:
    from sessions.archive.index import Index
    from sessions.worktrees import listing

    here = places()
    if not here.worktrees.is_dir() or shutil.which("git") is None:
        return DoctorCheck("worktrees", True, "none")
    try:
        index = Index.open(here.index, here.sessions)
        try:
            found = listing.rows(
                here.worktrees, index.summaries(), here.worktree_steps, sizes=False
            )
        finally:
            index.close()
    except AgentdeckError as error:
        return DoctorCheck("worktrees", None, error.message, error.hint)
    kept = [row for row in found if row.state == "kept"]
    rest = [row for row in found if row.state != "kept"]
    amiss = [row for row in rest if row.orphan or row.state in ("broken", "missing", "cut-off")]
    detail = f"{len(rest)} of sessions, {len(kept)} kept, {len(amiss)} to be looked at"
    remedy = "See `agentdeck worktrees list`; `agentdeck worktrees prune` removes what is empty."
    return DoctorCheck("worktrees", None if amiss else True, detail, remedy)


def _cluster(loaded: Config) -> Iterator[DoctorCheck]:
    """The Ray cluster, where one is configured: what can be said without connecting."""
    if address := loaded.cluster.address:
        from sessions.remote.cluster import prerequisites

        lack, remedy = prerequisites.lack(address)
        detail = lack or f"{address} answers; `agentdeck cluster check` asks its nodes"
        yield DoctorCheck("cluster", not lack, detail, remedy)


def _engine() -> DoctorCheck:
    from sessions.engine.lifecycle import running_pid

    try:
        pid = running_pid(places())
    except AgentdeckError as error:
        return DoctorCheck("engine", False, error.message, error.hint)
    return DoctorCheck(
        "engine", True, f"runs, process {pid}" if pid else "does not run; starts by itself"
    )
