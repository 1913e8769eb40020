"""The engine killed before every call of git in a step: git finds all clean, nothing is lost.

What is left is then what a `kill -9` leaves, since nothing of ours runs any more; a real one is
tried in tests/unit/cli/test_worktrees_commands.py.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sessions.features import worktree_recovery
from sessions.runtime.session import Session
from sessions.tools import git as program
from sessions.worktrees import step_journal
from tests.support.deckrig import Rig
from tests.support.gitrig import clean, commit, git, repo
from tests.unit.worktrees.conftest import begin, orphan


class Killed(BaseException):
    """No code of ours takes it for a fault."""


def kill_at(monkeypatch: pytest.MonkeyPatch, number: int) -> Callable[[], bool]:
    """Let nothing run from the `number`th call of git on; whether it came to that."""
    real, calls = subprocess.run, [0]

    def run(*args: Any, **options: Any) -> Any:
        calls[0] += 1
        if calls[0] >= number:
            raise Killed
        return real(*args, **options)

    monkeypatch.setattr(program.subprocess, "run", run)
    return lambda: calls[0] >= number


async def killed(rig: Rig, monkeypatch: pytest.MonkeyPatch, number: int, step: Any) -> bool:
    """Do a step until the kill; whether it was killed. Then the next engine begins."""
    with monkeypatch.context() as patch:
        hit = kill_at(patch, number)
        with contextlib.suppress(Killed):
            await step()
        was = hit()
    trees = rig.deck.features.worktrees
    await worktree_recovery.recover(rig.deck, trees)
    return was


def said(rig: Rig) -> str:
    return str(rig.listener.notices[-1]["message"]) if rig.listener.notices else ""


async def rows(rig: Rig) -> list[str]:
    told = await rig.deck.features.worktrees.prune(orphans=False, kept=False)
    return [row["state"] for row in [*told["removed"], *told["left"]]]


async def test_a_worktree_that_is_added(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = repo(tmp_path / "mine")
    number = 4  # before that nothing is changed
    while await killed(rig, monkeypatch, number, lambda: begin(rig, mine)):
        number += 1
        assert clean(mine)
        assert git(mine, "worktree", "list").count("\n") == 1
        assert git(mine, "branch", "--list", "agentdeck/*") == ""
        assert list(rig.deck.places.worktrees.glob("mine/*/*")) == []
    assert number > 6
    assert "was cut off before its session began" in said(rig)
    states = await rows(rig)
    assert "cut-off" in states and await rows(rig) == ["clean"]


async def test_one_that_is_discarded_and_brought_back(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = repo(tmp_path / "mine")
    session = await begin(rig, mine)
    path = Path(session.summary.cwd)
    landings = rig.deck.features.worktrees.landings
    commit(path, "g", "committed\n")
    (path / "f").write_text("changed\n")
    (path / "new").write_text("new\n")
    seen: set[str] = set()
    discards = restores = 1
    for _ in range(60):
        if "kept" not in (session.summary.worktree or {}):
            discards += 2
            await killed(rig, monkeypatch, discards, lambda: landings.discard(session))
        else:
            restores += 2
            await killed(rig, monkeypatch, restores, lambda: landings.bring_back(session))
        seen.add(said(rig).split(" cut off")[-1][:30])
        _nothing_is_lost(session, mine, path)
        if discards > 24 and restores > 16 and path.is_dir():
            break
    assert any("before anything was changed" in words for words in seen)
    assert any("after its work was kept" in words for words in seen)
    assert any("it is kept as before" in words for words in seen)


def _nothing_is_lost(session: Session, mine: Path, path: Path) -> None:
    assert clean(mine)
    if "kept" in (session.summary.worktree or {}):
        ref = f"refs/agentdeck/kept/{session.id}"
        assert git(mine, "show", f"{ref}:f") == "changed\n"
        assert git(mine, "show", f"{ref}:new") == "new\n"
        assert not path.exists()
    else:
        assert (path / "f").read_text() == "changed\n"
        assert (path / "new").read_text() == "new\n"
        assert git(path, "log", "-1", "--format=%s").strip() == "change g"


async def test_one_that_is_removed_by_prune(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = repo(tmp_path / "mine", f="x\n", g="y\n")
    trees = rig.deck.features.worktrees
    lost = await orphan(rig, mine)
    path = Path(lost.summary.cwd)
    number = 5
    while await killed(rig, monkeypatch, number, lambda: trees.prune(orphans=True, kept=False)):
        number += 1
        assert clean(mine)
        if not path.exists():
            lost = await orphan(rig, mine)
            path = Path(lost.summary.cwd)
    assert "Removing the worktree" in said(rig)
    # A folder that was half gone when the power went, and one that was worked in since.
    for more, gone in (({}, True), ({"new": "n\n"}, False)):
        lost = await orphan(rig, mine)
        path = Path(lost.summary.cwd)
        step = step_journal.removing(path, str(mine / ".git"), lost.summary.branch)
        with pytest.raises(Killed), step_journal.begun(rig.deck.places.worktree_steps, step):
            (path / ".git").unlink()
            (path / "f").unlink()
            for name, text in more.items():
                (path / name).write_text(text)
            raise Killed
        await worktree_recovery.recover(rig.deck, trees)
        assert path.exists() is not gone
        assert ("complete now" if gone else "it was left") in said(rig)
        assert clean(mine)
