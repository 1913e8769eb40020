"""A session's branch brought into the branch that it began at.

What is landed is made without touching any checkout: commits are picked, squashed or merged
among git's objects alone (`git merge-tree`), so that whatever is killed meanwhile has changed
nothing. Only then the target moves, forward and in one step, and the session's worktree follows.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sessions.errors import AgentdeckError, UsageError
from sessions.record.closed_sets import LandedHow
from sessions.tools.git import LITERAL, fault, git, line, names, run, says
from sessions.worktrees import snapshot

HOW = ("rebase", "squash", "merge")
LANDED = "refs/agentdeck/landed/"
_HEADS = "refs/heads/"
_NEEDED = (2, 38)


@dataclass(frozen=True, slots=True)
class LandingConflict:
    """One file that both sides changed. `kind`: in git's words, "contents", "modify/delete"."""

    path: str
    kind: str = ""
    message: str = ""


class Conflicts(AgentdeckError):
    """It can't be landed: both sides changed the same. Nothing has been changed."""

    def __init__(self, onto: str, found: Sequence[LandingConflict], commit: str = "") -> None:
        paths = ", ".join(dict.fromkeys(c.path for c in found)) or "the history"
        at = f" (at commit {commit[:10]})" if commit else ""
        super().__init__(
            f"It conflicts with {onto} in {paths}{at}; nothing was changed.",
            "Hand it to the session (--hand-over), or rebase it by hand in its worktree.",
        )
        self.onto, self.found, self.commit = onto, tuple(found), commit


@dataclass(frozen=True, slots=True)
class Landing:
    """What is about to be landed. `target`: a full ref; `checkout`: where it is checked out."""

    path: Path
    branch: str
    head: str
    target: str
    old: str
    new: str
    how: LandedHow
    commits: int
    checkout: Path | None

    @property
    def onto(self) -> str:
        """The target's short name."""
        return self.target.removeprefix(_HEADS)


def prepare(
    path: Path,
    branch: str,
    target: str,
    how: LandedHow = "rebase",
    message: str = "",
    title: str = "",
    head: str = "",
) -> Landing:
    """Make what is to be landed, among git's objects alone.

    `message`: of what is squashed or merged. `head`: the commit of a branch that is checked out
    nowhere; `path` is then any place in its repository. Raises UsageError where it can't be begun
    (a dirty checkout, say), Conflicts, GitFault.
    """
    _capable(path)
    head = head or _session_side(path, branch)
    old, checkout = _target_side(path, branch, target)
    ahead = names_of(path, "rev-list", "--reverse", "--topo-order", f"{old}..{head}")
    if not ahead:
        onto = target.removeprefix(_HEADS)
        raise UsageError(f"There is nothing to land: all of it is in {onto}.")
    onto = target.removeprefix(_HEADS)
    if how == "rebase":
        new = _rebased(path, old, head, onto)
    else:
        told = message or _message(path, title or branch, branch, ahead, how)
        tree = _merged(path, old, head, onto)
        parents = [old] if how == "squash" else [old, head]
        new = _commit(path, tree, parents, told)
    return Landing(path, branch, head, target, old, new, how, len(ahead), checkout)


def finish(landing: Landing) -> None:
    """Move the target, then the session's branch to where it is. Raises GitFault, UsageError."""
    reach(landing)
    move(landing, landing.new)


def reach(landing: Landing) -> None:
    """Move the target alone. Raises GitFault, UsageError.

    Commits that became others (squashed, rebased) stay under `refs/agentdeck/landed/`.
    """
    if says(landing.path, "merge-base", "--is-ancestor", landing.head, landing.new) is None:
        ref = f"{LANDED}{landing.branch.rpartition('-')[2]}/{landing.head[:12]}"
        git(landing.path, "update-ref", ref, landing.head)
    if landing.checkout is not None:
        _still_clean(landing.checkout, landing.onto)
        git(landing.checkout, "merge", "--ff-only", "--quiet", "--no-stat", landing.new,
            doing=f"move {landing.onto} forward")  # fmt: skip
    else:
        git(landing.path, "update-ref", "-m", f"agentdeck: land {landing.branch}", landing.target,
            landing.new, landing.old, doing=f"move {landing.onto} forward")  # fmt: skip


