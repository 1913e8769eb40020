"""What a task's machine is asked for, and what may come back from it: no more than its own."""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sessions.engine.commands import work as commands
from sessions.errors import AgentdeckError, NotFound, UsageError
from sessions.ids import new_id
from sessions.paths import private_folder
from sessions.plans import remote_tasks
from sessions.remote import bundles, work
from sessions.remote.file_parts import MOST_BYTES, MOST_FILES, PART, unpacked, written
from sessions.remote.old_bundles import swept
from sessions.remote.site_interface import Offline
from sessions.worktrees import naming
from sessions.worktrees.repository import Repository, repository
from tests.support.deckrig import Rig
from tests.support.rig import rig_places, until

SESSION = new_id()


def git(folder: Path, *words: str) -> str:
    """What git says."""
    who = ["-c", "user.name=Ida", "-c", "user.email=ida@example.org"]
    done = subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def found(tmp_path: Path) -> Repository:
    """A repository with one commit, whose user has a branch of their own beside main."""
    folder = tmp_path / "work"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    git(folder, "commit", "-q", "--allow-empty", "-m", "first")
    git(folder, "branch", "release")
    return repository(folder)


def _bundle(found: Repository, branch: str, into: Path) -> str:
    """A bundle in which a branch goes on by one commit; its head."""
    far = into.with_name(f"far-{new_id()}")
    git(found.at, "clone", "-q", str(found.at), str(far))
    git(far, "checkout", "-q", "-B", branch)
    git(far, "commit", "-q", "--allow-empty", "-m", "over there")
    git(far, "bundle", "create", "-q", str(into), f"refs/heads/{branch}", "--not", "origin/main")
    return git(far, "rev-parse", "HEAD")


@pytest.mark.parametrize("branch", ["release", "agentdeck/other-{}", "agentdeck/x"])
def test_a_branch_that_is_not_the_session_s_is_not_touched(
    found: Repository, tmp_path: Path, branch: str
) -> None:
    """Whatever another machine calls what it sends."""
    branch = branch.format(new_id())
    before = git(found.at, "for-each-ref")
    head = _bundle(found, branch, tmp_path / "bundle")
    with pytest.raises(UsageError, match="not the session's branch"):
        bundles.fetched(found, tmp_path / "bundle", branch, head, SESSION)
    assert git(found.at, "for-each-ref") == before


@pytest.mark.parametrize("title", ["port", "größe 2", "名前"])
def test_the_session_s_branch_comes_back_whatever_its_title(
    found: Repository, tmp_path: Path, title: str
) -> None:
    """At the commit that was said, and at no other."""
    branch = naming.branch(title, SESSION)
    head = _bundle(found, branch, tmp_path / "bundle")
    bundles.fetched(found, tmp_path / "bundle", branch, head, SESSION)
    assert git(found.at, "rev-parse", branch) == head
    with pytest.raises(UsageError, match="another commit"):
        bundles.fetched(found, tmp_path / "bundle", branch, "0" * 40, SESSION)


@pytest.mark.parametrize("name", ["../x", "-D", "main", "agentdeck/../../x-{}", "agentdeck/{}"])
def test_only_names_as_they_are_made_are_a_session_s(name: str) -> None:
    """They become folders and arguments of git."""
    assert not naming.is_of(name.format(SESSION), SESSION)
    assert naming.is_of(naming.branch("", SESSION, flat=True), SESSION)


