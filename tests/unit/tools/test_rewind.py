"""Files put back to before a turn."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from sessions.record import events as ev
from sessions.tools.rewind import NOTE, Rewound, rewind
from tests.support.toolhost import Desk, say


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, mode="edit", answer=say("once"))


async def edit(desk: Desk, turn: int, name: str, old: str, new: str) -> None:
    desk.host.turn = turn
    result = await desk.use("Edit", file_path=name, old_string=old, new_string=new)
    assert result.status == "ok", result.content


def back(desk: Desk, turn: int, *, force: bool = False) -> Rewound:
    return rewind(desk.host.events, turn, desk.box.state.guard, force=force)


async def test_changes_of_a_turn_are_put_back(desk: Desk) -> None:
    file = desk.ws / "a"
    file.write_text("zero")
    await edit(desk, 1, "a", "zero", "one")
    await edit(desk, 2, "a", "one", "two")
    await edit(desk, 2, "a", "two", "three")
    assert back(desk, 2).restored == [str(file)]
    assert file.read_text() == "one"


async def test_new_files_are_removed(desk: Desk) -> None:
    await edit(desk, 1, "new", "", "text")
    result = back(desk, 1)
    assert result.removed == [str(desk.ws / "new")]
    assert not (desk.ws / "new").exists()


async def test_what_others_changed_since_is_left_alone_unless_forced(desk: Desk) -> None:
    file = desk.ws / "a"
    file.write_text("zero")
    await edit(desk, 1, "a", "zero", "one")
    file.write_text("one, and work of somebody else")
    result = back(desk, 1)
    assert result.paths == []
    assert "something else" in result.refused[0][1]
    assert "somebody else" in file.read_text()
    back(desk, 1, force=True)
    assert file.read_text() == "zero"


async def test_what_an_undo_put_back_is_not_put_back_again(desk: Desk) -> None:
    file = desk.ws / "a"
    file.write_text("zero")
    await edit(desk, 1, "a", "zero", "one")
    await edit(desk, 2, "a", "one", "two")
    result = back(desk, 2)
    desk.host.emit(ev.TurnUndone(turn=2, files=result.paths))
    assert back(desk, 2).paths == []
    assert back(desk, 1).paths == [str(file)]
    assert file.read_text() == "zero"


async def test_a_path_that_leads_elsewhere_now_is_refused(desk: Desk) -> None:
    (desk.ws / "sub").mkdir()
    (desk.ws / "sub/a").write_text("zero")
    await edit(desk, 1, "sub/a", "zero", "one")
    (desk.ws / "sub").rename(desk.home / "away")
    (desk.ws / "sub").symlink_to(desk.home / "away")
    for force in (False, True):
        assert back(desk, 1, force=force).paths == []
    assert (desk.home / "away/a").read_text() == "one"


@pytest.mark.parametrize("before", ["../../../../etc/passwd", "/etc/passwd", "nothing-here"])
def test_a_forged_record_restores_nothing(desk: Desk, before: str) -> None:
    file = desk.ws / "a"
    file.write_text("mine")
    digest = hashlib.sha256(b"mine").hexdigest()
    desk.host.emit(
        ev.FileChanged(turn=1, call="c", path=str(file), before=before, after_sha256=digest)
    )
    assert back(desk, 1, force=True).paths == []
    assert file.read_text() == "mine"


def test_a_forged_record_reaches_no_configuration(desk: Desk) -> None:
    config = desk.places.config_file
    config.write_text("mine")
    hook = desk.ws / ".git/hooks/pre-commit"
    for path in (config, hook, desk.home / "outside"):
        digest = hashlib.sha256(b"mine").hexdigest()
        desk.host.emit(
            ev.FileChanged(turn=1, call="c", path=str(path), existed=False, after_sha256=digest)
        )
    assert back(desk, 1).paths == []
    assert config.read_text() == "mine"


def test_it_says_that_commands_are_not_undone(desk: Desk) -> None:
    assert back(desk, 1).note == NOTE
    assert "commands" in NOTE
