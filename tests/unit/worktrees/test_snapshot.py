"""Nothing is lost: what is discarded or deleted is kept, and comes back as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessions.errors import NotFound, UsageError
from sessions.record import events as ev
from sessions.worktrees import snapshot
from tests.support.deckrig import Rig
from tests.support.gitrig import clean, commit, git, head, repo
from tests.unit.worktrees.conftest import begin


async def test_what_is_discarded_comes_back_as_it_was(rig: Rig, tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine", f="x\n", gone="g\n")
    session = await begin(rig, mine)
    path, landings = Path(session.summary.cwd), rig.deck.features.worktrees.landings
    tip = commit(path, "g", "1\n")
    (path / "f").write_text("changed\n")
    (path / "gone").unlink()
    (path / "new folder").mkdir()
    (path / "new folder" / "-n\n").write_bytes(b"\0\xff")
    (path / "staged").write_text("s\n")
    git(path, "add", "staged")
    told = await landings.discard(session)
    assert not path.exists()
    assert git(mine, "branch", "--list", "agentdeck/*") == ""
    assert told["ref"] == f"refs/agentdeck/kept/{session.id}"
    assert clean(mine)
    git(mine, "gc", "-q", "--prune=now")
    with pytest.raises(UsageError, match="already"):
        await landings.discard(session)
    await landings.bring_back(session)
    assert head(path) == tip
    assert git(path, "branch", "--show-current").strip() == session.summary.branch
    assert (path / "f").read_text() == "changed\n"
    assert not (path / "gone").exists()
    assert (path / "new folder" / "-n\n").read_bytes() == b"\0\xff"
    assert len(git(path, "status", "--porcelain", "-z").split("\0")[:-1]) == 4
    assert session.summary.worktree is not None and "kept" not in session.summary.worktree
    with pytest.raises(NotFound):
        await landings.bring_back(session)


async def test_a_deleted_session_leaves_its_work_under_a_ref(rig: Rig, tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine")
    session = await begin(rig, mine)
    path = Path(session.summary.cwd)
    (path / "new").write_text("n\n")
    await rig.deck.delete(session.id)
    assert not path.exists()
    (found,) = snapshot.kept(mine)
    assert git(mine, "show", f"{found.commit}:new") == "n\n"
    assert (found.title, found.branch) == ("Fix the parser", session.summary.branch)
    assert found.ref in rig.listener.notices[-1]["message"]


async def test_what_no_commit_can_hold_is_never_removed(rig: Rig, tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine")
    session = await begin(rig, mine)
    path = Path(session.summary.cwd)
    repo(path / "inner")
    with pytest.raises(UsageError, match="inner"):
        await rig.deck.features.worktrees.landings.discard(session)
    await rig.deck.delete(session.id)
    assert (path / "inner" / "f").exists()
    assert "still there" in rig.listener.notices[-1]["message"]


async def test_a_half_done_rebase_is_not_put_away(rig: Rig, tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine")
    session = await begin(rig, mine)
    path = Path(session.summary.cwd)
    commit(path, "f", "theirs\n")
    commit(mine, "f", "mine\n")
    git(path, "rebase", "main", check=False)
    with pytest.raises(UsageError, match="rebase is half done"):
        await rig.deck.features.worktrees.landings.discard(session)
    assert path.is_dir()


async def test_a_session_that_works_elsewhere_in_it_is_kept_from_losing_it(
    rig: Rig, tmp_path: Path
) -> None:
    session = await begin(rig, repo(tmp_path / "mine"))
    await rig.deck.create(cwd=session.summary.cwd, title="Guest")
    with pytest.raises(UsageError, match="Guest"):
        await rig.deck.features.worktrees.landings.discard(session)
    await rig.deck.delete(session.id)
    assert Path(session.summary.cwd).is_dir()


async def test_a_session_without_a_worktree_is_told_so(rig: Rig, tmp_path: Path) -> None:
    session = await rig.deck.create(cwd=str(repo(tmp_path / "mine")))
    landings = rig.deck.features.worktrees.landings
    for what in (landings.discard, landings.bring_back, landings.land):
        with pytest.raises(UsageError, match="no worktree of its own"):
            await what(session)


def test_what_is_nowhere_else_is_counted(tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine")
    git(mine, "worktree", "add", "-q", "-b", "work", str(tmp_path / "there"))
    there = tmp_path / "there"
    assert snapshot.nowhere_else(there, "work") == []
    commit(there, "g", "1\n")
    (there / "loose").write_text("l\n")
    assert snapshot.nowhere_else(there, "work") == ["1 commit", "1 changed file"]
    (there / "loose").unlink()
    git(mine, "tag", "saved", "work")
    assert snapshot.nowhere_else(there, "work") == []
    git(there, "checkout", "-q", "--detach")
    commit(there, "h", "1\n")
    assert snapshot.nowhere_else(there, "work") == ["1 commit"]


@pytest.mark.parametrize("what", ["elsewhere", "another", "link"])
async def test_a_record_that_names_what_is_not_ours_removes_nothing(
    rig: Rig, tmp_path: Path, what: str
) -> None:
    mine = repo(tmp_path / "mine")
    root = rig.deck.places.worktrees
    session = await rig.deck.create(cwd=str(mine))
    path = {"elsewhere": mine, "another": root / "r" / "x", "link": root / "l"}[what]
    if what == "another":
        repo(path)
    elif what == "link":
        root.mkdir(parents=True)
        path.symlink_to(mine)
    session.recorder.emit(
        ev.WorktreeAdded(session=session.id, path=str(path), repository=str(mine / ".git"),
                         branch="main", base=head(mine), base_ref="refs/heads/main")
    )  # fmt: skip
    landings = rig.deck.features.worktrees.landings
    for done in (landings.discard, landings.land, landings.bring_back):
        with pytest.raises(UsageError, match="no worktree of agentdeck's"):
            await done(session)
    await rig.deck.delete(session.id)
    assert (mine / "f").exists() and (path / "f").exists()
    assert head(mine, "main")