def test_two_places_may_be_sent_the_same_commit_at_once(
    found: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name by which one sends it is not taken away by the other."""
    commit = git(found.at, "rev-parse", "HEAD")
    ids = iter(["a", "b"])
    monkeypatch.setattr(bundles, "new_id", lambda: next(ids))
    for name in ("one", "two"):
        bundles.packed(found, commit, [], tmp_path / name)
    listed = [git(found.at, "bundle", "list-heads", str(tmp_path / n)) for n in ("one", "two")]
    assert listed == [f"{commit} refs/agentdeck/sent/{commit}-{each}" for each in "ab"]
    assert "agentdeck" not in git(found.at, "for-each-ref")


def test_a_clone_that_was_not_finished_is_made_anew(found: Repository, tmp_path: Path) -> None:
    """An engine died between it and its session: the next one begins there."""
    cache, commit = bundles.Cache(tmp_path / "cache"), git(found.at, "rev-parse", "HEAD")
    bundles.packed(found, commit, [], tmp_path / "bundle")
    cache.take("work-1", tmp_path / "bundle")
    for _ in range(2):
        cache.clone("work-1", commit, tmp_path / "task")
    assert git(tmp_path / "task", "rev-parse", "HEAD") == commit


# -- files


def _session(folder: Path) -> Any:
    cwd = folder / "made"
    for each in (cwd, folder / "files"):
        each.mkdir()
    summary = SimpleNamespace(cwd=str(cwd))
    return SimpleNamespace(folder=folder, summary=summary, id=SESSION)


def test_what_comes_back_is_two_hundred_files_at_most(tmp_path: Path) -> None:
    """The rest is named."""
    session = _session(tmp_path)
    for n in range(MOST_FILES + 2):
        (tmp_path / "made" / f"{n:03}").touch()
    brought, left = work._files(session, True)
    assert len(brought) == MOST_FILES == 200
    assert left == ["200 (0 bytes)", "201 (0 bytes)"]


def test_what_comes_back_is_fifty_megabytes_at_most(tmp_path: Path) -> None:
    """One that is too large costs none of the others."""
    session = _session(tmp_path)
    for name, size in (("a", MOST_BYTES - 1), ("b", 2), ("c", 1)):
        with (tmp_path / "made" / name).open("wb") as file:
            file.truncate(size)
    brought, left = work._files(session, True)
    assert [f["name"] for f in brought] == ["a", "c"] and left == ["b (2 bytes)"]
    assert MOST_BYTES == 50 * 2**20


def test_no_link_leads_out_of_a_task_s_folder(tmp_path: Path) -> None:
    """Neither as a file that is offered, nor as one that is asked for."""
    session = _session(tmp_path)
    (tmp_path / "secret").write_text("s")
    (tmp_path / "made" / "out").symlink_to(tmp_path)
    (tmp_path / "made" / "file").symlink_to(tmp_path / "secret")
    (tmp_path / "made" / "own").write_text("mine")
    assert [f["name"] for f in work._files(session, True)[0]] == ["own"]
    deck: Any = SimpleNamespace(places=SimpleNamespace(data=tmp_path / "data"))
    for name in ("out/secret", "file", "../secret", str(tmp_path / "secret")):
        with pytest.raises(NotFound):
            work.read(deck, session, "made", name, 0)
    assert unpacked(work.read(deck, session, "made", "own", 0)) == b"mine"
    assert work.read(deck, session, "made", "own", PART) == ""


@pytest.mark.parametrize("name", ["out/x", "../x", "/x", "a/../../x", ""])
def test_what_came_back_is_written_in_its_folder_alone(tmp_path: Path, name: str) -> None:
    """Also where a branch that came with it has a link on the way."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "out").symlink_to(tmp_path)
    with pytest.raises(UsageError, match="no name of a file"):
        written(folder, name, b"x")
    assert not (tmp_path / "x").exists()
    assert written(folder, "in/x", b"x").read_bytes() == b"x"


def test_what_is_no_part_of_a_file_is_refused() -> None:
    """In words, not as a fault of the program."""
    with pytest.raises(AgentdeckError, match="no part of a file"):
        unpacked("§")


async def test_a_session_that_is_begun_twice_at_once_is_one(tmp_path: Path) -> None:
    """An engine that was started anew asks once more; what it is told it hears once."""
    rig = await Rig.make(tmp_path)
    begun = [commands.begin(rig.deck, SESSION, title="a") for _ in range(2)]
    assert {s["id"] for s in await asyncio.gather(*begun)} == {SESSION}
    for _ in range(2):
        await commands.tell(rig.deck, SESSION, ["goal"])
    assert (await rig.deck.get(SESSION)).prepared == [{"kind": "plan", "text": "goal"}]
    await rig.close()


def test_bundles_that_nobody_fetches_are_swept(tmp_path: Path) -> None:
    """Those of sessions that are gone, old ones, and halves; a fresh one stays."""
    places = rig_places(tmp_path)
    here, gone, old, half, coming = (new_id() for _ in range(5))
    for session in (here, old):
        places.session(session).mkdir(parents=True)
    files = {
        name: private_folder(places.data / folder) / name
        for folder, names in (
            ("outgoing", [f"{session}.bundle" for session in (here, gone, old)]),
            ("incoming", [half, coming]),
        )
        for name in names
    }
    for file in files.values():
        file.touch()
    for name in (f"{old}.bundle", half):
        os.utime(files[name], (0, 0))
    swept(places)
    assert {name for name, file in files.items() if file.exists()} == {f"{here}.bundle", coming}


async def test_a_check_whose_answer_was_lost_goes_on_and_is_told_once_more(tmp_path: Path) -> None:
    """It runs once, also if the one that asked is cut off and asks again by the same id."""
    rig = await Rig.make(tmp_path)
    session = (await rig.session()).id
    argv = ["sh", "-c", "echo x >> ran; while [ ! -e go ]; do sleep 0.02; done"]
    cwd = Path((await rig.deck.get(session)).summary.cwd)
    asked = asyncio.ensure_future(commands.check(rig.deck, session, argv, 1, once="a"))
    await until(lambda: (cwd / "ran").exists())
    asked.cancel()
    again = asyncio.ensure_future(commands.check(rig.deck, session, argv, 1, once="a"))
    (cwd / "go").touch()
    assert (await again)["ok"] and (await commands.check(rig.deck, session, argv, 1, once="a"))[
        "ok"
    ]
    assert (cwd / "ran").read_text() == "x\n"

    (cwd / "go").unlink()
    other = asyncio.ensure_future(commands.check(rig.deck, session, argv, 1, once="b"))
    await until(lambda: (cwd / "ran").read_text() == "x\nx\n")
    assert await commands.stop(rig.deck, session) == 1  # what a person stops ends for real
    with pytest.raises(AgentdeckError, match="was ended"):
        await other
    await rig.close()


async def test_what_a_person_ended_is_not_waited_for_where_its_place_is_lost() -> None:
    """It went away between the interrupt and the fetch."""

    async def call(*_: Any) -> Any:
        raise Offline("build can't be reached: no route.")

    deck: Any = SimpleNamespace(elsewhere=SimpleNamespace(ask=call), worktrees=None)
    tree = SimpleNamespace(worktree={"base": "b"})
    mirror: Any = SimpleNamespace(id="s", host="build", folder=Path("/"), summary=tree)
    home = remote_tasks.RemoteTasks(deck, deck).home_now(mirror, Path("/"), "title")
    (left,) = await asyncio.wait_for(home, 60)
    assert "could not be fetched" in left and "no route" in left
