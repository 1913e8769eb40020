"""Tasks of a run on branches of their own."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sessions.plans import report
from sessions.plans.read import PlanError
from sessions.plans.runner import Runner
from tests.support.gitrig import repo
from tests.support.messages_server import Hang, MessagesServer, Request, Step, call, say, start
from tests.support.rig import until
from tests.unit.plans.test_runs import LONG, Rig, states


def git(folder: Path, *words: str) -> str:
    """What git says."""
    return subprocess.run(
        ["git", *words], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
async def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    """A deck whose working directory is a repository."""
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Ida")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "ida@example.org")
    async with MessagesServer() as server:
        made = await Rig.make(tmp_path, server, extra="retries = 0", permission="edit")
        assert isinstance(made, Rig)
        repo(made.root / "work", **{"a.txt": "a\n"})
        yield made
        await made.close()


def writes(request: Request) -> list[Step]:
    """Writes the file that the prompt's first word names."""
    if request.results:
        return say("written")
    name = request.last_text.split()[0]
    return call("Write", {"file_path": name, "content": f"{name}\n"}, f"c{request.number}")


PLAN = """[plan]
worktrees = true
[[task]]
name = "one"
prompt = "one.txt"
check = ["test", "-f", "one.txt"]
[[task]]
name = "two"
needs = ["one"]
base = "{one.branch}"
prompt = "two.txt {one.diff}"
check = ["cat", "one.txt", "two.txt"]
"""
ONE = PLAN.split('[[task]]\nname = "two"')[0]
"""Its first task alone."""


async def hung(rig: Rig, plan: str) -> tuple[Runner, asyncio.Event]:
    """A run whose session has written and hangs; once that is set, those after it go on."""
    goes_on = asyncio.Event()

    def script(request: Request) -> list[Step]:
        hangs = request.results and not goes_on.is_set()
        return [start(), Hang()] if hangs else writes(request)

    rig.server.script = script
    runner = await rig.begin(plan)
    await until(lambda: len(rig.server.asked) == 2, LONG)
    return runner, goes_on


async def test_each_task_works_on_its_branch_and_the_next_begins_there(rig: Rig) -> None:
    rig.server.script = writes
    runner = await rig.run(PLAN)
    assert states(runner) == {"one": "done", "two": "done"}, [
        u.why for u in runner.run.units.values()
    ]
    one, two = runner.run.units["one"], runner.run.units["two"]
    work = rig.root / "work"
    assert git(work, "status", "--porcelain") == "?? plan.toml"
    assert git(work, "rev-parse", one.branch) == one.commit
    assert git(work, "show", f"{two.branch}:one.txt") == "one.txt"
    assert (two.files, two.evidence) == (["two.txt"], "one.txt\ntwo.txt")
    told = "\n".join(report.build(runner.run)["next"])
    assert f"sessions diff {two.session}" in told and one.session not in told
    assert "+one.txt" in next(r for r in rig.server.asked if "two.txt" in r.last_text).last_text


async def test_what_was_cut_off_is_tried_again_in_a_fresh_worktree(rig: Rig) -> None:
    _, goes_on = await hung(rig, ONE)
    goes_on.set()
    await rig.again()
    runner = await rig.deck.plans.get("last")
    await until(lambda: bool(runner.run.over), LONG)
    unit = runner.run.units["one"]
    assert (unit.state, len(set(unit.sessions)), unit.counted) == ("done", 2, 1)


async def test_worktrees_need_a_repository(rig: Rig) -> None:
    bare = rig.root / "bare"
    bare.mkdir()
    (bare / "plan.toml").write_text(PLAN)
    with pytest.raises(PlanError, match=r"line 2: plan.worktrees: .* is in no git repository"):
        await rig.deck.plans.begin(bare / "plan.toml")
