"""Real repositories for tests: git as a user would run it, whatever this machine's git says."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_NAMED = (
    "-c", "user.name=n", "-c", "user.email=a@b", "-c", "init.defaultBranch=main",
    "-c", "protocol.file.allow=always", "-c", "commit.gpgsign=false",
)  # fmt: skip


def git(cwd: Path, *words: str, check: bool = True) -> str:
    """What git prints."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    done = subprocess.run(
        ["git", *_NAMED, *words], cwd=cwd, capture_output=True, text=True, env=clean
    )
    assert not check or done.returncode == 0, done.stderr
    return done.stdout


def repo(folder: Path, **files: str) -> Path:
    """A repository with one commit, of these files (`f` = "x\\n" where none is given)."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q")
    with (folder / ".git" / "config").open("a") as config:  # as `git config` would, in no process
        config.write("[user]\n\tname = n\n\temail = a@b\n")
    for name, text in (files or {"f": "x\n"}).items():
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
    return git(cwd, "rev-parse", name).strip()


def clean(cwd: Path) -> bool:
    """Whether git itself finds nothing amiss: no change, nothing half done, all objects there."""
    assert git(cwd, "fsck", "--no-progress", "--no-dangling").strip() == ""
    return git(cwd, "status", "--porcelain") == ""
