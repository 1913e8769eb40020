"""What a worktree holds, kept as a commit under a ref, so that its folder can go and come back.

`refs/agentdeck/kept/<session>` is a commit whose tree is everything in the folder (what git
ignores is not), and whose parents are what was checked out and the session's branch. git's own
clean-up leaves it alone until the ref is pruned.
"""

from __future__ import annotations

import os
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

from sessions.errors import NotFound, UsageError
from sessions.tools.git import git, line, names, run, says
from sessions.worktrees import remove, submodules
from sessions.worktrees.index_copy import copied_index
from sessions.worktrees.repository import own_folder
from skills import private_files

REFS = "refs/agentdeck/kept/"
IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "agentdeck"), ("EMAIL", "agentdeck@localhost"))
}
_HALF_DONE = {
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "BISECT_LOG": "a bisection",
}


@dataclass(frozen=True, slots=True)
class Kept:
    """What was put away of one session. `tip`: the commit of its branch."""

    session: str
    commit: str
    branch: str
    tip: str
    path: str
    base: str = ""
    base_ref: str = ""
    title: str = ""
    at: str = ""
    where: str = ""
    """The ref, where it is another than a discarded session's."""

    @property
    def ref(self) -> str:
        """Where it is kept."""
        return self.where or REFS + self.session


def half_done(folder: Path) -> str:
    """What git is in the middle of there ("a rebase"), or ""."""
    git_dir = own_folder(folder)
    return next((what for name, what in _HALF_DONE.items() if (git_dir / name).exists()), "")


def nowhere_else(path: Path, branch: str) -> list[str]:
    """What is in a worktree and in no other place, in words; nothing where all is elsewhere too.

    Commits that no other branch, tag, remote or kept ref reaches; what is not committed; and
    repositories within, which git does not look into.
    """
    told: list[str] = []
    own = [name for name in ("HEAD", f"refs/heads/{branch}") if says(
        path, "rev-parse", "--verify", "--quiet", name)]  # fmt: skip
    others = [
        f"--exclude={branch}",
        "--branches",
        "--tags",
        "--remotes",
        "--glob=refs/agentdeck/kept/*",
    ]
    if own:
        count = int(line(path, "rev-list", "--count", *own, "--not", *others))
        told += [f"{count} commit{'' if count == 1 else 's'}"] if count else []
    words = ("--porcelain", "-z", "--no-renames", "--untracked-files=all")
    changed = names(git(path, "status", *words, "--ignore-submodules=none"))
    nested = [entry[3:] for entry in changed if entry.startswith("??") and entry.endswith("/")]
    files = len(changed) - len(nested)
    told += [f"{files} changed file{'' if files == 1 else 's'}"] if files else []
    told += [f"the repository {name.rstrip('/')}" for name in nested]
    told += [f"the submodule {name}" for name in _submodules(path)]
    return told


def obstacles(path: Path) -> None:
    """Raise UsageError if a worktree holds what a commit can't: it must not be removed."""
    if what := half_done(path):
        raise UsageError(
            f"{what.capitalize()} is half done in {path}.", "End it or take it back first."
        )
    loose = names(git(path, "ls-files", "--others", "--exclude-standard", "-z"))
    nested = [name.rstrip("/") for name in loose if name.endswith("/")] + _submodules(path)
    if nested:
        raise UsageError(
            f"{path} holds a repository of its own, {nested[0]}, which can't be kept in a commit.",
            "Move it away, or push what is in it and remove it.",
        )


def _submodules(path: Path) -> list[str]:
    """Submodules that are checked out and hold what is in no remote of theirs."""
    found = []
    for name in submodules.folders(path):
        if not (path / name / ".git").exists():
            continue
        dirty = says(path / name, "status", "--porcelain")
        away = says(path / name, "branch", "--remotes", "--contains", "HEAD")
        if dirty or not away:
            found.append(name)
    return found


def snapshot(path: Path, message: str, parents: list[str]) -> str:
    """A commit of everything in a checkout as it is, beside every branch. Raises GitFault."""
    with copied_index(path) as env:
        env = {**env, **IDENTITY}
        git(path, "add", "--all", "--", str(path), env=env, doing="keep what is not committed")
        tree = os.fsdecode(git(path, "write-tree", env=env)).strip()
        words = [word for parent in parents for word in ("-p", parent)]
        return os.fsdecode(
            git(path, "commit-tree", tree, *words, stdin=message.encode(), env=env,
                doing="keep what is not committed")
        ).strip()  # fmt: skip


