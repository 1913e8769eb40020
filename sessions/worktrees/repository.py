"""What a folder is part of, and a base pinned to a commit before anything else happens."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from sessions.errors import UsageError
from sessions.tools import git_border
from sessions.tools.git import fault, line, run, says

_HEADS = "refs/heads/"


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository as seen from one folder.

    `common`: the git folder that all of its worktrees share. `top`: the checkout that the folder
    is in; None in a bare repository. `inner`: where in the checkout the folder is.
    """

    common: Path
    top: Path | None
    inner: Path = Path()

    @property
    def name(self) -> str:
        """What a person calls it: its main checkout's folder, or the bare one without `.git`."""
        folder = self.common.parent if self.common.name == ".git" else self.common
        return folder.name.removesuffix(".git") or "repository"

    @property
    def at(self) -> Path:
        """Where git is run for it."""
        return self.top or self.common


@dataclass(frozen=True, slots=True)
class Base:
    """Where a branch begins: a commit, and the branch (`refs/heads/…`) it was named by, or ""."""

    commit: str
    ref: str = ""

    @property
    def branch(self) -> str:
        """The branch's short name."""
        return self.ref.removeprefix(_HEADS)


def look(folder: Path) -> Repository | None:
    """The repository of a folder; None where there is none. Raises GitFault for any other no."""
    done = run(folder, ["rev-parse", "--git-common-dir", "--show-toplevel"])
    told = os.fsdecode(done.stdout).removesuffix("\n").split("\n")
    if done.returncode or len(told) != 2:  # in no checkout, or a name that holds a newline
        refused = fault(done, f"run rev-parse in {folder}")
        if "not a git repository" in refused.said:
            return None
        told = [line(folder, "rev-parse", "--git-common-dir")]
        told += [says(folder, "rev-parse", "--show-toplevel") or ""]
    common, top = told
    shared = Path(os.path.realpath(folder / common))
    if not top:
        return Repository(shared, None)
    checkout = Path(os.path.realpath(top))
    inner = Path(os.path.relpath(folder.resolve(), checkout))
    return Repository(shared, checkout, inner)


def own_folder(checkout: Path) -> Path:
    """Git's own folder of a checkout, read where `.git` is or names one, else told by git.

    Raises GitFault.
    """
    with contextlib.suppress(OSError):
        found = git_border.repository(checkout) if (checkout / ".git").exists() else None
        if found and (found.own / "HEAD").is_file() and (found.common / "objects").exists():
            return found.own
    return Path(line(checkout, "rev-parse", "--absolute-git-dir"))


def repository(folder: Path) -> Repository:
    """The same. Raises UsageError where there is none."""
    found = look(folder)
    if found is None:
        raise UsageError(
            f"{folder} is in no git repository, so the session can't have a worktree.",
            "Make one there (git init, and a first commit), or do without a worktree.",
        )
    return found


def pin(found: Repository, name: str = "") -> Base:
    """The commit that `name` (a branch, tag or commit; "": HEAD) stands for now.

    Raises UsageError where there is no such commit, or none at all yet.
    """
    wanted = name or "HEAD"
    commit = says(
        found.at, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{wanted}^{{commit}}"
    )
    if not commit:
        raise _no_commit(found, name)
    ref = says(found.at, "rev-parse", "--symbolic-full-name", "--end-of-options", wanted) or ""
    ref = ref.splitlines()[-1] if ref else ""
    return Base(commit, ref if ref.startswith(_HEADS) else "")


def _no_commit(found: Repository, name: str) -> UsageError:
    if not says(found.at, "rev-parse", "--verify", "--quiet", "HEAD^{commit}"):
        any_branch = says(found.at, "for-each-ref", "--count=1", "--format=%(refname:short)")
        if not any_branch:
            return UsageError(
                f"The repository {found.name} has no commit yet, so no branch can begin there.",
                "Make a first commit, or do without a worktree.",
            )
        if not name:
            return UsageError(
                f"HEAD of the repository {found.name} is a branch without a commit.",
                f"Name another base, {any_branch} for one.",
            )
    return UsageError(
        f"There is no commit {name!r} in the repository {found.name}.",
        "Name a branch, a tag or a commit as the base.",
    )
