"""Pictures that are no text, in a draft's folder."""

from __future__ import annotations

import hashlib
import struct
import zlib
from pathlib import Path

import pytest

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
    signals = {"made": True, "command": "make plot", "sha256": hashlib.sha256(NOTED).hexdigest()}
    origin = {"session": "s1", "turn": 1, "seq": 1}
    found = Found("picture", "", "plot.png", origin=origin, signals=signals)
    harvest = Harvest(rig_places(tmp_path))
    outside = Found("picture", "", "../../plot.png", origin=origin, signals={"name": "a.png"})
    (rig_places(tmp_path).session("s1").parent / "plot.png").write_bytes(NOTED)
    draft = harvest.draft(harvest.create([found, outside], "plots").name)
    assert draft.files == ({} if change else {"assets/plot.png": HEAD + BODY})
    assert draft.file_receipts == ({} if change else {"assets/plot.png": found.id})
