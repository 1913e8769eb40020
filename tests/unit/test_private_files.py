"""What the program keeps is the user's alone, there whole or not at all, and written in one way."""

from __future__ import annotations

import ast
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sessions.paths import own_bytes
from skills import private_files
from tests.unit.cli.conftest import Home, server  # noqa: F401 - a fixture

ROOT = Path(__file__).parents[2]

BY_HAND = {
    "skills/private_files.py": "it is the one way",
    "skills/install.py": "a skill comes together beside the library and comes in by one rename",
    "skills/bundled/arxiv-priming/scripts/arxiv_draw.py": "runs without agentdeck",
    "sessions/paths.py": "folders, with the errors that people read",
    "sessions/record/journal.py": "grows by lines, each in one write, and is repaired",
    "sessions/engine/lifecycle.py": "looks at a lock without making one",
    "sessions/engine/protocol.py": "writes the source tree, by hand of who works on it",
    "sessions/backends/acp/archives.py": "an agent's folder comes in by one rename",
    "sessions/priming/evidence/page.py": "writes the source tree, by hand of who works on it",
    "sessions/importers/run.py": "a session's folder comes in by one rename",
    "sessions/harvest/draft.py": "a draft's folder comes in by one rename",
    "sessions/harvest/draft_store.py": "folders that change places",
    "sessions/harvest/service.py": "a skill that goes back to where it was",
    "sessions/harvest/replay.py": "files for a command to find, gone with its folder",
    "sessions/tools/safe_open.py": "the user's own files, by descriptors of their folders",
    "sessions/terminals/recording.py": "what a terminal shows, while it comes",
    "sessions/tools/command_output.py": "output of a command while it comes",
    "sessions/tools/quarantine.py": "renames what is the user's",
    "sessions/worktrees/make.py": "the user's own files",
    "sessions/archive/export_file.py": "an export to where the user says",
    "sessions/cli/sessions.py": "an export to where the user says",
    "sessions/plans/draft.py": "a plan to where the user says",
    "sessions/remote/repository_transfer.py": "a branch on its way here, gone with its folder",
    "sessions/cli/plan.py": "an export to where the user says",
    "tui/panels/harvest/panel.py": "a copy to where the user says",
    "tui/panels/harvest/review.py": "a draft's file as the user edits it",
}
"""Modules that make, write or rename files otherwise, and why."""

_WRITING = {"write_text", "write_bytes", "rename", "flock", "lockf", "mkstemp", "mkdir",
            "makedirs", "NamedTemporaryFile"}  # fmt: skip


def writes(path: Path) -> Iterator[str]:
    """The calls in a module that make, write, rename or lock a file."""
    text = path.read_text("utf-8")
    if not any(f"{name}(" in text for name in {*_WRITING, "open"}) and "O_CREAT" not in text:
        return  # most, whose trees are not made
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Attribute) and node.attr == "O_CREAT":
            yield f"O_CREAT, line {node.lineno}"
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name not in {*_WRITING, "open"} or "safe_open." in ast.unparse(node.func):
            continue
        words = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
        opens = name == "open" and any(isinstance(w, str) and set(w) & set("wax") for w in words)
        if name in _WRITING or (opens and all(len(str(w)) < 4 for w in words)):
            yield f"{name}, line {node.lineno}"


def test_files_are_written_in_one_way() -> None:
    modules = [p for part in ("skills", "sessions", "tui") for p in (ROOT / part).rglob("*.py")]
    found = {str(p.relative_to(ROOT)): list(writes(p)) for p in modules}
    others = {name: calls for name, calls in found.items() if calls and name not in BY_HAND}
    assert others == {}, "use skills.private_files, or say why not in BY_HAND"
    assert BY_HAND.keys() <= found.keys(), "these are gone"


