"""A worktree added for a session, with the ignored files that it needs, and taken away again."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sessions.errors import UsageError
from sessions.paths import private_folder
from sessions.record import events as ev
from sessions.tools.git import GitFault, fault, git, run, says
from sessions.worktrees import naming, remove, submodules
from sessions.worktrees.few_changed_paths import LARGE
from sessions.worktrees.index_copy import index_of
from sessions.worktrees.repository import Base, Repository, pin, repository
from sessions.worktrees.snapshot import snapshot

_TRIES = 5


@dataclass(frozen=True, slots=True)
class Worktree:
    """A session's worktree. `cwd`: where in it the session works. `notes`: what is to be told."""

    session: str
    repository: Repository
    base: Base
    branch: str
    path: Path
    cwd: Path
    copied: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def event(self) -> ev.WorktreeAdded:
        """As it is recorded."""
        return ev.WorktreeAdded(
            session=self.session,
            path=str(self.path),
            repository=str(self.repository.common),
            name=self.repository.name,
            branch=self.branch,
            base=self.base.commit,
            base_ref=self.base.ref,
            copied=list(self.copied),
            notes=list(self.notes),
        )


def plan(worktrees: Path, folder: Path, session_id: str, title: str, base: str = "") -> Worktree:
    """What would be made for a session that was to work in `folder`; nothing is changed yet.

    The base is pinned to a commit here, before anything else. Raises UsageError, GitFault.
    """
    found = repository(folder)
    pinned = pin(found, base)
    flat = says(found.at, "rev-parse", "--verify", "--quiet", f"refs/heads/{naming.PREFIX}")
    branch = naming.branch(title, session_id, flat=bool(flat))
    return of_branch(worktrees, found, session_id, branch, pinned)


def of_branch(
    worktrees: Path, found: Repository, session_id: str, branch: str, base: Base
) -> Worktree:
    """What would be made for a session with a branch of that name."""
    path = naming.folder(Path(os.path.realpath(worktrees)), found.name, branch)
    return Worktree(session_id, found, base, branch, path, path / found.inner)


def take_on(wanted: Worktree) -> Worktree:
    """Check out a branch that is there; one that brought nothing begins at its base. Raises
    GitFault."""
    at, ref = wanted.repository.at, f"refs/heads/{wanted.branch}"
    if not says(at, "rev-parse", "--verify", "--quiet", ref):
        git(at, "branch", "--no-track", wanted.branch, wanted.base.commit, doing="make the branch")
    private_folder(wanted.path.parent)
    words = ["worktree", "add", "--quiet", "--", str(wanted.path), wanted.branch]
    git(at, *words, doing=f"add a worktree of {wanted.repository.name}")
    wanted.cwd.mkdir(parents=True, exist_ok=True)
    return wanted


def add(wanted: Worktree, copy: Sequence[str] = ()) -> Worktree:
    """Make it: a branch at the base, checked out, with what `copy` names. Raises GitFault.

    What could not be made whole leaves neither a folder nor a branch.
    """
    made = _checked_out(wanted, copy)
    _begin_noting(made.path)
    return made


def _checked_out(wanted: Worktree, copy: Sequence[str]) -> Worktree:
    at, path = wanted.repository.at, wanted.path
    if says(at, "rev-parse", "--verify", "--quiet", f"refs/heads/{wanted.branch}"):
        raise UsageError(f"There is a branch {wanted.branch} already.", "Choose another title.")
    private_folder(path.parent)
    done = run(
        at, ["worktree", "add", "--quiet", "--no-track", "-b", wanted.branch, "--", str(path),
             wanted.base.commit],
    )  # fmt: skip
    if done.returncode:
        with contextlib.suppress(Exception):
            remove.take_away(at, path, wanted.branch, wanted.base.commit)
        raise fault(done, f"add a worktree of {wanted.repository.name}")
    notes = [*submodules.fill(wanted.repository.top, path), *_lfs(path)]
    cwd = wanted.cwd
    if not cwd.is_dir():
        notes.append(f"{wanted.repository.inner} is not part of the commit; it was made, empty.")
        cwd.mkdir(parents=True, exist_ok=True)
    copied: list[str] = []
    if wanted.repository.top is not None:
        copied, refused = copy_into(wanted.repository.top, path, copy)
        notes += refused
    return replace(wanted, copied=tuple(copied), notes=tuple(notes))


