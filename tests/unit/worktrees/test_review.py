"""What a person does with a session's changes, on real git: taken back, given back, committed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sessions.config.model import WorktreesConfig
from sessions.errors import NotFound, UsageError
from sessions.features.reviewing import Reviews
from sessions.record import events as ev
from tests.support.deckrig import Rig
from tests.support.gitrig import clean, commit, git, repo
from tests.unit.worktrees.conftest import begin

BODY = "".join(f"line {n}\n" for n in range(60))
ODD = ["f", "two words", 'quo"te', "new\nline", "é", "-dash", "back\\slash"]


def reviews(rig: Rig) -> Reviews:
    return rig.deck.features.worktrees.reviews


async def diff(rig: Rig, session: object) -> dict[str, ev.JSON]:
    told = await reviews(rig).diff(session, fold_space=False, context=3)  # type: ignore[arg-type]
    return {f["path"]: f for f in told["files"]}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("committed", [False, True])
async def test_one_hunk_is_taken_back_and_given_back(
    rig: Rig, tmp_path: Path, name: str, committed: bool
) -> None:
    session = await begin(rig, repo(tmp_path / "mine", **{name: BODY}))
    file = Path(session.summary.cwd) / name
    changed = BODY.replace("line 5\n", "five\n").replace("line 50\n", "line 50\nmore\n")
    file.write_text(changed)
    if committed:
        commit(file.parent, name, changed)
    hunk = (await diff(rig, session))[name]["hunks"][0]
    await reviews(rig).take_back(session, name, hunk["id"])
    assert file.read_text() == BODY.replace("line 50\n", "line 50\nmore\n")
    with pytest.raises(UsageError, match="not as it was shown"):
        await reviews(rig).take_back(session, name, hunk["id"])
    await reviews(rig).give_back(session)
    assert file.read_text() == changed
    with pytest.raises(NotFound):
        await reviews(rig).give_back(session)
    assert "took this change of yours back" in session.prepared[0]["text"]
    taken = [e for e in session.journal.events() if isinstance(e, ev.ChangesTakenBack)]
    assert [(e.path, e.undone) for e in taken] == [(name, False), (name, True)]


async def test_whole_files_of_every_kind_are_taken_back(rig: Rig, tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine", moved=BODY, gone="x\n", mode="m\n", plain="p\n")
    session = await begin(rig, mine)
    path = Path(session.summary.cwd)
    git(path, "mv", "moved", "to")
    (path / "to").write_text(BODY + "more\n")
    (path / "gone").unlink()
    (path / "mode").chmod(0o755)
    (path / "new file").write_text("n\n")
    (path / "picture").write_bytes(b"\x89PNG\0" * 50)
    git(path, "add", "picture")
    (path / "plain").unlink()
    (path / "plain").symlink_to("gone")
    for name in await diff(rig, session):
        await reviews(rig).take_back(session, name, "")
    assert await diff(rig, session) == {}
    assert (path / "moved").read_text() == BODY
    assert not (path / "to").exists()
    for _ in range(6):
        await reviews(rig).give_back(session)
    assert (path / "picture").read_bytes() == b"\x89PNG\0" * 50
    assert (path / "to").read_text() == BODY + "more\n"
    assert not (path / "moved").exists()
    assert (path / "plain").is_symlink()
    assert clean(mine)


async def test_some_files_are_committed_and_the_rest_is_not(rig: Rig, tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine", f="x\n")
    session = await begin(rig, mine)
    path = Path(session.summary.cwd)
    (path / "f").write_text("y\n")
    (path / "-n[1]").write_text("n\n")
    (path / "other").write_text("o\n")
    await reviews(rig).commit(session, "Two of three\n\nWhy.", ["f", "-n[1]"])
    assert git(path, "status", "--porcelain") == "?? other\n"
    assert git(path, "log", "-1", "--format=%s").strip() == "Two of three"
    with pytest.raises(UsageError, match="needs a message"):
        await reviews(rig).commit(session, " ", [])
    await reviews(rig).commit(session, "The rest", [])
    assert git(path, "status", "--porcelain") == ""


async def test_in_a_shared_checkout_only_named_files_are_committed(
    rig: Rig, tmp_path: Path
) -> None:
    mine = repo(tmp_path / "mine", f="x\n")
    session = await rig.deck.create(cwd=str(mine))
    (mine / "f").write_text("y\n")
    with pytest.raises(UsageError, match="no worktree of its own"):
        await reviews(rig).commit(session, "All", [])
    await reviews(rig).commit(session, "Mine", ["f"])
    assert git(mine, "status", "--porcelain") == ""


async def test_without_git_there_is_a_review_but_no_taking_back(rig: Rig, tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    session = await rig.deck.create(cwd=str(folder))
    (session.folder / "files").mkdir(exist_ok=True)
    (session.folder / "files" / "old").write_text("one\ntwo\n")
    (folder / "f").write_text("one\n2\n")
    session.recorder.emit(ev.FileChanged(turn=1, call="c", path=str(folder / "f"), before="old"))
    told = (await diff(rig, session))["f"]
    assert told["hunks"][0]["lines"] == [" one", "-two", "+2"]
    with pytest.raises(UsageError, match="There is no git here"):
        await reviews(rig).take_back(session, "f", "")


async def test_a_message_is_drafted_and_the_check_is_run(rig: Rig, tmp_path: Path) -> None:
    session = await begin(rig, repo(tmp_path / "mine", f="x\n"))
    (Path(session.summary.cwd) / "f").write_text("changed\n")
    rig.backend.reply = "Change f\n"
    assert await reviews(rig).draft(session) == {"message": "Change f"}
    assert "+changed" in str(rig.backend.questions[-1].messages)
    with pytest.raises(UsageError, match="No check"):
        await reviews(rig).check(session)
    wanted = WorktreesConfig(check=["sh", "-c", "echo seen; exit 4"])
    rig.deck.config = replace(rig.deck.config, worktrees=wanted)
    told = await reviews(rig).check(session)
    assert (told["ok"], told["how"], told["output"]) == (False, "exit code 4", "seen\n")
