"""One plan on this machine, on a host under another user and on two Ray nodes, each killed once.

Run where AGENTDECK_TASKS says how many tasks, 9 at least. What it leaves is what the same plan
leaves on one machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sessions.engine import lifecycle
from sessions.engine.client import Client
from sessions.errors import AgentdeckError
from sessions.paths import Places
from tests.cluster.conftest import LONG_S
from tests.support.far_user import FarUser, far_user
from tests.support.gitrig import git, repo
from tests.support.messages_server import MessagesServer, Request, Step, call, say
from tests.support.raycluster import RayCluster
from tests.support.rig import rig_places

pytest.importorskip("ray")
pytestmark = [
    pytest.mark.skipif("AGENTDECK_TASKS" not in os.environ, reason="AGENTDECK_TASKS=60"),
    pytest.mark.timeout(3600),
]

PLACES = ("", "build", "ray")
KINDS = ("one", "two", "local")
WHOLE = max(9, int(os.environ.get("AGENTDECK_TASKS", "9")))
_CONFIG = """
[defaults]
profile = "one"
[limits]
turns_at_once = 3
[backends.one]
base_url = "{url}"
model = "m"
[backends.two]
base_url = "{url}"
model = "n"
[backends.local]
type = "local"
max_tokens = 40
threads = 1
[profiles.one]
backend = "one"
permission = "edit"
[profiles.two]
backend = "two"
permission = "edit"
[profiles.local]
backend = "local"
"""
_WRITES = """
[[task]]
name = "{name}"
where = "{where}"
profile = "{kind}"
for_each = {{values = [{values}]}}
prompt = "{{item}}.txt now"
check = ["test", "-f", "{{item}}.txt"]
tries = 4
unknown = "again"
resources = {{cpus = 0.5}}
"""
_SAYS = """
[[task]]
name = "{name}"
where = "{where}"
profile = "local"
for_each = {{values = [{values}]}}
prompt = "Say hello to {{item}}."
tries = 4
unknown = "again"
resources = {{cpus = 0.5}}
"""


def script(request: Request) -> list[Step]:
    """Writes the file that is named, and takes a while to say so."""
    if request.results:
        return say("written ", *[f"word{n} " for n in range(12)])
    name = next(w for w in request.last_text.split() if w.endswith(".txt"))
    return call("Write", {"file_path": name, "content": f"{name}\n"}, f"c{request.number}")


def plan(directory: Path, *, far: bool) -> str:
    """The plan; not `far`: all of it on this machine."""
    told = [f'[plan]\ntitle = "Everywhere"\ndirectory = "{directory}"\nworktrees = true\n']
    told.append("parallel = 8\n")
    kinds = [(kind, where) for kind in KINDS for where in PLACES]
    for nth, (kind, where) in enumerate(kinds):
        name = f"{kind}-{where or 'here'}"
        each = len(range(nth, WHOLE, len(kinds)))
        values = ", ".join(f'"{name}-{n}"' for n in range(each))
        text = _SAYS if kind == "local" else _WRITES
        at = where if far else ""
        told.append(text.format(name=name, where=at, kind=kind, values=values))
    return "".join(told)


@dataclass
class Setting:
    """This machine, and the one under another user."""

    root: Path
    here: Places
    url: str
    far: FarUser

    async def ask(self, what: Callable[[Client], Awaitable[Any]]) -> Any:
        """Asked of the engine here, whichever runs; one is started where none does."""
        async with asyncio.timeout(LONG_S * 2):
            while True:
                with contextlib.suppress(AgentdeckError, OSError):
                    client = await Client.connect(self.here)
                    try:
                        return await what(client)
                    finally:
                        await client.close()
                await asyncio.sleep(0.2)

    def kill_engine(self) -> None:
        """The engine here is killed."""
        if pid := lifecycle.running_pid(self.here):
            os.kill(pid, signal.SIGKILL)

    async def hits(self, query: str) -> set[str]:
        """The sessions that a search finds."""
        found = await self.ask(lambda c: c.call("archive.search", query=query))
        return {str(hit["id"]) for hit in found}

    async def shown(self, run: str, until: Callable[[Any], bool], seconds: float) -> Any:
        """How a run stands once that is so."""
        async with asyncio.timeout(seconds):
            while not until(found := await self.ask(lambda c: c.call("plan.show", run=run))):
                await asyncio.sleep(0.3)
        return found


@pytest.fixture
async def setting(cluster: RayCluster, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Setting]:
    """Configured, nothing started."""
    root = Path(tempfile.mkdtemp(prefix="deck-"))  # short: a socket's path is
    here = rig_places(root / "here")
    monkeypatch.setenv("AGENTDECK_HOME", str(root / "here"))
    async with MessagesServer(script) as server:
        config = _CONFIG.format(url=server.url)
        async with far_user(root, config) as far:
            here.config_file.parent.mkdir()
            here.config_file.write_text(
                f'{config}[cluster]\naddress = "{cluster.address}"\n{far.table("build")}'
            )
            made = Setting(root, here, server.url, far)
            yield made
            made.kill_engine()
            far.kill_engine()
    await asyncio.to_thread(shutil.rmtree, root, ignore_errors=True)


async def _ran(setting: Setting, work: Path, *, far: bool, cluster: RayCluster) -> Any:
    """The run's end; `far`: everything was killed once while it ran."""
    file = setting.root / f"{work.name}.toml"
    file.write_text(plan(work, far=far))
    run = str((await setting.ask(lambda c: c.call("plan.start", file=str(file))))["id"])
    if far:
        await setting.shown(run, _done(WHOLE // 5), LONG_S * 10)
        setting.kill_engine()
        await setting.shown(run, _done(WHOLE // 4), LONG_S * 10)
        setting.far.kill_engine()
        await setting.shown(run, _done(WHOLE // 3), LONG_S * 10)
        await asyncio.to_thread(cluster.kill_node, "right")
        await asyncio.to_thread(cluster.node, "right", 8, "--address", cluster.address)
        await setting.shown(run, _done(WHOLE // 2), LONG_S * 10)
        await asyncio.to_thread(cluster.kill_node, "right")
        await asyncio.to_thread(cluster.kill_node, "left")  # and all that Ray knows
        await asyncio.to_thread(cluster.head)
        await asyncio.to_thread(cluster.node, "right", 8, "--address", cluster.address)
    return await setting.shown(run, lambda r: r["idle"], LONG_S * 20)


def _done(least: int) -> Callable[[Any], bool]:
    """Whether so many are done."""
    return lambda run: int(run["counts"].get("done", 0)) >= least


async def test_a_plan_on_every_place_ends_as_on_one_machine(
    setting: Setting, cluster: RayCluster
) -> None:
    """States, branches, what is found, and sums."""
    works = {far: repo(setting.root / ("far" if far else "near")) for far in (True, False)}
    found = {f: await _ran(setting, works[f], far=f, cluster=cluster) for f in works}
    units = {f: {u["unit"]: u for u in run["units"]} for f, run in found.items()}
    said = [{n: (u["state"], u["why"]) for n, u in each.items()} for each in units.values()]
    assert said[0] == said[1] and {s for s, _ in said[0].values()} == {"done"}
    assert len(said[0]) == WHOLE
    sessions = {
        s["id"]: s
        for s in await setting.ask(lambda c: c.call("deck.list", archived=True, closed=True))
    }
    for far, each in units.items():
        for name, unit in each.items():
            session = sessions[unit["session"]]
            if name.startswith("local"):
                continue
            item = unit["item"]
            assert git(works[far], "show", f"{session['branch']}:{item}.txt") == f"{item}.txt\n"
            assert unit["session"] in await setting.hits(f'"{item}.txt"')
        tokens = sum(
            sum(sessions[s]["tokens"].values())
            for u in each.values()
            for s in u["sessions"]
            if s in sessions  # a try that was killed before its session was there
        )
        assert tokens == found[far]["spent"]["tokens"] == sum(u["tokens"] for u in each.values())