def keep(path: Path, session: str, branch: str, base: str, base_ref: str, title: str) -> Kept:
    """Keep all that a worktree holds. Raises UsageError (see `obstacles`), GitFault."""
    obstacles(path)
    head = line(path, "rev-parse", "--verify", "HEAD")
    tip = says(path, "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}") or head
    subject = " ".join(title.split())[:80] or branch
    message = (
        f"Kept: {subject}\n\nSession: {session}\nBranch: {branch}\nTip: {tip}\n"
        f"Base: {base}\nBase-Ref: {base_ref}\nPath: {path}\n"
    )
    commit = snapshot(path, message, list(dict.fromkeys([head, tip])))
    git(path, "update-ref", REFS + session, commit, doing="keep the session's work")
    return Kept(session, commit, branch, tip, str(path), base, base_ref, subject)


def put_away(at: Path, path: Path, session: str, branch: str, base: str, base_ref: str,
             title: str) -> Kept:  # fmt: skip
    """Keep what a worktree holds, then remove it and its branch."""
    found = keep(path, session, branch, base, base_ref, title)
    remove.take_away(at, path, branch, found.tip)
    return found


def ignored(path: Path) -> int:
    """How many files and folders git ignores there: they are not kept."""
    out = git(path, "ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z")
    return len(names(out))


def kept(at: Path) -> list[Kept]:
    """All that is kept in a repository, the newest first."""
    form = "%(refname)%00%(objectname)%00%(creatordate:iso-strict)%00%(contents)%00%01"
    out = git(at, "for-each-ref", "--sort=-creatordate", f"--format={form}", REFS)
    found = []
    for entry in out.decode("utf-8", "surrogateescape").split("\0\1\n"):
        parts = entry.split("\0")
        if len(parts) == 4:
            found.append(_read(*parts))
    return found


def kept_of(at: Path, session: str) -> Kept | None:
    """What is kept of one session, or None."""
    return next((k for k in kept(at) if k.session == session), None)


def remains(at: Path, known: Container[str]) -> list[Kept]:
    """What review and landings have kept of sessions that are no more, one for each."""
    form = "--format=%(refname) %(objectname) %(committerdate:iso-strict)"
    below = [f"refs/agentdeck/{name}/" for name in ("undo", "landed")]
    found: dict[str, Kept] = {}
    for entry in line(at, "for-each-ref", form, *below).splitlines():
        ref, commit, when = entry.split(" ", 2)
        session = ref.split("/")[3]
        if session not in known:
            found.setdefault(session, Kept(session, commit, "", commit, "", at=when, where=ref))
    return list(found.values())


def _read(ref: str, commit: str, at: str, message: str) -> Kept:
    head, _, body = message.partition("\n\n")
    said = {key: value for key, _, value in (one.partition(": ") for one in body.split("\n"))}
    return Kept(
        session=ref.removeprefix(REFS),
        commit=commit,
        branch=said.get("Branch", ""),
        tip=said.get("Tip", commit),
        path=said.get("Path", ""),
        base=said.get("Base", ""),
        base_ref=said.get("Base-Ref", ""),
        title=head.removeprefix("Kept: ").strip(),
        at=at,
    )


def restore(at: Path, session: str, path: Path) -> Kept:
    """Bring a worktree back to `path` as it was: what was not committed, not committed.

    Raises NotFound where nothing is kept, UsageError where something else stands there now.
    """
    found = kept_of(at, session)
    if found is None:
        raise NotFound("Nothing is kept of this session.", "It was not discarded, or was pruned.")
    head = line(at, "rev-parse", f"{found.commit}^1")
    if not path.exists():
        there = says(at, "rev-parse", "--verify", "--quiet", f"refs/heads/{found.branch}")
        if there not in (None, found.tip):
            raise UsageError(
                f"There is a branch {found.branch} again, at another commit.",
                "Rename it (git branch -m), then try again.",
            )
        if there is None:
            git(at, "update-ref", f"refs/heads/{found.branch}", found.tip, "")
        private_files.folder(path.parent)
        on = [str(path), found.branch] if head == found.tip else ["--detach", str(path), head]
        git(at, "worktree", "add", "--quiet", *on, doing="bring the worktree back")
    elif says(path, "rev-parse", "HEAD") != head or dirty(path):
        raise UsageError(f"{path} is there, and holds something.", "Move it away first.")
    git(path, "read-tree", "-m", "-u", "HEAD", found.commit, doing="bring the files back")
    git(path, "reset", "--quiet", doing="bring the files back")
    run(at, ["update-ref", "-d", found.ref, found.commit])
    submodules.fill(at.parent if at.name == ".git" else None, path)
    return found


def dirty(path: Path) -> bool:
    """Whether something is not committed there."""
    return bool(git(path, "status", "--porcelain", "-z"))


def forget(at: Path, found: Kept) -> None:
    """Let go of what is kept of a session, for good: what was taken back in review, and commits
    that were rebased or squashed when they landed, too."""
    others = line(at, "for-each-ref", "--format=%(refname)", "refs/agentdeck/").split()
    for ref in others:
        if ref.startswith("refs/agentdeck/") and found.session in ref.split("/"):
            run(at, ["update-ref", "-d", ref])
