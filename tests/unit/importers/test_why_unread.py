"""A named file that is not understood: told with its kind and the reason, never as done."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from sessions.cli.import_ import import_
from sessions.importers.run import import_paths
from sessions.paths import Places
from tests.support.invoked import invoke
from tests.support.rig import rig_places

CHAT = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]
SUB = {
    "type": "user", "sessionId": "s", "isSidechain": True,
    "message": {"role": "user", "content": "Look it up"},
}  # fmt: skip
PARTS = [{"role": "user", "content": {"parts": ["Hi"]}}]

UNREAD: dict[str, tuple[str | bytes, str]] = {
    "notes.md": ("# Notes\nNothing said here.\n", "no line says who speaks"),
    "chat.log": ("".join(json.dumps(m) + "\n" for m in CHAT), "does not end in .jsonl"),
    "data.json": ("[1, 2, 3]", "no messages with a `role`"),
    "broken.json": (json.dumps(CHAT)[:-9], "broken at line 1, column"),
    "lines.jsonl": ("hello\nthere\n", "none of its lines is a JSON object"),
    "parts.json": (json.dumps(PARTS), "Gemini's API"),
    "odd.json": (json.dumps([{"role": "user", "content": 5}]), "a form that is not known"),
    "tune.jsonl": (json.dumps({"messages": CHAT}), "training data"),
    "side.jsonl": (json.dumps(SUB), "sub-agent"),
    "page.html": ("<html><body>Hi</body></html>", "HTML"),
    "all.zip": ("PK\x03\x04rest", "zip archive"),
    "other.db": ("SQLite format 3\0more", "SQLite database without the tables of OpenCode"),
    "wide.txt": ("User: hi\nAssistant: ho\n".encode("utf-16"), "UTF-16"),
}


@pytest.fixture
def where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    monkeypatch.setenv("AGENTDECK_HOME", str(tmp_path / "home"))
    return rig_places(tmp_path / "home")


@pytest.mark.parametrize("name", UNREAD)
def test_a_named_file_that_is_not_understood_is_told_and_ends_with_1(
    name: str, tmp_path: Path, where: Places
) -> None:
    content, reason = UNREAD[name]
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    for _ in range(2):
        done = invoke(import_, [str(path)])
        assert done.exit_code == 1 and reason in done.output and "1 failed" in done.output
    assert not list(where.sessions.glob("*"))


def test_what_fails_in_a_folder_ends_with_1_too(tmp_path: Path, where: Places) -> None:
    folder = tmp_path / "all"
    folder.mkdir()
    db = sqlite3.connect(folder / "opencode.db")
    db.execute("create table session (id text, folder text)")
    db.execute("create table message (id text)")
    db.execute("create table part (id text)")
    db.commit()
    db.close()
    done = invoke(import_, [str(folder)])
    assert done.exit_code == 1 and "1 failed" in done.output, done.output


def test_empty_is_what_has_no_conversation(tmp_path: Path, where: Places) -> None:
    for name, content in (
        ("a.jsonl", ""),
        ("b.json", json.dumps([{"role": "system", "content": "Be kind"}])),
        ("c.json", json.dumps([{"role": "user", "content": ""}])),
    ):
        (tmp_path / name).write_text(content)
        assert [d.status for d in import_paths([tmp_path / name], where)] == ["empty"], name


def test_a_link_that_was_named_is_followed(tmp_path: Path, where: Places) -> None:
    (tmp_path / "chat.json").write_text(json.dumps(CHAT))
    (tmp_path / "link").symlink_to(tmp_path / "chat.json")
    assert [d.status for d in import_paths([tmp_path / "link"], where)] == ["new"]
