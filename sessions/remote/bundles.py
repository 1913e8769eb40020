"""Repositories and branches on their way between two machines, as git bundles.

Over there each repository is kept once, bare, and grows by what it lacks; every task works in a
clone of its own that borrows its objects, in a worktree on a branch, which comes back as a bundle.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
import socket
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from sessions.errors import UsageError
from sessions.ids import new_id
from sessions.paths import private_folder
from sessions.tools.git import git, line, run, says
from sessions.worktrees import naming
from sessions.worktrees.repository import Repository
from sessions.worktrees.submodules import CARRIED
from skills import private_files

_SENT = "refs/agentdeck/sent/"
_EARLIER = "refs/agentdeck/earlier/"
_ORIGIN = "refs/agentdeck/origin/"
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}\Z")
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_ADDRESS = re.compile(
    r"(?:(?:https|git)://[^@\s:/]+(?::\d+)?/|ssh://(?:[\w.-]+@)?[\w.-]+(?::\d+)?/"
    r"|file:///|[\w.]+@[\w.-]+:)[^\s]+\Z"
)
_MOST_KNOWN = 200
_FSCK = ("-c", "fetch.fsckObjects=true", "-c", "gc.auto=0")


# -- here


def key_of(repository: Repository) -> str:
    """What a repository is called over there: the same for every task of it."""
    name = re.sub(r"[^A-Za-z0-9._-]", "-", repository.name).strip(".-")[:40] or "repository"
    said = f"{socket.gethostname()}:{repository.common}"
    return f"{name}-{hashlib.sha256(said.encode()).hexdigest()[:12]}"


def packed(repository: Repository, commit: str, known: Sequence[str], into: Path) -> None:
    """A bundle of a commit without what is `known` over there already. Raises GitFault."""
    # A name of its own each time: it may go to two places at once.
    at, ref = repository.at, f"{_SENT}{commit}-{new_id()}"
    has = [c for c in known[:_MOST_KNOWN] if _COMMIT.match(c) and _there(at, c)]
    git(at, "update-ref", ref, commit, doing="name what is sent")
    try:
        less = ["--not", *has] if has else []
        git(at, "bundle", "create", "--quiet", str(into), ref, *less, doing="pack the repository")
    finally:
        run(at, ["update-ref", "-d", ref])


def fetched(
    repository: Repository, bundle: Path, branch: str, head: str, session: str, before: str = ""
) -> None:
    """Take a session's branch that came back: a new one, or one that went on; never another.

    `before`: the commit at which it came last; at that one it may be written over, and what it was
    stays under a ref. Raises GitFault, UsageError.
    """
    if not naming.is_of(branch, session) or not is_commit(head):
        raise UsageError(f"What came back is not the session's branch: {branch[:80]!r}.")
    ref = f"refs/heads/{branch}"
    anew = "+" if before and says(repository.at, "rev-parse", ref) == before else ""
    git(
        repository.at, *_FSCK, "fetch", "--quiet", "--no-tags", "--no-recurse-submodules",
        "--no-write-fetch-head", str(bundle), f"{anew}{ref}:{ref}",
        doing=f"take the branch {branch} back",
    )  # fmt: skip
    if line(repository.at, "rev-parse", ref) != head:
        raise UsageError(f"The branch {branch} came back at another commit than was said.")
    if anew and says(repository.at, "merge-base", "--is-ancestor", before, head) is None:
        git(repository.at, "update-ref", f"{_EARLIER}{session}/{before[:12]}", before)


def came(repository: Repository, branch: str, head: str, session: str) -> bool:
    """Whether a session's branch is here already, at that commit."""
    ref = f"refs/heads/{branch}"
    return naming.is_of(branch, session) and says(repository.at, "rev-parse", ref) == head


def is_commit(name: str) -> bool:
    """Whether a name is a commit's whole one."""
    return _COMMIT.match(name) is not None


def _there(at: Path, commit: str) -> bool:
    return run(at, ["cat-file", "-e", f"{commit}^{{commit}}"]).returncode == 0


def address(repository: Repository) -> str:
    """Where another machine can fetch a repository by itself, "" where that is not to be told.

    Not one that holds a key or a password, and none that names a folder of this machine.
    """
    said = says(repository.at, "config", "remote.origin.url") or ""
    return said if _ADDRESS.match(said) else ""


# -- over there


