"""What is being done with a worktree, written down, so that what a kill cut off is taken up.

A note stands in a folder while a worktree is added, put away, brought back or removed. The next
engine finds it, completes the step or takes it back, and says which.
"""

from __future__ import annotations

import asyncio
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from sessions.paths import private_folder
from sessions.tools import git_border
from sessions.tools.git import names, run
from sessions.worktrees import remove, snapshot
from skills import private_files

Outcome = Literal["", "discarded", "restored"]
_ADD = (
    "Making the worktree {0.branch} was cut off before its session began; what there was of it "
    "has been removed."
)
_PUT_AWAY = "Discarding {0.branch} was cut off after its work was kept; it is complete now: {1}."
_NOT_PUT_AWAY = "Discarding {0.branch} was cut off before anything was changed."
_NOT_BACK = "Bringing {0.branch} back was cut off; it is kept as before: bring it back again."
_BACK = "Bringing {0.branch} back was cut off at its end; it is complete now."
_REMOVED = "Removing the worktree {0.path} was cut off; it is complete now."
_LEFT = "Removing the worktree {0.path} was cut off, and it holds something: it was left."


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `own`: the worktree's folder in git's."""

    what: Literal["add", "discard", "restore", "remove"]
    path: str
    repository: str
    branch: str = ""
    session: str = ""
    commit: str = ""
    own: str = ""


def removing(path: Path, repository: str, branch: str) -> Step:
    """The step that removes a worktree which holds nothing."""
    known = git_border.repository(path)
    own = str(known.own) if known is not None else ""
    return Step("remove", str(path), repository, branch, own=own)


@contextmanager
def begun(folder: Path, step: Step) -> Iterator[None]:
    """The step is written down until it has ended, well or not."""
    note = private_folder(folder) / f"{uuid.uuid4().hex}.json"
    private_files.write(note, json.dumps(asdict(step)))
    try:
        yield
    except (Exception, asyncio.CancelledError):
        note.unlink(missing_ok=True)
        raise
    note.unlink(missing_ok=True)


def take_away(folder: Path, common: Path, path: Path, branch: str) -> None:
    """Remove a worktree which holds nothing, and its branch. Raises GitFault."""
    with begun(folder, removing(path, str(common), branch)):
        remove.take_away(common, path, branch)


def left(folder: Path) -> list[tuple[Path, Step]]:
    """The notes of steps that were cut off; one that can't be read is removed."""
    found = []
    for note in sorted(folder.glob("*.json")):
        try:
            found.append((note, Step(**json.loads(note.read_text("utf-8")))))
        except (OSError, ValueError, TypeError):
            note.unlink(missing_ok=True)
    return found


def mend(step: Step, root: Path, *, owned: bool) -> tuple[Outcome, str]:
    """Complete a step that was cut off, or take it back; what became of it, and it in words.

    `root`: our folder of worktrees. `owned`: a session's record says that the worktree is its
    own. Raises AgentdeckError.
    """
    path, common = Path(step.path), Path(step.repository)
    inside = Path(os.path.realpath(path.parent)).is_relative_to(os.path.realpath(root))
    if not inside or not common.is_dir():
        return "", ""
    if step.what == "add":
        return _mend_add(step, path, common, owned=owned)
    if step.what == "remove":
        return _mend_remove(step, path, common)
    kept = snapshot.kept_of(common, step.session)
    if step.what == "discard":
        if kept is None:
            return "", _NOT_PUT_AWAY.format(step)
        remove.take_away(common, path, step.branch, kept.tip)
        return "discarded", _PUT_AWAY.format(step, kept.ref)
    if kept is None:
        return ("restored", _BACK.format(step)) if path.is_dir() else ("", "")
    remove.take_away(common, path, step.branch, kept.tip)
    return "", _NOT_BACK.format(step)


def _mend_add(step: Step, path: Path, common: Path, *, owned: bool) -> tuple[Outcome, str]:
    if owned:
        return "", ""
    remove.take_away(common, path, step.branch, step.commit)
    return "", _ADD.format(step)


def _mend_remove(step: Step, path: Path, common: Path) -> tuple[Outcome, str]:
    if path.is_dir() and not _only_gone(step, path):
        return "", _LEFT.format(step)
    remove.take_away(common, path, step.branch)
    return "", _REMOVED.format(step)


def _only_gone(step: Step, path: Path) -> bool:
    """Whether what is left of a worktree is what git knows: files are missing, nothing else."""
    if not any(path.iterdir()):
        return True
    if not Path(step.own, "HEAD").is_file():
        return False
    words = ["--git-dir", step.own, "--work-tree", str(path), "status", "--porcelain", "-z",
             "--no-renames", "--untracked-files=all"]  # fmt: skip
    done = run(path, words)
    return done.returncode == 0 and all(e.startswith(" D") for e in names(done.stdout))
