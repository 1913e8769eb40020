"""Real repositories for tests: git as a user would run it, whatever this machine's git says."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from sessions.tools import git_border

_NAMED = (
    "-c", "user.name=n", "-c", "user.email=a@b", "-c", "init.defaultBranch=main",
    "-c", "protocol.file.allow=always", "-c", "commit.gpgsign=false",
    "-c", "maintenance.auto=false",  # a process after every commit, which finds nothing to do
)  # fmt: skip
_ONE = {"f": "x\n"}


def git(cwd: Path, *words: str, check: bool = True) -> str:
    """What git prints."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    done = subprocess.run(
        ["git", *_NAMED, *words], cwd=cwd, capture_output=True, text=True, env=clean
    )
    assert not check or done.returncode == 0, done.stderr
    return done.stdout


def repo(folder: Path, **files: str) -> Path:
    """A repository with one commit, of these files (`f` = "x\\n" where none is given).

    A copy of one that is made once, where there is nothing in the folder yet.
    """
    if folder.is_dir() and any(folder.iterdir()):
        return _made(folder, files or _ONE)
    made = _made_once(tuple(sorted((files or _ONE).items())))
    shutil.copytree(made, folder, symlinks=True, dirs_exist_ok=True)
    return folder


@cache
def _made_once(files: tuple[tuple[str, str], ...]) -> Path:
    root = tempfile.mkdtemp(prefix="repository-")
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    return _made(Path(root) / "made", dict(files))


def _made(folder: Path, files: Mapping[str, str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q")
    for sample in (folder / ".git" / "hooks").glob("*.sample"):  # none runs; each would be copied
        sample.unlink()
    with (folder / ".git" / "config").open("a") as config:  # as `git config` would, in no process
        config.write("[user]\n\tname = n\n\temail = a@b\n")
    for name, text in files.items():
        (folder / name).write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "one")
    return folder


def commit(cwd: Path, name: str, text: str, message: str = "") -> str:
    """Write a file and commit it; the commit."""
    (cwd / name).parent.mkdir(parents=True, exist_ok=True)
    (cwd / name).write_text(text)
    git(cwd, "add", "-A")
    git(cwd, "commit", "-qm", message or f"change {name}")
    return head(cwd)


def head(cwd: Path, name: str = "HEAD") -> str:
    """The commit that a name stands for."""
    if name == "HEAD" and (commit := _read_head(cwd)):
        return commit
    return git(cwd, "rev-parse", name).strip()


def _folders(cwd: Path) -> tuple[Path, Path]:
    """Git's own folder of a checkout, and the one that all of its worktrees share."""
    found = git_border.repository(cwd) if (cwd / ".git").exists() else None
    return (found.own, found.common) if found else (cwd, cwd)


def _read_head(cwd: Path) -> str:
    """The commit that is checked out, read as git would; "" where git is to be asked."""
    own, common = _folders(cwd)
    held = own / "HEAD"
    said = held.read_text().strip() if held.is_file() else ""
    if said.startswith("ref: refs/heads/"):
        loose = common / said.removeprefix("ref: ")
        said = loose.read_text().strip() if loose.is_file() else ""
    return said if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", said) else ""


def clean(cwd: Path) -> bool:
    """Whether git itself finds nothing amiss: no change, nothing half done, all objects there."""
    # Where there are no such indices, no two processes more are begun to find them right.
    objects = _folders(cwd)[1] / "objects"
    made = [*objects.glob("*/*graph*"), *(objects / "pack").glob("multi-pack-index*")]
    none = () if made else ("-c", "core.commitGraph=false", "-c", "core.multiPackIndex=false")
    assert git(cwd, *none, "fsck", "--no-progress", "--no-dangling").strip() == ""
    return git(cwd, "status", "--porcelain") == ""
