"""What the program keeps is the user's alone, there whole or not at all, and written in one way."""

from __future__ import annotations

import ast
import base64
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sessions.errors import UsageError
from sessions.harvest.byproducts import Found
from sessions.harvest.suggestions import Suggestions
from sessions.ids import new_id
from sessions.paths import Places, own_bytes
from sessions.remote.bundles import branch_packed
from sessions.remote.work import received
from skills import private_files
from tests.unit.cli.conftest import Home, server  # noqa: F401 - a fixture

ROOT = Path(__file__).parents[2]

BY_HAND = {
    "skills/private_files.py": "it is the one way",
    "skills/install.py": "a skill comes together beside the library and comes in by one rename",
    "skills/archive.py": "a skill packed to where the user says",
    "skills/bundled/arxiv-priming/scripts/arxiv_draw.py": "runs without agentdeck",
    "skills/bundled/skill-creator/scripts/skill.py": "runs without agentdeck",
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
    "sessions/tools/sandbox.py": "puts back the user's own links that a command replaced",
    "sessions/tools/quarantine.py": "renames what is the user's",
    "sessions/worktrees/make.py": "the user's own files",
    "sessions/worktrees/index_copy.py": "a copy of git's index, gone with its folder",
    "sessions/archive/database.py": "sets a damaged index aside, SQLite writes the other",
    "sessions/archive/export_file.py": "an export to where the user says",
    "sessions/plans/draft.py": "a plan to where the user says",
    "sessions/remote/bundles.py": "git writes a bundle beside, which comes in by one rename",
    "sessions/remote/return_home.py": "a few bytes of a journal's first line, in place and synced",
    "sessions/remote/cluster/actor_deck.py": "a link from one folder of ours to another",
    "sessions/remote/repository_transfer.py": "a branch on its way here, gone with its folder",
    "sessions/cli/plan.py": "an export to where the user says",
    "tui/panels/harvest/panel.py": "a copy to where the user says",
    "tui/panels/harvest/review.py": "a draft's file as the user edits it",
}
"""Modules that make, write or rename files otherwise, and why."""

_WRITING = {"write_text", "write_bytes", "rename", "flock", "lockf", "mkstemp", "mkdir",
            "makedirs", "NamedTemporaryFile", "touch", "symlink_to", "hardlink_to"}  # fmt: skip
_BY_ARGUMENTS = {"open", "ZipFile", "replace", "copy", "copy2", "copyfile", "copyfileobj",
                 "copytree", "move"}  # fmt: skip
_NO_FILE = {"toolbox.replace"}
"""Calls that look like those on a path."""


def _to_write(node: ast.Call) -> bool:
    """Whether `open` is asked for more than reading, or for what only the run can tell."""
    of_a_name = isinstance(node.func, ast.Name)  # open(path, mode); else path.open(mode)
    given = [*node.args, *(k.value for k in node.keywords if k.arg in (None, "mode"))]
    words = [
        part.value
        for arg in given
        for part in (ast.walk(arg) if isinstance(arg, ast.IfExp) else [arg])
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]
    if any(len(w) < 4 and set(w) & set("wax+") for w in words):
        return all(len(w) < 4 for w in words)
    return of_a_name and len(given) > 1 and not isinstance(given[1], ast.Constant)


def _is_write(node: ast.Call) -> bool:
    name, called = getattr(node.func, "attr", getattr(node.func, "id", "")), ast.unparse(node.func)
    if name in _WRITING:
        return "safe_open." not in called
    if name in ("open", "ZipFile"):
        return "safe_open." not in called and _to_write(node)
    if name == "replace" and called != "os.replace":  # of a text it has two, of a struct names
        on_something = isinstance(node.func, ast.Attribute) and called not in _NO_FILE
        return on_something and len(node.args) == 1 and not node.keywords
    return name in _BY_ARGUMENTS and called.startswith(("shutil.", "os."))