@pytest.fixture
def open_mask() -> Iterator[None]:
    """As if every file were to be for everybody."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_files_and_folders_are_the_users_alone(tmp_path: Path, open_mask: None) -> None:
    there = private_files.folder(tmp_path / "a" / "b")
    private_files.write(there / "file", "text")
    private_files.add(there / "log", b"line\n")
    with private_files.locked(there / "lock"):
        pass
    os.close(private_files.create(there / "new"))
    assert {mode(p) for p in there.iterdir()} == {0o600}
    assert {mode(p) for p in (tmp_path / "a", there)} == {0o700}


def test_a_file_is_there_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    private_files.write(path, "before \udc80")
    assert path.read_bytes() == b"before \x80"
    for step in ("fsync", "fchmod"):

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(private_files.os, step, full)
            with pytest.raises(OSError, match="No space"):
                private_files.write(path, "after")
        assert path.read_bytes() == b"before \x80"
        assert list(tmp_path.iterdir()) == [path]


def test_it_is_on_the_disk_before_it_takes_the_others_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, rename = os.fsync, Path.rename

    def synced(descriptor: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def renamed(self: Path, target: Path) -> Path:
        done.append("rename")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "rename", renamed)
    private_files.write(tmp_path / "file", "text")
    assert done == ["file", "rename", "folder"]


def test_a_link_that_somebody_laid_is_not_written_through(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("as it was")
    for name in ("file", "lock", "new"):
        (tmp_path / name).symlink_to(kept)
    private_files.write(tmp_path / "file", "text")
    assert not (tmp_path / "file").is_symlink()
    with pytest.raises(OSError):
        private_files.lock(tmp_path / "lock")
    with pytest.raises(FileExistsError):
        private_files.create(tmp_path / "new")
    assert kept.read_text() == "as it was"


def test_a_lock_keeps_others_out(tmp_path: Path) -> None:
    with private_files.locked(tmp_path / "lock"), pytest.raises(BlockingIOError):
        private_files.lock(tmp_path / "lock", wait=False)
    os.close(private_files.lock(tmp_path / "lock", wait=False))


SKILL = """---
name: tally
description: Counts what is there. Use when something is counted.
---
Count.
"""
SAID = '[{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]'


@pytest.mark.timeout(300)
def test_every_file_that_the_program_makes_is_private(server: str, open_mask: None) -> None:  # noqa: F811
    root = Path(tempfile.mkdtemp(prefix="deck-"))
    home = Home(root, server)
    home.work.mkdir()
    try:
        home.out("config", "init")
        home.configure()
        skill = home.work / "tally"
        skill.mkdir()
        (skill / "SKILL.md").write_text(SKILL)
        source = home.work / "said.json"
        source.write_text(
            '[{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]'
        )
        for args in (
            ("skills", "add", str(skill)),
            ("run", "Hi", "--title", "first"),
            ("import", str(source)),
            ("prime", "acronym", "--draw-only"),
            ("harvest", "--list"),
            ("sessions", "list"),
            ("doctor",),
        ):
            done = home.call(*args)
            assert done.returncode in (0, 1, 2), done.stderr
        made = list(home.home.rglob("*"))
        assert len([p for p in made if p.is_file()]) > 8
        open_ones = {
            str(p.relative_to(root)): oct(mode(p))
            for p in [home.home, *made]
            if not p.is_symlink() and mode(p) & 0o077
        }
        assert open_ones == {}
    finally:
        home.close()
        shutil.rmtree(root, ignore_errors=True)


def test_a_file_is_read_through_a_link_and_up_to_its_bound(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"sixsix")
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    assert own_bytes(tmp_path / "link", 6) == b"sixsix"
    with pytest.raises(OSError, match="too large"):
        own_bytes(tmp_path / "link", 5)
    with pytest.raises(FileNotFoundError):
        own_bytes(tmp_path / "none", 6)


def test_what_is_no_file_is_not_read_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(OSError, match="no regular file"):
            own_bytes(path, 6)
    with pytest.raises(IsADirectoryError):
        own_bytes(tmp_path, 6)
