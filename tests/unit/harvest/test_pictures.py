"""Pictures that are no text, in a draft's folder."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from sessions.api.harvest import ByproductOrigin, ByproductSignals
from sessions.harvest.byproducts import Found
from sessions.harvest.pictures import MOST, bare
from sessions.harvest.service import Harvest
from tests.support.rig import rig_places
from tests.unit.harvest.test_service import record


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


HEAD = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
BODY = chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND")
NOTED = HEAD + chunk(b"tEXt", b"Author\0Ada") + BODY + b"behind it"
JFIF, EXIF = b"\xff\xe0\0\4ab", b"\xff\xe1\0\5Ada"
SCAN = b"\xff\xda\0\2\1\2\xff\xd9"


def test_notes_on_the_person_are_taken_out() -> None:
    assert bare(NOTED) == HEAD + BODY
    assert bare(b"\xff\xd8" + JFIF + EXIF + SCAN + b"Ada") == b"\xff\xd8" + JFIF + SCAN


@pytest.mark.parametrize("data", [b"", b"GIF89a", NOTED[:40], b"\xff\xd8", b"\xff\xd8\xff\xe1\0\0"])
def test_what_is_no_whole_picture_is_none(data: bytes) -> None:
    assert bare(data) == b""


@pytest.mark.parametrize("change", ["", "other", "long"])
def test_a_picture_that_a_command_made_lies_in_the_draft(tmp_path: Path, change: str) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "plot.png").write_bytes(
        {"": NOTED, "other": HEAD + BODY, "long": b"0" * (MOST + 1)}[change]
    )
    record(tmp_path, "s1", cwd=str(work))
    digest = hashlib.sha256(NOTED).hexdigest()
    signals: ByproductSignals = {"made": True, "command": "make plot", "sha256": digest}
    origin: ByproductOrigin = {"session": "s1", "turn": 1, "seq": 1}
    found = Found("picture", "", "plot.png", origin=origin, signals=signals)
    harvest = Harvest(rig_places(tmp_path))
    outside = Found("picture", "", "../../plot.png", origin=origin, signals={"name": "a.png"})
    (rig_places(tmp_path).session("s1").parent / "plot.png").write_bytes(NOTED)
    draft = harvest.draft(harvest.create([found, outside], "plots").name)
    assert draft.files == ({} if change else {"assets/plot.png": HEAD + BODY})
    assert draft.file_receipts == ({} if change else {"assets/plot.png": found.id})


def drawn(kind: str, side: int, *, frames: int = 1) -> bytes:
    """A picture with everything that its format can tell of a person."""
    exif = Image.Exif()
    exif[0x0112], exif[0x013B] = side, "Ada"
    pictures = [Image.new("RGB", (3, 2), (40 * n, 0, 90)) for n in range(frames)]
    more: dict[str, object] = {} if kind == "GIF" else {"exif": exif}
    if kind == "GIF":
        more["comment"] = b"by Ada"
    if kind == "WEBP":
        more["xmp"] = b"<x>Ada</x>"
    if frames > 1:
        more |= {"save_all": True, "append_images": pictures[1:], "loop": 0}
    file = io.BytesIO()
    pictures[0].save(file, kind, **more)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("side", [1, 6])
def test_of_each_format_the_pixels_stay_and_the_side_that_is_up(kind: str, side: int) -> None:
    before = drawn(kind, side)
    assert b"Ada" in before
    after = bare(before)
    assert b"Ada" not in after and bare(after) == after
    with Image.open(io.BytesIO(before)) as one, Image.open(io.BytesIO(after)) as other:
        assert one.tobytes() == other.tobytes()
        assert other.getexif().get(0x0112, 1) == (1 if kind == "GIF" else side)
        assert set(other.getexif()) <= {0x0112} and "xmp" not in other.info


@pytest.mark.parametrize("kind", ["WEBP", "GIF"])
def test_what_moves_still_moves(kind: str) -> None:
    with Image.open(io.BytesIO(bare(drawn(kind, 1, frames=3)))) as shown:
        assert getattr(shown, "n_frames", 1) == 3
        assert shown.info["loop"] == 0


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_that_is_cut_anywhere_is_none_or_whole(kind: str) -> None:
    whole = drawn(kind, 6)
    for end in range(len(whole)):
        assert b"Ada" not in bare(whole[:end])


def test_what_a_command_made_and_is_a_pipe_by_now_holds_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "report.md")
    record(tmp_path, "s1", cwd=str(tmp_path))
    digest = hashlib.sha256(b"x").hexdigest()
    signals: ByproductSignals = {"made": True, "command": "make", "sha256": digest}
    origin: ByproductOrigin = {"session": "s1", "turn": 1, "seq": 1}
    found = Found("file", "", "report.md", origin=origin, signals=signals)
    assert Harvest(rig_places(tmp_path)).create([found], "reports").files == {}
