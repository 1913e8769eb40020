"""What is attached to a message is kept by its hash, sent as what it is, and refused in words."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast

import pytest
from PIL import Image

from sessions.backends.acp import prompt
from sessions.errors import UsageError
from sessions.record import events as ev
from sessions.record.context import Context
from sessions.record.summary_parts import AttachedFile, Attachment
from sessions.runtime import attachments
from sessions.runtime.attachments import taken
from tests.support.pictures import png
from tui.deck import dropped_files


def test_a_picture_and_a_text_are_kept_once_and_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "a plot.png").write_bytes(png())
    (tmp_path / "notes.md").write_text("# Notes")
    session = tmp_path / "s"
    wanted: list[AttachedFile] = [
        {"file": str(tmp_path / "a plot.png")},
        {"file": str(tmp_path / "notes.md")},
    ]
    picture, text = taken(session, wanted)
    assert taken(session, wanted) == [picture, text]
    assert (picture["media_type"], picture["name"]) == ("image/png", "a plot.png")
    assert (text["media_type"], Path(text["path"]).suffix) == ("text/plain", ".md")
    assert sorted(f"files/{f.name}" for f in (session / "files").iterdir()) == sorted(
        [picture["path"], text["path"]]
    )
    assert taken(session, [cast("AttachedFile", picture)]) == [picture]  # from the queue, say

    context = Context(session / "files")
    context.apply(ev.UserMessage(turn=1, text="Look", attachments=[picture, text]))
    first, second, _ = context.messages()[0]["content"]
    assert first["source"]["media_type"] == "image/png"
    assert "notes.md" in second["text"] and "# Notes" in second["text"]


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("cut.png", png()[:40], "broken"),
        ("program", b"\x7fELF\0\0", "neither text nor"),
        ("long.txt", b"x" * (2 * 2**20 + 1), "more than 2 MiB"),
    ],
)
def test_what_no_model_could_read_is_refused(
    tmp_path: Path, name: str, data: bytes, why: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UsageError, match=why):
        taken(tmp_path / "s", [{"file": str(tmp_path / name)}])


def test_what_is_no_file_is_refused_and_nothing_waits(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for wanted in ({"file": str(tmp_path / "pipe")}, {"file": str(tmp_path)}, {"file": "/no\0"},
                   {"file": "gone.png"}, {"path": "files/none.png"}, {"path": 3}, {}):  # fmt: skip
        with pytest.raises(UsageError):
            taken(tmp_path / "s", [cast("AttachedFile", wanted)])
    with pytest.raises(UsageError, match="too many"):
        taken(tmp_path / "s", [{"file": "x"}] * 21)


class Host:
    """As much of a turn's host as a prompt needs."""

    turn = 1

    def __init__(self, files: Path, attachments: list[Attachment]) -> None:
        self.files = files
        self.message = ev.UserMessage(turn=1, text="Look", attachments=attachments)
        self.told: list[ev.Event] = []

    def emit(self, event: ev.Event) -> None:
        self.told.append(event)


def test_an_agent_without_eyes_gets_the_path_and_the_user_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png())
    kept = taken(tmp_path / "s", [{"file": str(tmp_path / "a.png")}])
    outside: Attachment = {"path": "../../a.png", "media_type": "image/png"}
    host: Any = Host(tmp_path / "s" / "files", [*kept, outside])
    _, picture, gone = prompt.blocks(host, "", {})
    assert str(host.files) in picture["text"] and "not there any more" in gone["text"]
    (told,) = host.told
    assert isinstance(told, ev.ContextRefused) and told.paths[0] == kept[0]["path"]

    seeing: Any = Host(tmp_path / "s" / "files", kept)
    assert prompt.blocks(seeing, "", {"image": True})[1]["type"] == "image"
    assert seeing.told == []


@pytest.mark.parametrize("form", ["BMP", "TIFF", "ICO"])
def test_a_bitmap_is_kept_as_a_png_and_words_stay_words(
    tmp_path: Path, form: str, recwarn: pytest.WarningsRecorder
) -> None:
    file = tmp_path / "a.picture"
    Image.new("RGB", (16, 16), "red").save(file, form)
    assert dropped_files.files_named(str(file)) == [file] and dropped_files.is_picture(file)
    data, media, suffix = attachments.read(file)
    assert (data[:4], media, suffix) == (b"\x89PNG", "image/png", ".png")
    file.write_bytes(file.read_bytes()[:20])
    with pytest.raises(UsageError, match="can't be made a PNG"):
        attachments.read(file)
    assert not recwarn.list, "what Pillow has to say of it is printed nowhere"
    file.write_text("BM is how these words begin")
    assert attachments.read(file)[1] == "text/plain"
