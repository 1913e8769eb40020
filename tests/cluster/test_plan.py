"""A plan on two Ray nodes, with random kills: AGENTDECK_KILLS=50 is the long form."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sessions.record import events as ev
from sessions.record.summary import ENGINE_STOPPED
from tests.cluster.conftest import LONG_S, Decks
from tests.cluster.memory import NODE, filled, small_node
from tests.support.messages_server import Request, Step, call, say
from tests.support.raycluster import RayCluster, free_port
from tests.support.rig import alive, until

pytest.importorskip("ray")
pytestmark = pytest.mark.timeout(1800)

KILLS = int(os.environ.get("AGENTDECK_KILLS", "3"))
TASKS = max(4, 2 * KILLS)  # so many that there is work left for the last kill


def _git(folder: Path, *words: str) -> str:
    return subprocess.run(
        ["git", "-c", "user.name=Ida", "-c", "user.email=ida@example.org", *words],
        cwd=folder, check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip


def _repository(root: Path) -> Path:
    work = root / "work"
    work.mkdir()
    _git(work, "init", "-q", "-b", "main")
    _git(work, "config", "user.name", "Ida")
    _git(work, "config", "user.email", "ida@example.org")
    (work / "a.txt").write_text("a\n")
    _git(work, "add", "a.txt")
    _git(work, "commit", "-qm", "first")
    return work


def _writes(request: Request) -> list[Step]:
    if request.results:
        return say("written ", *[f"word{n} " for n in range(20)])
    name = next(w for w in request.last_text.split() if w.endswith(".txt"))
    return call("Write", {"file_path": name, "content": f"{name}\n"}, f"c{request.number}")


async def test_a_plan_whose_actors_are_killed_ends_as_if_none_had_been(
    decks: Decks, tmp_path: Path
) -> None:
    """Every branch is here, with what its task wrote; none ends twice."""
    work = _repository(tmp_path)
    decks.server.script = _writes
    values = ", ".join(f'"t{n}"' for n in range(TASKS))
    (work / "plan.toml").write_text(
        f'[plan]\nwhere = "ray"\nkeys = ["FAKE_KEY"]\nparallel = 8\npermission = "edit"\n'
        f"worktrees = true\n"
        f'[[task]]\nname = "w"\nfor_each = {{values = [{values}]}}\nprompt = "{{item}}.txt now"\n'
        f'resources = {{cpus = 0.5}}\ntries = 3\ncheck = ["test", "-f", "{{item}}.txt"]\n'
    )
    far = await decks.open()
    runner = await far.deck.plans.begin(work / "plan.toml")
    seed = int(os.environ.get("AGENTDECK_SEED", "1"))
    dice, killed = random.Random(seed), 0
    while not runner.run.over and killed < KILLS:
        await asyncio.sleep(dice.uniform(0.2, 2.0))
        for session in dice.sample(sorted(far.site._actors), k=min(1, far.site.running)):
            pid = await _pid_of(session)
            if pid and alive(pid):
                os.kill(pid, signal.SIGKILL)
                killed += 1
    await until(lambda: bool(runner.run.over), LONG_S * 10)
    assert killed == KILLS or KILLS < 10  # the short form may end before its last
    assert runner.run.over == "done", [(u.state, u.why) for u in runner.run.units.values()]
    for n, unit in enumerate(runner.run.units.values()):
        assert _git(work, "show", f"{unit.branch}:t{n}.txt") == f"t{n}.txt"
        assert _git(work, "rev-parse", unit.branch) == unit.commit
        here = await far.deck.get(unit.session)
        ends = Counter(e.turn for e in here.journal.events() if isinstance(e, ev.TurnEnded))
        assert set(ends.values()) == {1} and here.summary.host == ""
    assert far.site.ledger.empty and not far.site.running


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Of a repository's server, which shows what lies in `served`."""
    port, served = free_port(), tmp_path / "served"
    served.mkdir()
    words = ["git", "daemon", "--reuseaddr", "--export-all", "--listen=127.0.0.1"]
    words += [f"--port={port}", f"--base-path={served}", str(served)]
    with subprocess.Popen(words, start_new_session=True) as daemon:
        yield f"git://127.0.0.1:{port}"
        os.killpg(daemon.pid, signal.SIGKILL)


