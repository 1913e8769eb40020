"""Names in any Unicode form, lines as everybody counts them, modes as the user's mask has them."""

from __future__ import annotations

import os
import stat
import unicodedata
from pathlib import Path

import pytest

from sessions.record.textlines import lines, whole_lines
from sessions.safety import user_umask
from sessions.tools import textfiles
from tests.support.toolhost import Desk, say

NFC = unicodedata.normalize("NFC", "한글-é.txt")
NFD = unicodedata.normalize("NFD", NFC)


@pytest.fixture
async def desk(tmp_path: Path):
    desk = Desk(tmp_path, mode="edit", answer=say("no"))
    yield desk
    await desk.box.close()


@pytest.mark.parametrize(("stored", "typed"), [(NFD, NFC), (NFC, NFD)])
async def test_a_name_is_found_in_another_form(desk: Desk, stored: str, typed: str) -> None:
    folder = desk.ws / unicodedata.normalize("NFD", "é")
    folder.mkdir()
    (folder / stored).write_text("one\n")
    asked = str(desk.ws / "é" / typed)
    found = await desk.use("Read", file_path=asked)
    assert "one" in found.content
    done = await desk.use("Edit", file_path=asked, old_string="one", new_string="two")
    assert done.status == "ok"
    assert str(folder / stored) in done.content
    assert (folder / stored).read_text() == "two\n"
    assert os.listdir(folder) == [stored]
    globbed = await desk.use("Glob", pattern=f"**/{typed}")
    assert str(folder / stored) in globbed.content


FEEDS = "one\ntwo\x0cmore\nthree\x0b\x1c\x85\u2028x\nfour\n"


def test_a_line_ends_at_a_newline_alone() -> None:
    assert lines(FEEDS) == ["one", "two\x0cmore", "three\x0b\x1c\x85\u2028x", "four"]
    assert "".join(whole_lines(FEEDS)) == FEEDS
    assert lines("") == []
    assert lines("a\n\n") == ["a", ""]


async def test_all_agree_on_the_number_of_a_line(desk: Desk) -> None:
    path = desk.ws / "f.el"
    path.write_text(FEEDS)
    shown = await desk.use("Read", file_path=str(path))
    assert "     4\tfour" in shown.content
    found = await desk.use("Grep", pattern="four", output_mode="content")
    assert f"{path}:4:four" in found.content
    done = await desk.use("Edit", file_path=str(path), old_string="four", new_string="4")
    assert "@@ -1,4 +1,4 @@" in done.content
    missed = await desk.use("Edit", file_path=str(path), old_string="fourr", new_string="x")
    assert "Line" not in missed.content or "Line 4" in missed.content


def test_removed_lines_that_look_like_a_head_are_counted() -> None:
    text = textfiles.diff("-- a\n-- b\nselect 1;\n++ x\n", "select 1;\n++ y\n", "q.sql")
    assert textfiles.counts(text) == "+1 −3"


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
async def test_new_files_follow_the_users_mask(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, mask: int
) -> None:
    monkeypatch.setattr(user_umask, "_mask", mask)
    before = os.umask(0o077)
    try:
        await desk.use("Write", file_path=str(desk.ws / "sub/new"), content="x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((desk.ws / "sub/new").stat().st_mode) == 0o666 & ~mask
    assert stat.S_IMODE((desk.ws / "sub").stat().st_mode) == 0o777 & ~mask


async def test_commands_follow_the_users_mask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_umask, "_mask", 0o022)
    desk = Desk(tmp_path, mode="full", answer=say("once"))
    await desk.bash("echo x > made")
    assert stat.S_IMODE((desk.ws / "made").stat().st_mode) == 0o644
    await desk.box.close()


async def test_what_is_there_keeps_its_mode_and_links(desk: Desk) -> None:
    path = desk.ws / "f"
    path.write_text("one\n")
    path.chmod(0o751)
    (desk.ws / "l").symlink_to("f")
    await desk.use("Read", file_path=str(desk.ws / "l"))
    await desk.use("Edit", file_path=str(desk.ws / "l"), old_string="one", new_string="two")
    assert path.read_text() == "two\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o751
    assert (desk.ws / "l").is_symlink()
