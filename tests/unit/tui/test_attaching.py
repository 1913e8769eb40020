"""What is pasted or dropped becomes an attachment that is seen, taken away by key, and sent."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest
from PIL import Image
from textual import events
from textual.strip import Strip

from sessions.errors import BackendError
from tests.support.deckpilot import Opened, opened
from tests.support.pictures import png
from tui.deck.attached_files import AttachedFiles
from tui.deck.dropped_files import clipboard_picture, files_named, has_clipboard
from tui.deck.memory import Draft, Memory


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "a plot.png"
    path.write_bytes(png())
    return path


def drop(here: Opened, text: str) -> None:
    here.composer.post_message(events.Paste(text))


def test_what_names_files_and_nothing_else(picture: Path, tmp_path: Path) -> None:
    notes = tmp_path / "notes.md"
    notes.write_text("# Notes")
    binary = tmp_path / "a.out"
    binary.write_bytes(b"\x7fELF\0")
    quoted = shlex.quote(str(picture))
    for text in (str(picture), quoted, f"{quoted} ", str(picture).replace(" ", "\\ "),
                 picture.as_uri(), f"{picture.as_uri()}\r\n"):  # fmt: skip
        assert files_named(text) == [picture]
    assert (
        files_named(f"{quoted} {notes}") == files_named(f"{picture}\n{notes}") == [picture, notes]
    )
    for text in ("", "hello", "plot.png", f"see {picture}", f"{picture} is it", str(tmp_path),
                 str(binary), f"{picture}.gone", "file://elsewhere/a.png", "/\0", "~nobody/x",
                 "'unclosed", "/dev/zero", f"{notes}\nand this"):  # fmt: skip
        assert files_named(text) == []


async def test_a_dropped_picture_is_shown_and_sent(picture: Path) -> None:
    async with opened(1) as here:
        drop(here, shlex.quote(str(picture)))
        row = here.deck.query_one(AttachedFiles)
        await here.until(lambda: row.files == (str(picture),) and row.display)
        await here.until(lambda: any("8 × 8" in strip.text for strip in _rows(row)))
        assert any("a plot.png" in strip.text for strip in _rows(row))
        assert here.composer.text == ""
        await here.type("what is it")
        await here.press("enter")
        assert here.client.said("session.send") == [
            {"session": "s001", "text": "what is it", "attachments": [{"file": str(picture)}]}
        ]
        assert here.composer.files == () and not row.display


async def test_of_each_kind_that_can_be_attached_the_picture_is_shown(picture: Path) -> None:
    files = [picture.with_suffix(suffix) for suffix in (".bmp", ".tiff", ".ico")]
    for file in files:
        Image.new("RGB", (16, 16), "red").save(file)
    async with opened(1, size=(120, 36)) as here:
        drop(here, "\n".join(shlex.quote(str(file)) for file in files))
        row = here.deck.query_one(AttachedFiles)
        await here.until(lambda: any(s.text.count("16 × 16") == 3 for s in _rows(row)))


def _rows(row: AttachedFiles) -> list[Strip]:
    return row.render_lines(row.region.reset_offset)


async def test_a_picture_alone_is_a_message_and_a_refused_one_is_there_again(picture: Path) -> None:
    async with opened(2) as here:
        drop(here, str(picture))
        await here.until(lambda: bool(here.composer.files))
        here.client.refuse["session.send"] = BackendError("No.")
        await here.press("enter")
        await here.until(lambda: here.composer.files == (str(picture),))
        await here.press("alt+2")
        assert here.composer.files == ()  # it is the first session's draft
        await here.press("alt+1", "enter")
        assert here.client.said("session.send")[-1]["text"] == ""


async def test_backspace_at_the_beginning_and_a_click_take_it_away(picture: Path) -> None:
    notes = picture.with_name("notes.md")
    notes.write_text("# Notes")
    async with opened(1) as here:
        drop(here, f"{shlex.quote(str(picture))} {notes}")
        await here.until(lambda: len(here.composer.files) == 2)
        await here.press("a", "backspace")
        assert len(here.composer.files) == 2
        await here.press("backspace")
        assert list(here.composer.files) == [str(picture)]
        assert here.composer.text == str(notes)  # no picture: it is named instead
        await here.pilot.click(AttachedFiles)
        await here.until(lambda: here.composer.files == ())


async def test_in_a_sentence_a_text_s_path_stays_a_path_and_a_picture_goes_along(
    picture: Path,
) -> None:
    notes = picture.with_name("notes.md")
    notes.write_text("# Notes")
    async with opened(1) as here:
        await here.type("see ")
        drop(here, str(notes))
        await here.until(lambda: here.composer.text == f"see {notes}")
        drop(here, str(picture))
        await here.until(lambda: here.composer.files == (str(picture),))
        assert here.composer.text == f"see {notes}"


def test_what_is_attached_is_remembered(tmp_path: Path, picture: Path) -> None:
    memory = Memory(tmp_path / "deck.json")
    memory.drafts["s"] = Draft("", {}, (str(picture),))
    memory.save()
    assert Memory.load(tmp_path / "deck.json").drafts["s"].files == (str(picture),)


def test_the_clipboard_s_picture_is_a_file(
    tmp_path: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTDECK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":99")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    assert not has_clipboard()
    tool = tmp_path / "xclip"
    tool.write_text(f"#!{sys.executable}\nimport sys\n"
                    f"sys.stdout.buffer.write(open({str(picture)!r}, 'rb').read())\n")  # fmt: skip
    tool.chmod(0o755)
    found = clipboard_picture()
    assert found is not None and found.read_bytes() == png()
    assert found.stat().st_mode & 0o777 == 0o600
    tool.write_text(f"#!{sys.executable}\nprint('text')\n")
    assert clipboard_picture() is None
