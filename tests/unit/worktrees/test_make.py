"""A session in a worktree of its own, with real git: made, refused, removed."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from sessions.config.model import WorktreesConfig
from sessions.errors import AgentdeckError, UsageError
from sessions.record import events as ev
from sessions.tools.sandbox import describe
from sessions.tools.workspace import Guard
from sessions.worktrees import make, naming
from tests.support.deckrig import Rig
from tests.support.gitrig import clean, commit, git, head, repo
from tests.support.rig import until
from tests.unit.worktrees.conftest import begin


async def test_a_session_works_on_a_branch_of_its_own(rig: Rig, tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine", f="x\n")
    (mine / "f").write_text("not committed\n")
    session = await begin(rig, mine)
    branch = f"agentdeck/fix-the-parser-{session.id}"
    path = rig.deck.places.worktrees / "mine" / branch
    assert Path(session.summary.cwd) == path
    assert git(path, "branch", "--show-current").strip() == branch
    assert (path / "f").read_text() == "x\n"
    assert (mine / "f").read_text() == "not committed\n"
    added = next(e for e in session.journal.events() if isinstance(e, ev.WorktreeAdded))
    assert (added.base, added.base_ref) == (head(mine), "refs/heads/main")
    assert (session.summary.repository, session.summary.branch) == ("mine", branch)
    mode = os.stat(path / "f").st_mode & 0o777
    assert mode == os.stat(mine / "f").st_mode & 0o777  # the user's mask, not the engine's


async def test_the_base_is_a_commit_whatever_moves_later(rig: Rig, tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine")
    first = head(mine)
    git(mine, "branch", "old")
    commit(mine, "g", "later\n")
    session = await begin(rig, mine, base="old")
    tree = session.summary.worktree
    assert tree is not None
    assert (tree["base"], tree["base_ref"]) == (first, "refs/heads/old")
    assert head(Path(session.summary.cwd)) == first


async def test_two_sessions_of_one_title_never_meet(rig: Rig, tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine")
    one, two = await begin(rig, mine), await begin(rig, mine)
    assert one.summary.branch != two.summary.branch
    assert one.summary.cwd != two.summary.cwd


async def test_a_branch_of_the_prefixes_name_is_no_obstacle(rig: Rig, tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine")
    git(mine, "branch", "agentdeck")
    session = await begin(rig, mine)
    assert session.summary.branch == f"agentdeck-fix-the-parser-{session.id}"


async def test_a_subfolder_stays_the_same_subfolder(rig: Rig, tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine")
    commit(mine, "src/a/b.py", "1\n")
    session = await begin(rig, mine / "src" / "a")
    assert session.summary.cwd.endswith("/src/a")
    assert (Path(session.summary.cwd) / "b.py").exists()


async def test_a_worktree_of_a_worktrees_folder_is_of_the_same_repository(
    rig: Rig, tmp_path: Path
) -> None:
    one = await begin(rig, repo(tmp_path / "mine"))
    two = await begin(rig, Path(one.summary.cwd))
    assert two.summary.repository == "mine"
    assert Path(two.summary.cwd).is_dir()


async def test_a_bare_repository_and_a_detached_head_do(rig: Rig, tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine")
    git(tmp_path, "clone", "-q", "--bare", "mine", "store.git")
    session = await begin(rig, tmp_path / "store.git")
    assert session.summary.repository == "store"
    assert (Path(session.summary.cwd) / "f").read_text() == "x\n"
    git(mine, "checkout", "-q", "--detach")
    session = await begin(rig, mine)
    tree = session.summary.worktree
    assert tree is not None
    assert tree["base_ref"] == ""


async def test_submodules_are_filled_from_the_users_own_without_a_network(
    rig: Rig, tmp_path: Path
) -> None:
    deep = repo(tmp_path / "deep", d="d\n")
    inner = repo(tmp_path / "inner")
    git(inner, "submodule", "add", "-q", str(deep), "deep")
    git(inner, "commit", "-qm", "deep")
    mine = repo(tmp_path / "mine")
    git(mine, "submodule", "add", "-q", str(inner), "two words")
    git(mine, "submodule", "add", "-q", str(deep), "away")
    git(mine, "submodule", "update", "-q", "--init", "--recursive")
    git(mine, "commit", "-qm", "with them")
    git(mine, "submodule", "deinit", "-q", "--force", "away")
    for gone in (inner, deep):
        shutil.rmtree(gone)
    session = await begin(rig, mine)
    path = Path(session.summary.cwd)
    assert (path / "two words" / "deep" / "d").read_text() == "d\n"
    assert git(path / "two words", "remote", "get-url", "origin").strip() == str(inner)
    assert git(path, "status", "--porcelain") == ""
    added = next(e for e in session.journal.events() if isinstance(e, ev.WorktreeAdded))
    assert added.notes == ["Its submodule away is empty: it is not checked out in yours either."]
    assert "url" not in git(mine, "config", "--get-regexp", r"submodule\.away\..*", check=False)
    landings = rig.deck.features.worktrees.landings
    (path / "f").write_text("changed\n")
    await landings.discard(session)
    assert not path.exists()
    await landings.bring_back(session)
    assert (path / "f").read_text() == "changed\n"
    assert (path / "two words" / "f").exists()
    git(path, "checkout", "-q", "f")
    await rig.deck.delete(session.id)
    assert clean(mine) and not path.exists()


async def test_sparse_and_submodules_and_lfs_pointers(rig: Rig, tmp_path: Path) -> None:
    inner = repo(tmp_path / "inner")
    mine = repo(tmp_path / "mine")
    git(mine, "submodule", "add", "-q", str(inner), "sub")
    commit(mine, "far/g", "far\n")
    commit(mine, ".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
    git(mine, "sparse-checkout", "set", "--no-cone", "/*", "!/far/")
    session = await begin(rig, mine)
    path = Path(session.summary.cwd)
    assert not (path / "far").exists()
    assert git(path, "status", "--porcelain") == ""
    added = next(e for e in session.journal.events() if isinstance(e, ev.WorktreeAdded))
    assert not any("submodule" in note for note in added.notes)
    assert (path / "sub" / "f").exists()


async def test_odd_names_do(rig: Rig, tmp_path: Path) -> None:
    for name in ("-dash", "two words", 'quo"te', "new\nline", "e\u0301", "é"):
        session = await begin(rig, repo(tmp_path / name), title=f"--{name}..lock~^: @{{")
        assert (Path(session.summary.cwd) / "f").exists()
        await rig.deck.delete(session.id)
        assert clean(tmp_path / name)


@pytest.mark.parametrize("what", ["none", "empty", "base", "missing"])
async def test_what_can_have_none_is_refused_with_a_sentence(
    rig: Rig, tmp_path: Path, what: str
) -> None:
    folder, base = tmp_path / "there", ""
    folder.mkdir()
    if what == "empty":
        git(folder, "init", "-q")
    elif what == "base":
        repo(folder)
        base = "--upload-pack=evil"
    before = set(os.listdir(folder))
    if what == "missing":
        folder = tmp_path / "nowhere"
    with pytest.raises(UsageError) as told:
        await begin(rig, folder, base=base)
    assert told.value.hint
    assert await rig.deck.all_summaries() == []
    assert what == "missing" or set(os.listdir(folder)) == before
    assert not [p for p in rig.deck.places.worktrees.rglob("*") if p.is_file()]


async def test_what_git_refuses_leaves_nothing(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = repo(tmp_path / "mine")
    monkeypatch.setattr(naming, "branch", lambda *_, **__: "agentdeck/taken")
    git(mine, "branch", "agentdeck/taken")
    with pytest.raises(AgentdeckError, match="taken"):
        await begin(rig, mine)
    assert git(mine, "worktree", "list").count("\n") == 1
    assert await rig.deck.all_summaries() == []
    assert head(mine, "agentdeck/taken")  # the one that was there is not ours to remove


def test_names_are_short_and_plain() -> None:
    assert naming.slug("Fix: the  *parser*!") == "fix-the-parser"
    assert naming.slug("../../etc/passwd") == "etc-passwd"
    assert len(naming.slug("word " * 50)) <= 40
    assert naming.slug("🎉") == ""
    assert naming.branch("", "abc") == "agentdeck/session-abc"


async def test_what_is_configured_is_copied_and_run_before_the_first_turn(
    rig: Rig, tmp_path: Path
) -> None:
    mine = repo(tmp_path / "mine", f="x\n", **{".gitignore": "keep/\nlocal\n"})
    (mine / "keep").mkdir()
    (mine / "keep" / "a").write_text("a")
    (mine / "local").write_text("mine")
    setup = ["sh", "-c", "cat local > made; echo ready"]
    wanted = WorktreesConfig(copy=["keep", "local", "f", "nothing*"], setup=setup)
    rig.deck.config = replace(rig.deck.config, worktrees=wanted)
    session = await begin(rig, mine)
    await session.send("Hi")
    await rig.idle(session)
    path = Path(session.summary.cwd)
    assert (path / "keep" / "a").read_text() == "a"
    assert (path / "made").read_text() == "mine"
    events = list(session.journal.events())
    ended = next(e for e in events if isinstance(e, ev.WorktreeSetup) and e.ended)
    assert (ended.exit_code, ended.output, ended.argv) == (0, "ready\n", setup)
    answer = next(e for e in events if isinstance(e, ev.Text))
    assert ended.seq < answer.seq


async def test_a_setup_that_fails_is_told_to_the_model(rig: Rig, tmp_path: Path) -> None:
    wanted = WorktreesConfig(setup=["sh", "-c", "echo no; exit 3"])
    rig.deck.config = replace(rig.deck.config, worktrees=wanted)
    session = await begin(rig, repo(tmp_path / "mine"))
    await until(lambda: bool(session.prepared), timeout_s=60)
    await session.send("Hi")
    await rig.idle(session)
    assert "exit code 3" in session.messages[1].notes[0]["text"]


async def test_a_deleted_session_takes_an_untouched_worktree_along(
    rig: Rig, tmp_path: Path
) -> None:
    mine = repo(tmp_path / "mine")
    session = await begin(rig, mine)
    await rig.deck.delete(session.id)
    assert not Path(session.summary.cwd).exists()
    assert git(mine, "branch", "--list", "agentdeck/*") == ""
    assert clean(mine)


async def test_a_profile_asks_for_one(rig: Rig, tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine")
    profiles = dict(rig.deck.config.profiles)
    profiles["rig"] = replace(profiles["rig"], worktree=True)
    rig.deck.config = replace(rig.deck.config, profiles=profiles)
    session = await rig.deck.create(cwd=str(mine), about="Say hello to everybody")
    assert session.summary.branch == f"agentdeck/say-hello-to-everybody-{session.id}"
    plain = await rig.deck.create(cwd=str(mine), worktree=False)
    assert plain.summary.cwd == str(mine)
    assert plain.summary.worktree is None


@pytest.mark.skipif(not describe().works, reason="no sandbox here")
async def test_a_command_in_a_worktree_commits_and_sees_nothing_else_of_ours(
    rig: Rig, tmp_path: Path
) -> None:
    mine = repo(tmp_path / "mine")
    other = await begin(rig, mine)
    see = f"ls {rig.deck.places.sessions} {other.summary.cwd} 2>&1 | grep -c journal; "
    setup = ["sh", "-c", see + "echo y > g && git add g && git commit -qm two && git log -1"]
    rig.deck.config = replace(rig.deck.config, worktrees=WorktreesConfig(setup=setup))
    session = await begin(rig, mine)
    await session.send("Hi")
    await rig.idle(session)
    ended = [e for e in session.journal.events() if isinstance(e, ev.WorktreeSetup)][-1]
    assert ended.exit_code == 0, ended.output
    assert ended.output.startswith("0\n")
    assert git(Path(session.summary.cwd), "log", "--format=%s").split() == ["two", "one"]
    guard = Guard(Path(session.summary.cwd), session.folder / "files", rig.deck.places)
    assert not guard.look("f").forbidden
    assert guard.look(f"{other.summary.cwd}/f").forbidden
    assert guard.look(f"{other.folder}/journal.jsonl").forbidden


async def test_git_notes_the_folders_of_a_large_one_behind_what_the_session_does(
    rig: Rig, tmp_path: Path
) -> None:
    mine = repo(tmp_path / "mine", f="x\n")
    tree = Path((await begin(rig, mine)).summary.cwd)
    index = mine / ".git" / "worktrees" / tree.name / "index"
    assert b"UNTR" not in index.read_bytes()
    lock = index.with_name("index.lock")
    lock.touch()  # somebody changes it just now: it is left alone
    assert not make.note_folders(tree, index)
    lock.unlink()
    assert make.note_folders(tree, index)
    assert b"UNTR" in index.read_bytes()
    assert not [p for p in index.parent.iterdir() if p.name.startswith("index.")]
    (tree / "new").write_text("new\n")
    assert git(tree, "status", "--porcelain") == "?? new\n"