def move(landing: Landing, commit: str) -> None:
    """Bring the session's branch and worktree to a commit; what is not committed stays."""
    if says(landing.path, "rev-parse", "HEAD") != commit:
        git(landing.path, "reset", "--quiet", "--keep", commit, doing="move the session's branch")


def commit_all(path: Path, message: str, paths: Sequence[str] = ()) -> str:
    """Commit what is not committed (of these paths alone, if there are any); the commit."""
    listed = b"\0".join(os.fsencode(p) for p in paths)
    if paths:
        some = ["--pathspec-from-file=-", "--pathspec-file-nul"]
        git(path, "add", "--all", *some, stdin=listed, env=LITERAL, doing="stage the files")
        words = ["commit", "--quiet", "--message", message, "--only", *some]
        git(path, *words, stdin=listed, env=LITERAL, doing="commit")
    else:
        git(path, "add", "--all", "--", str(path), doing="stage the files")
        git(path, "commit", "--quiet", "--message", message, doing="commit")
    return line(path, "rev-parse", "HEAD")


# -- before anything is done


def _capable(path: Path) -> None:
    said = line(path, "--version")
    found = re.search(r"(\d+)\.(\d+)", said)
    if found is None or (int(found[1]), int(found[2])) < _NEEDED:
        raise UsageError(f"Landing needs git 2.38 or later; this is {said}.", "Update git.")


def _session_side(path: Path, branch: str) -> str:
    if not path.is_dir():
        raise UsageError(f"The worktree {path} is not there.")
    if what := snapshot.half_done(path):
        raise UsageError(f"{what.capitalize()} is half done in {path}.", "End it first.")
    on = says(path, "symbolic-ref", "--quiet", "HEAD") or ""
    if on != _HEADS + branch:
        there = on.removeprefix(_HEADS) or "a commit, on no branch"
        raise UsageError(
            f"The session's worktree is at {there}, not on {branch}.", f"Switch it to {branch}."
        )
    if snapshot.dirty(path):
        raise UsageError(
            "The session has changes that are not committed; they would stay behind.",
            "Commit them first: with -m MESSAGE this is done before the landing.",
        )
    return line(path, "rev-parse", "HEAD")


def _target_side(path: Path, branch: str, target: str) -> tuple[str, Path | None]:
    onto = target.removeprefix(_HEADS)
    old = says(path, "rev-parse", "--verify", "--quiet", f"{target}^{{commit}}")
    if not old:
        raise UsageError(f"There is no branch {onto}.", "Name another with --onto.")
    if target == _HEADS + branch:
        raise UsageError("A branch can't be landed on itself.", "Name another with --onto.")
    checkout = checked_out(path, target)
    if checkout is not None:
        _still_clean(checkout, onto)
    return old, checkout


def _still_clean(checkout: Path, onto: str) -> None:
    if what := snapshot.half_done(checkout):
        raise UsageError(f"{what.capitalize()} is half done in {checkout}, where {onto} is.")
    changed = names(git(checkout, "status", "--porcelain", "-z", "--untracked-files=no"))
    if changed:
        raise UsageError(
            f"{checkout}, where {onto} is checked out, has changes that are not committed.",
            "Commit or stash them first; nothing is landed onto a dirty tree.",
        )


def checked_out(path: Path, ref: str) -> Path | None:
    """The checkout in which a branch is, if there is one."""
    at = None
    out = git(path, "worktree", "list", "--porcelain", "-z")
    for entry in names(out):
        key, _, value = entry.partition(" ")
        if key == "worktree":
            at = Path(value)
        elif key == "branch" and value == ref and at is not None and at.is_dir():
            return at
    return None


# -- among git's objects


def names_of(path: Path, *words: str) -> list[str]:
    """Commits that git lists, one a line."""
    return line(path, *words).split()


