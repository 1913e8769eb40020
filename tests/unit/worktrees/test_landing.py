"""Landing with real git: by rebase, squash, merge; refused, in conflict, cut off."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sessions.api.worktrees import Landed, NotLanded
from sessions.config.model import WorktreesConfig
from sessions.errors import AgentdeckError, UsageError
from sessions.record import events as ev
from sessions.runtime.session import Session
from sessions.worktrees import land
from tests.support.deckrig import Rig
from tests.support.gitrig import clean, commit, git, head, repo
from tests.unit.worktrees.conftest import begin


def tree_of(session: Session) -> Path:
    return Path(session.summary.cwd)


async def landed(rig: Rig, session: Session, **given: str | bool) -> Landed | NotLanded:
    return await rig.deck.features.worktrees.landings.land(session, **given)  # type: ignore[arg-type]


def subjects(folder: Path) -> list[str]:
    return git(folder, "log", "--format=%s", "--topo-order").split("\n")[:-1]


async def test_a_branch_lands_forward_and_the_session_goes_on(rig: Rig, tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine")
    session = await begin(rig, mine)
    one = commit(tree_of(session), "g", "1\n", "one more")
    told = await landed(rig, session)
    assert (told["landed"], told["onto"], told["commits"]) == (True, "main", 1)
    assert head(mine) == one == head(tree_of(session))
    assert (mine / "g").read_text() == "1\n"
    assert clean(mine) and clean(tree_of(session))
    event = [e for e in session.journal.events() if isinstance(e, ev.WorktreeLanded)][-1]
    assert event.commit == one
    commit(tree_of(session), "h", "2\n")
    assert (await landed(rig, session))["commits"] == 1
    with pytest.raises(UsageError, match="nothing to land"):
        await landed(rig, session)


async def test_a_base_that_moved_is_rebased_onto_and_authors_stay(rig: Rig, tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine", f="".join(f"{n}\n" for n in range(40)))
    session = await begin(rig, mine)
    path = tree_of(session)
    (path / "f").write_text((path / "f").read_text().replace("35\n", "thirty-five\n"))
    git(path, "commit", "-qam", "far\n\nA body: é", "--author=Ann <ann@x>")
    git(path, "mv", "f", "renamed")
    git(path, "commit", "-qm", "rename")
    commit(mine, "f", (mine / "f").read_text().replace("2\n", "two\n", 1), "near")
    await landed(rig, session)
    assert subjects(mine) == ["rename", "far", "near", "one"]
    text = (mine / "renamed").read_text()
    assert "thirty-five" in text and "two" in text
    assert git(mine, "log", "-1", "--skip=1", "--format=%an %b").split() == [
        "Ann",
        "A",
        "body:",
        "é",
    ]
    assert clean(mine) and clean(path)


async def test_squash_and_merge(rig: Rig, tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine")
    for how in ("squash", "merge"):
        session = await begin(rig, mine, title=f"By {how}")
        commit(mine, f"moved-{how}", "m\n", f"moved {how}")
        before = head(mine)
        commit(tree_of(session), f"a-{how}", "1\n")
        commit(tree_of(session), f"b-{how}", "1\n")
        told = await landed(rig, session, how=how)
        assert head(mine) == told["commit"] == head(tree_of(session))
        assert git(mine, "rev-parse", "HEAD^1").strip() == before
        parents = git(mine, "show", "-s", "--format=%P").split()
        assert len(parents) == (1 if how == "squash" else 2)
        assert (mine / f"a-{how}").exists() and (mine / f"moved-{how}").exists()
        assert clean(mine) and clean(tree_of(session))
    assert "By squash" in subjects(mine)


async def test_nothing_lands_onto_a_dirty_tree(rig: Rig, tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine")
    session = await begin(rig, mine)
    commit(tree_of(session), "g", "1\n")
    (mine / "f").write_text("mine\n")
    before = head(mine)
    with pytest.raises(UsageError, match="not committed"):
        await landed(rig, session)
    assert (head(mine), (mine / "f").read_text()) == (before, "mine\n")
    git(mine, "checkout", "-q", "f")
    (mine / "g").write_text("in the way\n")
    with pytest.raises(AgentdeckError):
        await landed(rig, session)
    assert (head(mine), (mine / "g").read_text()) == (before, "in the way\n")


async def test_what_is_not_committed_never_stays_behind_unsaid(rig: Rig, tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine")
    session = await begin(rig, mine)
    (tree_of(session) / "new").write_text("n\n")
    with pytest.raises(UsageError, match="stay behind"):
        await landed(rig, session)
    await landed(rig, session, message="The new file")
    assert subjects(mine) == ["The new file", "one"]


CONFLICTS = {
    "content": ("f", "theirs\n", "f", "mine\n"),
    "deleted": ("f", "", "f", "mine\n"),
    "added": ("n", "theirs\n", "n", "mine\n"),
}


@pytest.mark.parametrize("name", CONFLICTS)
@pytest.mark.parametrize("how", ["rebase", "squash"])
async def test_a_conflict_is_told_by_file_and_changes_nothing(
    rig: Rig, tmp_path: Path, name: str, how: str
) -> None:
    theirs, text, ours, other = CONFLICTS[name]
    mine = repo(tmp_path / "mine")
    session = await begin(rig, mine)
    path = tree_of(session)
    commit(path, "fine", "fine\n")
    if text:
        commit(path, theirs, text)
    else:
        git(path, "rm", "-q", theirs)
        git(path, "commit", "-qm", "gone")
    commit(mine, ours, other)
    before = head(mine), head(path)
    told = await landed(rig, session, how=how)
    assert not told["landed"]
    assert [c["path"] for c in told["conflicts"]] == [theirs]
    assert told["conflicts"][0]["kind"]
    assert (head(mine), head(path)) == before
    assert clean(mine) and clean(path)
    await rig.deck.features.worktrees.landings.hand_over(session, told)
    await rig.idle(session)
    assert theirs in session.messages[1].text


async def test_another_branch_a_bare_repository_and_a_branch_elsewhere(
    rig: Rig, tmp_path: Path
) -> None:
    mine = repo(tmp_path / "mine")
    git(tmp_path, "clone", "-q", "--bare", "mine", "store.git")
    session = await begin(rig, tmp_path / "store.git")
    git(tree_of(session), "config", "user.name", "n")
    git(tree_of(session), "config", "user.email", "a@b")
    new = commit(tree_of(session), "g", "1\n")
    await landed(rig, session)
    assert head(tmp_path / "store.git", "main") == new
    git(mine, "branch", "next")
    git(mine, "worktree", "add", "-q", str(tmp_path / "there"), "next")
    session = await begin(rig, mine)
    new = commit(tree_of(session), "g", "1\n")
    assert (await landed(rig, session, onto="next"))["onto"] == "next"
    assert head(tmp_path / "there") == new
    assert (tmp_path / "there" / "g").exists()
    with pytest.raises(UsageError, match="no branch nowhere"):
        await landed(rig, session, onto="nowhere")


async def test_what_was_pushed_is_not_rewritten(rig: Rig, tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine")
    git(tmp_path, "clone", "-q", "--bare", "mine", "far.git")
    git(mine, "remote", "add", "origin", str(tmp_path / "far.git"))
    session = await begin(rig, mine)
    commit(tree_of(session), "g", "1\n")
    git(tree_of(session), "push", "-q", "origin", session.summary.branch)
    commit(mine, "h", "1\n")
    with pytest.raises(UsageError, match="pushed"):
        await landed(rig, session)
    assert (await landed(rig, session, how="merge"))["landed"]


async def test_a_check_that_fails_lands_nothing(rig: Rig, tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine")
    session = await begin(rig, mine)
    commit(tree_of(session), "g", "bad\n")
    commit(mine, "h", "moved\n")
    before = head(mine), head(tree_of(session))
    check = ["sh", "-c", "test -e h || exit 9; grep good g"]
    rig.deck.config = replace(rig.deck.config, worktrees=WorktreesConfig(check=check))
    with pytest.raises(AgentdeckError, match=r"check failed \(exit code 1\)"):
        await landed(rig, session)
    assert (head(mine), head(tree_of(session))) == before
    assert clean(mine) and clean(tree_of(session))
    commit(tree_of(session), "g", "good\n")
    assert (await landed(rig, session))["landed"]


async def test_a_locked_index_and_a_half_done_merge_are_said(rig: Rig, tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine")
    session = await begin(rig, mine)
    commit(tree_of(session), "g", "1\n")
    before = head(mine)
    (mine / ".git" / "index.lock").touch()
    with pytest.raises(AgentdeckError) as told:
        await landed(rig, session)
    assert "index.lock" in told.value.hint
    (mine / ".git" / "index.lock").unlink()
    (mine / ".git" / "MERGE_HEAD").write_text(before + "\n")
    with pytest.raises(UsageError, match="half done"):
        await landed(rig, session)
    (mine / ".git" / "MERGE_HEAD").unlink()
    assert head(mine) == before
    assert (await landed(rig, session))["landed"]


@pytest.mark.parametrize("moved", [False, True])
async def test_an_engine_killed_at_a_landing_says_where_it_stopped(
    rig: Rig, tmp_path: Path, moved: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = repo(tmp_path / "mine")
    session = await begin(rig, mine)
    path = tree_of(session)
    old = commit(path, "g", "1\n")
    commit(mine, "h", "1\n")
    landings = rig.deck.features.worktrees.landings
    target = "refs/heads/main"
    landing = land.prepare(path, session.summary.branch, target)
    landings._begin(session.id, landing)
    if moved:  # killed between the target and the session's own branch
        monkeypatch.setattr(land, "move", lambda *_: None)
        land.finish(landing)
        monkeypatch.undo()
    else:  # killed while the check ran
        land.move(landing, landing.new)
    await landings.recover()
    assert head(path) == (landing.new if moved else old)
    assert head(mine) == (landing.new if moved else landing.old)
    assert clean(mine) and clean(path)
    words = rig.listener.notices[-1]["message"]
    assert ("is complete now" if moved else "nothing was changed") in words
    assert json.dumps(session.summary.worktree)
    assert any(isinstance(e, ev.WorktreeLanded) for e in session.journal.events()) is moved
