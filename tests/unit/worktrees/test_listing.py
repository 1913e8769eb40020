"""What there is of worktrees, and what of it goes: only what nobody misses, unless it is asked."""

from __future__ import annotations

import shutil
from pathlib import Path

from sessions.api.worktrees import Pruned
from sessions.worktrees import listing
from tests.support.deckrig import Rig
from tests.support.gitrig import clean, commit, git, repo
from tests.unit.worktrees.conftest import begin, orphan


async def rows(rig: Rig) -> dict[str, listing.WorktreeRow]:
    found = listing.rows(rig.deck.places.worktrees, await rig.deck.all_summaries())
    return {row.ref or row.path: row for row in found}


async def prune(rig: Rig, **given: bool) -> Pruned:
    asked = {"orphans": False, "kept": False} | given
    return await rig.deck.features.worktrees.prune(**asked)


async def test_state_size_and_owner_are_told(rig: Rig, tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine")
    one, two = await begin(rig, mine, "One"), await begin(rig, mine, "Two")
    commit(Path(two.summary.cwd), "g", "1\n")
    lost = await orphan(rig, mine)
    gone = await begin(rig, mine, "Gone")
    shutil.rmtree(gone.summary.cwd)
    await rig.deck.features.worktrees.landings.discard(two)
    found = await rows(rig)
    states = {key.rpartition("/")[2]: (r.state, r.session, r.orphan) for key, r in found.items()}
    assert states == {
        Path(one.summary.cwd).name: ("clean", one.id, False),
        Path(lost.summary.cwd).name: ("clean", "", True),
        Path(gone.summary.cwd).name: ("missing", gone.id, False),
        two.id: ("kept", two.id, False),
    }
    assert found[one.summary.cwd].size > 0
    assert found[one.summary.cwd].name == "mine"


async def test_prune_takes_empty_orphans_and_nothing_else(rig: Rig, tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine")
    live = await begin(rig, mine)
    empty, full = await orphan(rig, mine), await orphan(rig, mine)
    (Path(full.summary.cwd) / "new").write_text("n\n")
    told = await prune(rig)
    assert [r["path"] for r in told["removed"]] == [empty.summary.cwd]
    assert not Path(empty.summary.cwd).exists()
    assert (Path(full.summary.cwd) / "new").exists()
    assert Path(live.summary.cwd).is_dir()
    assert empty.summary.branch not in git(mine, "branch", "--list", "agentdeck/*")
    told = await prune(rig, orphans=True)
    assert [r["path"] for r in told["removed"]] == [full.summary.cwd]
    (kept,) = [r for r in (await rows(rig)).values() if r.state == "kept"]
    assert (kept.session, kept.orphan) == (full.id, True)
    assert git(mine, "show", f"{kept.ref}:new") == "n\n"
    assert (await prune(rig))["removed"] == []
    assert len((await prune(rig, kept=True))["removed"]) == 1
    assert git(mine, "for-each-ref", "refs/agentdeck") == ""
    assert clean(mine)


async def test_what_is_kept_is_found_when_the_last_worktree_has_gone(
    rig: Rig, tmp_path: Path
) -> None:
    session = await begin(rig, repo(tmp_path / "mine"))
    (Path(session.summary.cwd) / "new").write_text("n\n")
    await rig.deck.delete(session.id)
    (row,) = (await rows(rig)).values()
    assert (row.state, row.orphan, row.title) == ("kept", True, "Fix the parser")


async def test_a_making_that_was_cut_off_is_cleared(rig: Rig, tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine")
    lost = await orphan(rig, mine)
    path = Path(lost.summary.cwd)
    admin = mine / ".git" / "worktrees" / path.name
    (admin / "locked").write_text("initializing\n")
    (admin / "index").unlink()
    (path / "f").unlink()
    assert (await rows(rig))[lost.summary.cwd].state == "partial"
    await prune(rig)
    assert not path.exists()
    assert clean(mine)
    assert git(mine, "worktree", "list").count("\n") == 1


async def test_a_folder_that_git_does_not_know_is_left(rig: Rig, tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine")
    lost = await orphan(rig, mine)
    path = Path(lost.summary.cwd)
    shutil.rmtree(mine)
    assert (await rows(rig))[str(path)].state == "broken"
    assert (await prune(rig, orphans=True))["removed"] == []
    assert (path / "f").exists()


async def test_what_review_kept_of_a_deleted_session_is_listed_and_pruned(
    rig: Rig, tmp_path: Path
) -> None:
    mine = repo(tmp_path / "mine")
    session = await begin(rig, mine)
    (Path(session.summary.cwd) / "new").write_text("n\n")
    await rig.deck.features.worktrees.reviews.take_back(session, "new", "")
    await rig.deck.delete(session.id)
    (row,) = (await rows(rig)).values()
    assert (row.state, row.session, row.orphan) == ("kept", session.id, True)
    await prune(rig, kept=True)
    assert git(mine, "for-each-ref", "refs/agentdeck") == ""