def _rebased(path: Path, old: str, head: str, onto: str) -> str:
    base = says(path, "merge-base", old, head)
    if base == old:
        return head  # nothing to put on top of anything: the target moves forward to it
    todo = names_of(
        path, "rev-list", "--reverse", "--topo-order", "--no-merges", "--right-only",
        "--cherry-pick", f"{old}...{head}",
    )  # fmt: skip
    if todo and says(path, "branch", "--remotes", "--contains", todo[0]):
        raise UsageError(
            "The session's branch was pushed: a rebase would rewrite what others may have.",
            "Land it with --merge or --squash.",
        )
    top = old
    for commit in todo:
        top = _picked(path, commit, top, onto)
    return top


def _picked(path: Path, commit: str, top: str, onto: str) -> str:
    parent = says(path, "rev-parse", "--verify", "--quiet", f"{commit}^1")
    if parent == top:
        return commit
    # What is on top of `parent` with the content of `top` has `parent` in common with the commit.
    stand_in = top
    if parent:
        tree = line(path, "rev-parse", f"{top}^{{tree}}")
        stand_in = _commit(path, tree, [parent], "stand-in", ours=True)
    tree = _merged(path, stand_in, commit, onto, commit)
    if tree == line(path, "rev-parse", f"{top}^{{tree}}"):
        return top
    form = "--format=%an%x00%ae%x00%ad%x00%B"
    said = git(path, "show", "--no-patch", "--date=raw", "--encoding=UTF-8", form, commit)
    name, email, date, message = said.removesuffix(b"\n").split(b"\0", 3)
    author = {
        "GIT_AUTHOR_NAME": os.fsdecode(name),
        "GIT_AUTHOR_EMAIL": os.fsdecode(email),
        "GIT_AUTHOR_DATE": os.fsdecode(date),
    }
    return _commit(path, tree, [top], os.fsdecode(message), author)


def _merged(path: Path, ours: str, theirs: str, onto: str, commit: str = "") -> str:
    """The tree of both. Raises Conflicts."""
    words = ["merge-tree", "--write-tree", "-z", "--name-only", "--messages"]
    words += ["--allow-unrelated-histories", ours, theirs]
    done = run(path, words)
    if done.returncode not in (0, 1) or not done.stdout:
        raise fault(done, f"merge with {onto}")
    tree = done.stdout.split(b"\0", 1)[0]
    if done.returncode == 1:
        raise Conflicts(onto, _conflicts(done), commit)
    return tree.decode()


def _conflicts(done: subprocess.CompletedProcess[bytes]) -> list[LandingConflict]:
    parts = [os.fsdecode(p) for p in done.stdout.split(b"\0")]
    end = parts.index("", 1) if "" in parts[1:] else len(parts)
    kinds: dict[str, LandingConflict] = {}
    rest = parts[end + 1 :]
    while rest and rest[0].isdigit():
        count = int(rest[0])
        paths, kind, text = rest[1 : count + 1], rest[count + 1], rest[count + 2]
        if kind.startswith("CONFLICT"):
            for path in paths[:1]:
                short = kind.removeprefix("CONFLICT").strip(" ()")
                kinds.setdefault(path, LandingConflict(path, short, text.strip()))
        rest = rest[count + 3 :]
    listed = dict.fromkeys([*parts[1:end], *kinds])
    return [kinds.get(path, LandingConflict(path)) for path in listed]


def _commit(
    path: Path, tree: str, parents: Sequence[str], message: str,
    env: dict[str, str] | None = None, *, ours: bool = False,
) -> str:  # fmt: skip
    words = [word for parent in parents for word in ("-p", parent)]
    out = git(
        path, "commit-tree", tree, *words, stdin=message.encode("utf-8", "surrogateescape"),
        env={**(snapshot.IDENTITY if ours else {}), **(env or {})}, doing="make the commit",
    )  # fmt: skip
    return out.decode().strip()


def _message(path: Path, title: str, branch: str, ahead: Sequence[str], how: LandedHow) -> str:
    if how == "merge":
        return f"Merge {branch}\n\n{title}\n"
    if len(ahead) == 1:
        return line(path, "show", "--no-patch", "--format=%B", ahead[0])
    subjects = [line(path, "show", "--no-patch", "--format=%s", c) for c in ahead[:50]]
    return f"{title}\n\n" + "".join(f"- {s}\n" for s in subjects)