def writes(path: Path) -> Iterator[str]:
    """The calls in a module that make, write, rename or lock a file."""
    text = path.read_text("utf-8")
    names = {*_WRITING, *_BY_ARGUMENTS}
    if not any(f"{name}(" in text for name in names) and "O_CREAT" not in text:
        return  # most, whose trees are not made
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Attribute) and node.attr == "O_CREAT":
            yield f"O_CREAT, line {node.lineno}"
        if isinstance(node, ast.Call) and _is_write(node):
            yield f"{ast.unparse(node.func)[-40:]}, line {node.lineno}"


def test_files_are_written_in_one_way() -> None:
    modules = [p for part in ("skills", "sessions", "tui") for p in (ROOT / part).rglob("*.py")]
    found = {str(p.relative_to(ROOT)): list(writes(p)) for p in modules}
    others = {name: calls for name, calls in found.items() if calls and name not in BY_HAND}
    assert others == {}, "use skills.private_files, or say why not in BY_HAND"
    assert {name for name in BY_HAND if not found.get(name)} == set(), "these write nothing"


@pytest.mark.parametrize(
    "call", [
        "path.touch()", "part.replace(path)", "os.replace(part, path)", "shutil.copy2(part, path)",
        "shutil.copyfile(part, path)", "shutil.move(part, path)", "path.symlink_to(part)",
        "path.open('r+b')", "path.open(mode='w')", "open(path, 'r+b' if there else 'wb')",
        "open(path, how)", "open(path, mode=how)", "path.open('a' if there else 'w')",
        "zipfile.ZipFile(path, 'w')", "path.write_text('')", "os.open(path, os.O_CREAT)",
    ],
)  # fmt: skip
def test_it_is_seen_that_a_module_writes(tmp_path: Path, call: str) -> None:
    (tmp_path / "module.py").write_text(call)
    assert list(writes(tmp_path / "module.py"))


@pytest.mark.parametrize(
    "call", [
        "text.replace('a', 'b')", "replace(event, text='')", "at.replace(microsecond=0)",
        "path.open()", "path.open('rb')", "open(path, 'rb')", "open(path, encoding='utf-8')",
        "os.open(path, flags)", "deck.open(session)", "zipfile.ZipFile(path)", "copy.copy(event)",
    ],
)  # fmt: skip
def test_what_reads_or_makes_another_text_is_no_write(tmp_path: Path, call: str) -> None:
    (tmp_path / "module.py").write_text(call)
    assert list(writes(tmp_path / "module.py")) == []


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


def test_what_was_suggested_and_what_comes_in_parts_is_so_too(
    tmp_path: Path, open_mask: None
) -> None:
    places = Places(*(tmp_path / part for part in Places._fields))
    found = Found("skill", path="a/SKILL.md")
    suggestions = Suggestions(places, lambda _: [found])
    assert suggestions.tell_once("s001") and not suggestions.tell_once("s001")
    suggestions.dismiss("s001")
    name = new_id()
    for offset, part in ((0, b"lost"), (0, b"one"), (3, b"two")):
        assert received(places, name, offset, base64.b64encode(part).decode()) == offset + len(part)
    with pytest.raises(UsageError, match="6 bytes long, not 3"):
        received(places, name, 3, "")
    made = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert {p.name: mode(p) for p in made} == dict.fromkeys(("s001", "s001.told", name), 0o600)
    assert b"onetwo" in [p.read_bytes() for p in made]


def test_a_branch_that_git_packs_is_so_too(tmp_path: Path, open_mask: None) -> None:
    def git(*words: str) -> None:
        who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
        subprocess.run(["git", "-C", str(tmp_path), *who, *words], check=True)

    git("init", "--quiet", "--initial-branch", "work")
    for message in ("base", "work"):
        git("commit", "--quiet", "--allow-empty", "--message", message)
    into = tmp_path / "outgoing" / "s001.bundle"
    assert branch_packed(tmp_path, "work", "work~1", into)
    assert (mode(into.parent), mode(into)) == (0o700, 0o600)


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
