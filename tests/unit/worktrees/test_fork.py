"""A fork takes the state of its parent's folder along; sessions that share one are told."""

from __future__ import annotations

from pathlib import Path

from sessions.backends.base import TurnHost
from sessions.record import events as ev
from sessions.runtime.session import Session
from tests.support.deckrig import Rig
from tests.support.gitrig import clean, commit, git, head, repo
from tests.support.rig import until
from tests.unit.worktrees.conftest import begin


async def test_a_fork_has_all_that_its_parent_had_and_a_branch_of_its_own(
    rig: Rig, tmp_path: Path
) -> None:
    mine = repo(tmp_path / "mine", f="x\n", gone="g\n")
    parent = await begin(rig, mine)
    await parent.send("Hi")
    await rig.idle(parent)
    there = Path(parent.summary.cwd)
    tip = commit(there, "g", "1\n")
    (there / "f").write_text("changed\n")
    (there / "gone").unlink()
    (there / "new").write_text("n\n")
    before = git(there, "status", "--porcelain")
    session = await rig.deck.fork(parent.id)
    here = Path(session.summary.cwd)
    assert here != there
    assert session.summary.branch == git(here, "branch", "--show-current").strip()
    assert head(here) == tip
    assert git(here, "status", "--porcelain") == before
    assert git(there, "status", "--porcelain") == before
    assert (here / "f").read_text() == "changed\n"
    assert session.summary.worktree is not None and parent.summary.worktree is not None
    assert session.summary.worktree["base"] == parent.summary.worktree["base"]
    await session.send("Go on")
    await rig.idle(session)
    assert str(here) in session.messages[2].notes[0]["text"]
    (here / "f").write_text("mine alone\n")
    assert (there / "f").read_text() == "changed\n"
    await rig.deck.delete(session.id)
    assert there.is_dir() and clean(mine)


async def test_a_fork_of_a_session_without_a_worktree_shares_its_folder(
    rig: Rig, tmp_path: Path
) -> None:
    parent = await rig.deck.create(cwd=str(repo(tmp_path / "mine")))
    session = await rig.deck.fork(parent.id)
    assert session.summary.cwd == parent.summary.cwd
    assert session.summary.worktree is None


def changes(path: Path) -> ev.FileChanged:
    return ev.FileChanged(turn=1, call="c", path=str(path))


async def shared(session: Session) -> list[ev.FileShared]:
    session.recorder.flush()
    return [e for e in session.journal.events() if isinstance(e, ev.FileShared)]


async def test_both_are_told_when_one_changes_what_another_knows(rig: Rig, tmp_path: Path) -> None:
    folder = repo(tmp_path / "mine")
    one = await rig.deck.create(cwd=str(folder), title="One")
    two = await rig.deck.create(cwd=str(folder), title="Two")
    apart = await rig.deck.create(cwd=str(folder), title="Apart")
    one.recorder.emit(changes(folder / "f"))

    async def change(host: TurnHost) -> ev.TurnEnded:
        for _ in range(2):
            host.emit(ev.replace(changes(folder / "f"), turn=host.turn))
        host.emit(ev.replace(changes(folder / "other"), turn=host.turn))
        return ev.TurnEnded(turn=host.turn, reason="end_turn")

    rig.backend.act = change
    await two.send("Change it")
    await rig.idle(two)
    await until(lambda: bool(one.prepared and two.prepared))
    assert [(e.title, e.theirs) for e in await shared(one)] == [("Two", True)]
    assert [(e.title, e.theirs) for e in await shared(two)] == [("One", False)]
    assert await shared(apart) == []
    assert "Read it anew" in one.prepared[0]["text"]


async def test_what_a_journal_tells_again_is_told_to_nobody(rig: Rig, tmp_path: Path) -> None:
    folder = repo(tmp_path / "mine")
    one = await rig.deck.create(cwd=str(folder))
    two = await rig.deck.create(cwd=str(folder))
    two.recorder.emit(changes(folder / "f"))
    two.recorder.flush()
    await two.close()
    rig.deck.sessions.pop(two.id)
    one.recorder.emit(changes(folder / "f"))
    await until(lambda: one.summary.seq >= 2)
    await rig.deck.get(two.id)
    assert await shared(one) == []
