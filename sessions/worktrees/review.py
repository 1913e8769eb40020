"""What a session changed, wherever it works: in its worktree, in a checkout, in a plain folder."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from sessions.api.worktrees import ChangesShown
from sessions.errors import UsageError
from sessions.record import events as ev
from sessions.record.summary import Summary
from sessions.record.summary_parts import WorktreeOf
from sessions.tools import git_border
from sessions.tools.git import line, says
from sessions.worktrees import changes, changes_without_git, staging
from sessions.worktrees.changes import Changes
from sessions.worktrees.repository import look


def own(summary: Summary) -> WorktreeOf | None:
    """The session's own worktree, if it has one; a fork's past may hold its parent's."""
    tree = summary.worktree
    return tree if tree and tree["session"] == summary.id else None


def is_ours(tree: WorktreeOf, root: Path) -> bool:
    """Whether a worktree that a record names may be moved, changed and removed by us.

    A record may come from somebody else: what it names must lie in our folder of worktrees, and be
    a worktree of the repository that it names.
    """
    path = Path(os.path.realpath(tree["path"]))
    if str(path) != tree["path"] or not path.is_relative_to(os.path.realpath(root)):
        return False
    if not path.is_dir():
        return True
    found = git_border.repository(path)
    return (
        found is not None
        and found.pointer == path / ".git"
        and str(found.common) == tree["repository"]
    )


def collect(
    summary: Summary,
    events: Iterable[ev.Event],
    files: Path,
    *,
    context: int = 3,
    fold_space: bool = False,
) -> Changes:
    """Everything that is not where the session began.

    In a worktree against its base; in any other checkout against HEAD; without git, what the
    tools changed, from the versions that were kept under `files`. Raises UsageError, GitFault.
    """
    folder = Path(summary.cwd)
    if not folder.is_dir():
        raise UsageError(*_gone(summary, folder))
    if not summary.worktree:
        found = look(folder) if has_git() else None
        if found is None or found.top is None:
            return changes_without_git.collect(events, folder, files, context)
    base = base_of(summary, folder)
    told = changes.collect(folder, base, context=context, fold_space=fold_space)
    staging.mark(told.top, told.files, told.staged)
    return told


def base_of(summary: Summary, folder: Path) -> str:
    """The commit (or the empty tree) that a session's changes are told against."""
    if tree := summary.worktree:
        return changes.since(folder, tree["base"], tree["base_ref"])
    head = says(folder, "rev-parse", "--verify", "--quiet", "HEAD")
    return head or line(folder, "hash-object", "-t", "tree", "/dev/null")


def has_git() -> bool:
    """Whether git is installed."""
    import shutil

    return shutil.which("git") is not None


def _gone(summary: Summary, folder: Path) -> tuple[str, str]:
    if own(summary):
        return (
            f"The worktree {folder} is not there any more.",
            f"If it was discarded: agentdeck sessions discard {summary.id} --undo.",
        )
    return f"The directory {folder} is not there any more.", "Put it back."


def told(summary: Summary, found: Changes) -> ChangesShown:
    """What `sessions diff --json` prints."""
    base = summary.worktree["base_ref"] if summary.worktree else ""
    return {
        "id": summary.id,
        "title": summary.title,
        "repository": summary.repository,
        "branch": summary.branch,
        "base_ref": base.removeprefix("refs/heads/"),
        **found.to_json(),
    }