def fork(wanted: Worktree, folder: Path, base: Base, copy: Sequence[str]) -> Worktree:
    """A worktree that begins as another one is: its commits, and what is not committed there.

    `wanted`: planned from `folder`, the other one's. `base`: the commit that both are told
    against. Raises UsageError, GitFault.
    """
    top = wanted.repository.top or folder
    state = snapshot(top, "The state of a session that is forked.\n", [wanted.base.commit])
    made = _checked_out(wanted, copy)
    git(made.path, "read-tree", "-m", "-u", "HEAD", state, doing="bring the files along")
    git(made.path, "reset", "--quiet", doing="bring the files along")
    _begin_noting(made.path)
    made.cwd.mkdir(parents=True, exist_ok=True)
    return replace(made, base=base)


def copy_into(top: Path, path: Path, patterns: Sequence[str]) -> tuple[list[str], list[str]]:
    """Copy what the patterns name from a checkout into a worktree; what was, and what could not be.

    What is there already (tracked files) is left alone; links are copied as links.
    """
    copied: list[str] = []
    refused: list[str] = []
    for pattern in patterns:
        parts = Path(pattern).parts
        if not parts or Path(pattern).is_absolute() or ".." in parts or ".git" in parts:
            raise UsageError(
                f"worktrees.copy can't hold {pattern!r}.", "Name files within the repository."
            )
        for source in sorted(top.glob(pattern)):
            inner = source.relative_to(top)
            if ".git" in inner.parts or os.path.lexists(path / inner):
                continue
            try:
                _copy(source, path / inner)
                copied.append(str(inner))
            except (OSError, shutil.Error) as error:
                refused.append(f"{inner} could not be copied: {error}.")
    return copied, refused


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir() and not source.is_symlink():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copy2(source, target, follow_symlinks=False)


def _begin_noting(path: Path) -> None:
    """In a large repository git notes which folders hold nothing new, and need not look again.

    The note is made beside the session, which need not wait for it.
    """
    with contextlib.suppress(OSError, GitFault):
        index = index_of(path)
        if index.stat().st_size >= LARGE and _times_tell(path):
            threading.Thread(target=_noting, args=(path, index), daemon=True).start()


def _noting(path: Path, index: Path) -> None:
    """Whoever changes the index meanwhile comes first: it is tried again."""
    any(note_folders(path, index) for _ in range(_TRIES))


def note_folders(path: Path, index: Path) -> bool:
    """Write git's untracked cache into an index that nobody else changes meanwhile; whether it was.

    It is made in a copy, so that the index is locked for the moment of the exchange alone, and by
    git's own lock: a command of the session's never finds it taken for long.
    """
    copy, lock = index.with_name("index.agentdeck"), index.with_name("index.lock")
    with contextlib.suppress(OSError, GitFault):
        before = index.stat()
        shutil.copy2(index, copy)
        told = run(
            path, ["-c", "core.untrackedCache=true", "status", "--porcelain"],
            env={"GIT_INDEX_FILE": str(copy)},
        )  # fmt: skip
        if told.returncode == 0:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            try:
                now = index.stat()
                if (now.st_ino, now.st_mtime_ns) == (before.st_ino, before.st_mtime_ns):
                    copy.replace(index)
                    return True
            finally:
                lock.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        copy.unlink(missing_ok=True)
    return False


def _times_tell(path: Path) -> bool:
    """Whether a folder's time tells that something was added to it, as that note needs."""
    with tempfile.TemporaryDirectory(prefix=".agentdeck-", dir=path) as name:
        folder = Path(name)
        before = folder.stat().st_mtime_ns
        for _ in range(20):
            time.sleep(0.001)
            (folder / "file").touch()
            if folder.stat().st_mtime_ns != before:
                return True
            (folder / "file").unlink()
    return False


def _lfs(path: Path) -> list[str]:
    attributes = path / ".gitattributes"
    try:
        used = b"filter=lfs" in attributes.read_bytes()[: 2**20]
    except OSError:
        return []
    smudge = says(path, "config", "filter.lfs.smudge") or ""
    if used and "--skip" in smudge:
        return ["Files of Git LFS are pointers here: their contents did not come along."]
    if not used or smudge:
        return []
    return ["Files of Git LFS are pointers: git-lfs is not set up here."]
