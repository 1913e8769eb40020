"""A plan on two Ray nodes, with random kills: AGENTDECK_KILLS=50 is the long form."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from sessions.record import events as ev
from tests.cluster.conftest import LONG_S, Decks
from tests.support.messages_server import Request, Step, call, say
from tests.support.rig import alive, until

pytest.importorskip("ray")
pytestmark = pytest.mark.timeout(1800)

KILLS = int(os.environ.get("AGENTDECK_KILLS", "3"))
TASKS = max(4, KILLS // 3)


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
    assert killed
    assert runner.run.over == "done", [(u.state, u.why) for u in runner.run.units.values()]
    for n, unit in enumerate(runner.run.units.values()):
        assert _git(work, "show", f"{unit.branch}:t{n}.txt") == f"t{n}.txt"
        assert _git(work, "rev-parse", unit.branch) == unit.commit
        here = await far.deck.get(unit.session)
        ends = Counter(e.turn for e in here.journal.events() if isinstance(e, ev.TurnEnded))
        assert set(ends.values()) == {1} and here.summary.host == ""
    assert far.site.ledger.empty and not far.site.running


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