class Cache:
    """The bare repositories of a machine, each by its key."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, key: str) -> Path:
        """Where one is. Raises UsageError: that is no key."""
        if not _KEY.match(key):
            raise UsageError(f"{key[:80]!r} names no repository.")
        return self._root / f"{key}.git"

    def has(self, key: str, commit: str) -> bool:
        """Whether a commit of it is here."""
        at = self.path(key)
        return bool(_COMMIT.match(commit)) and at.is_dir() and _there(at, commit)

    def tips(self, key: str) -> list[str]:
        """What is here of it already: commits that need not come again."""
        at = self.path(key)
        said = says(at, "for-each-ref", "--format=%(objectname)") if at.is_dir() else None
        return list(dict.fromkeys((said or "").split()))[:_MOST_KNOWN]

    def take(self, key: str, bundle: Path) -> None:
        """Take a bundle in, one at a time. Raises GitFault."""
        at = self.path(key)
        with private_files.locked(private_folder(self._root) / f".{key}.lock"):
            self._made(at)
            git(
                at, *_FSCK, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head",
                str(bundle), f"+{_SENT}*:{_SENT}*", doing="take the repository in",
            )  # fmt: skip

    def fetch(self, key: str, address: str) -> None:
        """Fetch all branches of a repository by its address. Raises GitFault, UsageError."""
        if not _ADDRESS.match(address):
            raise UsageError("That is no address of a repository.")
        at = self.path(key)
        with private_files.locked(private_folder(self._root) / f".{key}.lock"):
            self._made(at)
            git(
                at, *_FSCK, "-c", "core.sshCommand=ssh -o BatchMode=yes", "fetch", "--quiet",
                "--no-tags", "--no-write-fetch-head", address, f"+refs/heads/*:{_ORIGIN}*",
                doing="fetch the repository",
            )  # fmt: skip

    def clone(
        self, key: str, commit: str, target: Path, author: Sequence[str] = (), ref: str = ""
    ) -> None:
        """A clone without files for one task, which borrows the objects. Raises GitFault.

        `ref`: the branch that the commit is of where it came from; it is called so here too.
        """
        if not self.has(key, commit):
            raise UsageError(f"The commit {commit[:12]} of {key} is not here.", "Send it first.")
        private_folder(target.parent)
        if target.exists():  # begun by an engine that did not get as far as its session
            shutil.rmtree(target)
        settings = [f"{name}={value}" for name, value in _settings(author)]
        git(
            target.parent, "clone", "--quiet", "--shared", "--no-checkout",
            *(word for each in settings for word in ("-c", each)),
            str(self.path(key)), str(target), doing="make a clone for the task",
        )  # fmt: skip
        git(target, "update-ref", "--no-deref", "HEAD", commit, doing="begin at the commit")
        if ref:
            git(target, "update-ref", ref, commit, doing="name the branch that it begins at")

    @staticmethod
    def _made(at: Path) -> None:
        if not (at / "HEAD").exists():
            private_folder(at)
            git(at, "init", "--quiet", "--bare", doing="make a place for the repository")


def _settings(author: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Those of a task's clone, all set as it is made: each would be a process of git's."""
    yield CARRIED, "true"
    if shutil.which("git-lfs"):  # it would ask the repository here for what never came
        yield "filter.lfs.smudge", "git-lfs smudge --skip -- %f"
        yield "filter.lfs.process", "git-lfs filter-process --skip"
    for setting, value in zip(("user.name", "user.email"), author, strict=False):
        if value:
            yield setting, value


def branch_packed(folder: Path, branch: str, base: str, into: Path) -> str:
    """A bundle of a branch since its base; its head, "" where nothing was committed. Raises
    GitFault."""
    head = line(folder, "rev-parse", f"refs/heads/{branch}", doing="find the branch")
    if line(folder, "rev-list", "--count", f"{base}..{head}") == "0":
        return ""
    with tempfile.TemporaryDirectory(prefix=".bundle-", dir=private_folder(into.parent)) as name:
        made = Path(name) / "bundle"
        git(
            folder, "bundle", "create", "--quiet", str(made), f"refs/heads/{branch}", "--not", base,
            doing="pack the branch",
        )  # fmt: skip
        with contextlib.suppress(FileNotFoundError):
            into.unlink()
        made.chmod(0o600)  # git makes it for whomever the umask lets in
        made.replace(into)
    return head
