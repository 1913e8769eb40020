"""Repositories as they are out there: hooks, locks, other formats, histories that do not fit."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sessions.errors import AgentdeckError, UsageError
from sessions.runtime.session import Session
from sessions.tools import git_border
from sessions.worktrees import land
from sessions.worktrees.few_changed_paths import Status
from tests.support.deckrig import Rig
from tests.support.gitrig import clean, commit, git, head, repo
from tests.unit.worktrees.conftest import begin

HOOKS = (
    "pre-commit", "commit-msg", "post-commit", "post-checkout", "pre-rebase", "post-merge",
    "post-rewrite", "reference-transaction", "pre-merge-commit", "post-index-change",
)  # fmt: skip


def tree_of(session: Session) -> Path:
    return Path(session.summary.cwd)


async def test_hooks_that_fail_or_change_files_are_not_run_by_us(rig: Rig, tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine")
    mark = tmp_path / "ran"
    for folder in (mine / ".git" / "hooks", mine / "hooks"):
        folder.mkdir(exist_ok=True)
        for name in HOOKS:
            (folder / name).write_text(f"#!/bin/sh\ntouch {mark} hooked\nexit 1\n")
            (folder / name).chmod(0o755)
    git(mine, "config", "core.hooksPath", "hooks")  # what a session could write
    git(mine, "config", "core.fsmonitor", f"{mine}/hooks/pre-commit")
    trees = rig.deck.features.worktrees
    session = await begin(rig, mine)
    path = tree_of(session)
    (path / "f").write_text("changed\n")
    await trees.reviews.stage(session, "f", "", undo=False)
    await trees.reviews.commit(session, "Changed", [], staged=True)
    await trees.landings.discard(session)
    await trees.landings.bring_back(session)
    (path / "g").write_text("g\n")
    told = await trees.landings.land(session, message="More")
    assert told["landed"] and told["commits"] == 2
    assert not mark.exists() and not (path / "hooked").exists()
    git(mine, "config", "--unset", "core.fsmonitor")
    assert git(mine, "status", "--porcelain") == "?? hooks/\n"


async def test_a_locked_index_is_told_with_its_remedy_and_nothing_is_lost(
    rig: Rig, tmp_path: Path
) -> None:
    session = await begin(rig, repo(tmp_path / "mine"))
    path = tree_of(session)
    (path / "f").write_text("changed\n")
    lock = Path(git(path, "rev-parse", "--absolute-git-dir").strip()) / "index.lock"
    lock.touch()
    trees = rig.deck.features.worktrees
    for step in (
        trees.reviews.stage(session, "f", "", undo=False),
        trees.reviews.commit(session, "m", ["f"]),
    ):
        with pytest.raises(AgentdeckError) as told:
            await step
        assert str(lock) in told.value.hint
    shown = await trees.reviews.diff(session, fold_space=False, context=3)
    assert [f["path"] for f in shown["files"]] == ["f"]
    lock.unlink()
    await trees.reviews.commit(session, "m", ["f"])
    assert clean(path)


async def test_an_object_store_that_takes_nothing_is_told_and_changes_nothing(
    rig: Rig, tmp_path: Path
) -> None:
    mine = repo(tmp_path / "mine")
    session = await begin(rig, mine)
    path = tree_of(session)
    (path / "f").write_text("changed\n")
    git(mine, "repack", "-adq")
    git(mine, "prune-packed")
    for number in range(256):  # root writes into folders that can only be read, not into files
        (mine / ".git" / "objects" / f"{number:02x}").touch()
    trees = rig.deck.features.worktrees
    told = await trees.reviews.diff(session, fold_space=False, context=3)
    assert [f["path"] for f in told["files"]] == ["f"]
    for step in (
        trees.landings.discard(session), trees.landings.land(session, message="m"),
        trees.reviews.stage(session, "f", "", undo=False),
        trees.reviews.take_back(session, "f", ""),
    ):  # fmt: skip
        with pytest.raises(AgentdeckError, match="git can't"):
            await step
    assert (path / "f").read_text() == "changed\n"
    assert git(mine, "for-each-ref", "refs/agentdeck") == ""


CONFLICTS = {
    # What the session does, what happens to the base meanwhile, which file conflicts, of what kind.
    "deleted here": ("git rm -q f", "echo more >> f", "f", "modify/delete"),
    "deleted there": ("echo more >> f", "git rm -q f", "f", "modify/delete"),
    "renamed twice": ("git mv f g", "git mv f h", "f", "rename/rename"),
    "renamed here, deleted there": ("git mv f g", "git rm -q f", "g", "rename/delete"),
    "added twice": ("echo a > new", "echo b > new", "new", "contents"),
    "a folder there": ("echo a > d", "mkdir d && echo b > d/x", "d~", "file/directory"),
}


@pytest.mark.parametrize("case", CONFLICTS)
async def test_conflicts_of_renamed_and_deleted_files_are_told(
    rig: Rig, tmp_path: Path, case: str
) -> None:
    here, there, path, kind = CONFLICTS[case]
    mine = repo(tmp_path / "mine", f="".join(f"line {n}\n" for n in range(9)))
    session = await begin(rig, mine)
    for folder, command in ((tree_of(session), here), (mine, there)):
        subprocess.run(["sh", "-c", command], cwd=folder, check=True)
        git(folder, "add", "-A")
        git(folder, "commit", "-qm", command)
    before = head(mine), head(tree_of(session))
    told = await rig.deck.features.worktrees.landings.land(session)
    assert not told["landed"]
    found = {c["path"]: c["kind"] for c in told["conflicts"]}
    assert any(name.startswith(path) and k == kind for name, k in found.items()), found
    assert (head(mine), head(tree_of(session))) == before
    assert clean(mine) and clean(tree_of(session))


async def test_what_the_base_renamed_meanwhile_gets_the_changes(rig: Rig, tmp_path: Path) -> None:
    body = "".join(f"line {n}\n" for n in range(30))
    mine = repo(tmp_path / "mine", f=body)
    session = await begin(rig, mine)
    commit(tree_of(session), "f", body.replace("line 9\n", "nine\n"))
    git(mine, "mv", "f", "g")
    git(mine, "commit", "-qm", "moved")
    assert (await rig.deck.features.worktrees.landings.land(session))["landed"]
    assert "nine" in (mine / "g").read_text() and not (mine / "f").exists()


async def test_a_repository_of_the_other_hash_does(rig: Rig, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    git(mine, "init", "-q", "--object-format=sha256")
    repo(mine)
    trees = rig.deck.features.worktrees
    session = await begin(rig, mine)
    commit(tree_of(session), "g", "1\n")
    (tree_of(session) / "f").write_text("changed\n")
    told = await trees.reviews.diff(session, fold_space=False, context=3)
    assert [(f["path"], f["uncommitted"]) for f in told["files"]] == [("f", True), ("g", False)]
    assert (await trees.landings.land(session, message="rest"))["landed"]
    assert clean(mine)


@pytest.mark.parametrize(
    ("said", "does"),
    [
        ("git version 2.30.2", False), ("git version 2.37.9", False), ("git version", False),
        ("git version 2.38.0", True), ("git version 2.39.5 (Apple Git-154)", True),
        ("git version 2.50.1.windows.1", True), ("git version 3.0.rc1", True),
    ],
)  # fmt: skip
def test_a_git_that_is_too_old_to_land_is_told(
    said: str, does: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(land, "line", lambda *_: said)
    if does:
        land._capable(tmp_path)
        return
    with pytest.raises(UsageError, match=r"2\.38 or later"):
        land._capable(tmp_path)


@pytest.mark.parametrize(
    "kind", ["CONFLICT (contents)", "CONFLICT (content)", "CONFLICT(contents)"]
)
def test_conflicts_are_read_in_the_forms_of_several_versions(kind: str) -> None:
    """With and without names of files, and with messages that are no conflicts between."""
    told = ["tree", "a b", "", "1", "a b", "Auto-merging", "Auto-merging a b\n",
            "1", "a b", kind, "CONFLICT: Merge conflict in a b\n",
            "2", "x", "y", "CONFLICT (rename/delete)", "x renamed to y\n", ""]  # fmt: skip
    for parts in (told, ["tree", "", *told[3:]]):
        done = subprocess.CompletedProcess([], 1, "\0".join(parts).encode(), b"")
        found = {c.path: c.kind for c in land._conflicts(done)}
        assert found["a b"].startswith("content") and found["x"] == "rename/delete"


def test_status_and_worktrees_are_read_in_the_forms_of_several_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zero, one, two = "0" * 40, "1" * 40, "2" * 64
    told = [
        "# branch.oid (initial)", "# stash 2",
        f"1 .M N... 100644 100644 100755 {one} {one} two words\nand more",
        f"1 A. N... 000000 100644 100644 {zero} {two} new",
        f"1 .A N... 000000 000000 100644 {zero} {zero} meant",
        f"u UU N... 100644 100644 100644 100644 {one} {one} {one} both sides",
        "? loose dir/", "! ignored",
    ]  # fmt: skip
    found = Status.read(told)
    assert list(found.changed) == ["two words\nand more", "new", "meant"]
    assert (found.loose, found.staged) == (["loose dir/"], {"new", "both sides"})
    assert found.unmerged and found.changed["meant"][2] == "100644"
    listed = [
        "worktree /bare", "bare", "", "worktree /away", f"HEAD {one}", "branch refs/heads/main",
        "prunable gitdir file points to non-existent location", "",
        f"worktree {tmp_path}", f"HEAD {two}", "branch refs/heads/main", "locked why\nnot", "",
        "worktree /other", f"HEAD {one}", "detached", "some-key-of-later", "",
    ]  # fmt: skip
    monkeypatch.setattr(land, "git", lambda *_: "\0".join(listed).encode())
    assert land.checked_out(tmp_path, "refs/heads/main") == tmp_path
    assert land.checked_out(tmp_path, "refs/heads/other") is None


def test_a_worktree_with_relative_paths_is_one_of_its_repository(tmp_path: Path) -> None:
    """As git writes them from 2.48 on, where it is asked to."""
    mine = repo(tmp_path / "mine")
    git(mine, "worktree", "add", "-q", str(tmp_path / "tree"))
    own = mine / ".git" / "worktrees" / "tree"
    (tmp_path / "tree" / ".git").write_text("gitdir: ../mine/.git/worktrees/tree\n")
    (own / "gitdir").write_text("../../../../tree/.git\n")
    found = git_border.repository(tmp_path / "tree")
    assert found is not None
    assert (found.own, found.common) == (own, mine / ".git")
