"""Taking a worktree and its branch away."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from sessions.tools.git import fault, git, run, says


def take_away(at: Path, path: Path, branch: str, commit: str = "") -> None:
    """Remove a worktree and its branch, if that is still at `commit` ("": wherever it is).

    Whoever calls has looked that it holds nothing, or has kept it. Raises GitFault.
    """
    if os.path.lexists(path):
        done = run(at, ["worktree", "remove", "--force", "--force", "--", str(path)])
        if done.returncode and (path.is_symlink() or (path / ".git").is_dir()):
            raise fault(done, f"remove the worktree {path}")  # a repository, or elsewhere
        if done.returncode and os.path.lexists(path):
            # Git has not heard of it (any more): what a killed `add` left.
            shutil.rmtree(path, ignore_errors=True)
            git(at, "worktree", "prune")
    else:
        git(at, "worktree", "prune")
    there = says(at, "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}") if branch else ""
    if there and commit in ("", there):
        git(at, "update-ref", "-d", f"refs/heads/{branch}", there)
    for folder in (path.parent, path.parent.parent):
        with contextlib.suppress(OSError):
            folder.rmdir()