async def test_nodes_fetch_a_repository_from_its_origin(
    decks: Decks, tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what that lacks comes from here; where it has all, nothing does."""
    work = _repository(tmp_path)
    _git(tmp_path, "clone", "-q", "--bare", str(work), "served/it.git")
    _git(work, "remote", "add", "origin", f"{address}/it.git")
    decks.server.script, decks.more = _writes, "origin = true\n"
    far = await decks.open()
    asked: list[str] = []
    ask = far.deck.elsewhere.ask

    async def told(name: str, command: str, args: ev.JSON) -> Any:
        asked.append(command)
        return await ask(name, command, args)

    monkeypatch.setattr(far.deck.elsewhere, "ask", told)
    for n, here_alone in enumerate((False, True)):
        if here_alone:
            _git(work, "commit", "-q", "--allow-empty", "-m", "only here")
        (work / "plan.toml").write_text(
            '[plan]\nwhere = "ray"\nkeys = ["FAKE_KEY"]\npermission = "edit"\nworktrees = true\n'
            f'[[task]]\nname = "w"\nprompt = "t{n}.txt now"\nresources = {{cpus = 0.5}}\n'
        )
        asked.clear()
        runner = await far.deck.plans.begin(work / "plan.toml")
        await until(lambda: bool(runner.run.over), LONG_S)  # noqa: B023
        (unit,) = runner.run.units.values()
        assert runner.run.over == "done", unit.why
        assert _git(work, "show", f"{unit.branch}:t{n}.txt") == f"t{n}.txt"
        assert "work.fetch" in asked and ("work.part" in asked) == here_alone


@pytest.mark.skipif("AGENTDECK_MINUTE" not in os.environ, reason="AGENTDECK_MINUTE=1")
async def test_a_task_that_ray_ended_for_memory_is_tried_again_by_the_plan_s_rule(
    decks: Decks, cluster: RayCluster, tmp_path: Path
) -> None:
    """Its turn was cut off, and that try counts for nothing; the next has the memory."""
    (tmp_path / "plan.toml").write_text(
        '[plan]\nwhere = "ray"\nkeys = ["FAKE_KEY"]\n[[task]]\nname = "w"\n'
        f'prompt = "stream 1200 20"\nresources = {{cpus = 0.5}}\nlabels = {{site = "{NODE}"}}\n'
        'unknown = "again"\n'
    )
    async with small_node(cluster):
        far = await decks.open()
        runner = await far.deck.plans.begin(tmp_path / "plan.toml")
        await until(lambda: bool(runner.run.units), LONG_S)
        (unit,) = runner.run.units.values()
        await until(lambda: unit.session in far.deck.sessions, LONG_S)
        first = unit.session
        await until(lambda: far.deck.sessions[first].summary.status == "working", LONG_S)
        pid = await far.pid(first)
        async with filled(lambda: not alive(pid)):
            await until(lambda: not alive(pid), LONG_S)
        await until(lambda: bool(runner.run.over), LONG_S * 3)
        assert runner.run.over == "done", unit.why
        # Ray may end it more than once while the memory is full: no such loss counts.
        assert unit.attempt >= 2 and unit.counted == 1 and unit.session != first
        events = list((await far.deck.get(first)).journal.events())
        assert [e.detail for e in events if isinstance(e, ev.TurnEnded)] == [ENGINE_STOPPED]


async def _pid_of(session: str) -> int:
    """The process that has a session's journal open, as the system knows it."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                found = (entry / "cmdline").read_bytes()
                links = [os.readlink(fd) for fd in (entry / "fd").iterdir()]
            except OSError:
                continue
            if b"fork_server" in found and any(session in link for link in links):
                return int(entry.name)
    return 0
