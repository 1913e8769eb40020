"""All worktrees of sessions and all that is kept of them: whose, how large, in what state.

What stands in the folder of worktrees is found by looking there, so that one whose session is
gone (an orphan) is seen too; repositories are remembered in a file beside them, so that what is
kept is found after the last of their worktrees has gone.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from sessions.api.worktrees import WorktreeListed
from sessions.errors import AgentdeckError
from sessions.paths import private_folder
from sessions.record.closed_sets import TreeState
from sessions.record.summary import Summary
from sessions.safety.sanitise import clean_line
from sessions.tools import git_border
from sessions.tools.git import GitFault, git, says
from sessions.worktrees import snapshot, step_journal
from skills import private_files

_KNOWN = "repositories.json"
_MAKING = "initializing"
"""Why git says that a worktree is locked while it adds it."""


@dataclass(slots=True)
class WorktreeRow:
    """One worktree, or what is kept of one.

    `state`: clean (nothing that is nowhere else), changed (`holds` says what), kept (put away),
    partial (its making was cut off), missing (the folder has gone), broken (git does not know it),
    cut-off (no worktree: what became of a step that a kill cut off, until it is pruned).
    """

    state: TreeState
    path: str
    branch: str = ""
    repository: str = ""
    name: str = ""
    session: str = ""
    title: str = ""
    orphan: bool = False
    holds: list[str] | None = None
    size: int = 0
    created: str = ""
    age_s: int = 0
    ref: str = ""
    commit: str = ""

    def to_json(self) -> WorktreeListed:
        """As `worktrees list --json` prints it."""
        return cast("WorktreeListed", asdict(self) | {"holds": self.holds or []})


def rows(
    root: Path, summaries: Sequence[Summary], notes: Path | None = None, *, sizes: bool = True
) -> list[WorktreeRow]:
    """Everything, worktrees first; nothing is changed. For a thread.

    `notes`: where steps are noted that were cut off.
    """
    real = Path(os.path.realpath(root))
    owners = {
        s.worktree["path"]: s for s in summaries if s.worktree and s.worktree["session"] == s.id
    }
    found = [_row(path, owners.get(str(path)), sizes) for path in _folders(real)]
    there = {row.path for row in found}
    shared = {row.repository for row in found if row.repository} | remembered(real)
    shared |= {str(s.worktree["repository"]) for s in owners.values() if s.worktree}
    put_away = [row for common in sorted(shared) for row in _kept(Path(common), summaries)]
    kept_paths = {row.path for row in put_away}
    for path, summary in owners.items():
        tree = summary.worktree
        lost = path not in there and path not in kept_paths
        if tree is not None and lost and "kept" not in tree:
            found.append(
                WorktreeRow("missing", path, summary.branch, tree["repository"], summary.repository,
                    summary.id, summary.title)
            )  # fmt: skip
    return [*found, *put_away, *_cut_off(notes)]


def _cut_off(notes: Path | None) -> Iterator[WorktreeRow]:
    for said in sorted(notes.glob("*.said")) if notes is not None else ():
        with suppress(OSError):
            words = clean_line(said.read_text("utf-8", "replace"))
            yield WorktreeRow(
                "cut-off", str(said), holds=[words], age_s=int(time.time() - _mtime(said))
            )


def _mtime(path: Path) -> float:
    return path.stat().st_mtime


def _folders(root: Path) -> Iterator[Path]:
    """Worktrees in `<repository>/<branch>`, where a branch may be a folder and a name."""
    waiting = [(path, 1) for path in _below(root)]
    while waiting:
        path, depth = waiting.pop()
        if os.path.lexists(path / ".git"):
            yield path
        elif depth < 3:
            below = _below(path)
            if depth > 1 and not below and any(path.iterdir()):
                yield path
            waiting += [(inner, depth + 1) for inner in below]
        else:
            yield path


def _below(path: Path) -> list[Path]:
    with suppress(OSError):
        return sorted(
            (p for p in path.iterdir() if p.is_dir() and not p.is_symlink()), reverse=True
        )
    return []


def _row(path: Path, owner: Summary | None, sizes: bool) -> WorktreeRow:
    row = WorktreeRow("broken", str(path), orphan=owner is None)
    if owner is not None:
        row.session, row.title = owner.id, owner.title
    with suppress(OSError):
        made = path.stat().st_ctime if owner is None else (path / ".git").stat().st_mtime
        row.created = datetime.fromtimestamp(made, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        row.age_s = max(0, int(time.time() - made))
    row.size = _size(path) if sizes else 0
    known = git_border.repository(path)
    if known is None or known.pointer is None or known.pointer.parent != path:
        row.holds = ["files that git does not know"]
        return row
    row.repository, row.name = str(known.common), _name(known.common)
    locked = known.own / "locked"
    if locked.is_file() and locked.read_text("utf-8", "replace").strip() == _MAKING:
        row.state, row.branch = "partial", says(path, "branch", "--show-current") or ""
        return row
    try:
        row.branch = owner.branch if owner else says(path, "branch", "--show-current") or ""
        row.holds = snapshot.nowhere_else(path, row.branch)
    except GitFault as fault:
        row.holds = [str(fault)]
        return row
    row.state = "changed" if row.holds else "clean"
    return row


def _name(common: Path) -> str:
    folder = common.parent if common.name == ".git" else common
    return folder.name.removesuffix(".git")


def _size(path: Path) -> int:
    """Bytes on disk, links not followed."""
    total, waiting = 0, [str(path)]
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                with suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_blocks * 512
    return total


def _kept(common: Path, summaries: Sequence[Summary]) -> list[WorktreeRow]:
    if not common.is_dir():
        return []
    try:
        found = snapshot.kept(common)
    except AgentdeckError:
        return []
    known = {s.id: s for s in summaries}
    with suppress(AgentdeckError):
        found += snapshot.remains(common, {*known, *(k.session for k in found)})
    return [
        WorktreeRow("kept", k.path, k.branch, str(common), _name(common), k.session, k.title,
            orphan=k.session not in known, created=k.at, ref=k.ref, commit=k.commit,
            age_s=_age(k.at))
        for k in found
    ]  # fmt: skip


def _age(at: str) -> int:
    try:
        return max(0, int(time.time() - datetime.fromisoformat(at).timestamp()))
    except ValueError:
        return 0


# -- repositories that have, or had, worktrees of ours


def remembered(root: Path) -> set[str]:
    """Their git folders."""
    try:
        found = json.loads((root / _KNOWN).read_text("utf-8"))
    except (OSError, ValueError):
        return set()
    return {str(entry) for entry in found} if isinstance(found, list) else set()


def remember(root: Path, common: Path) -> None:
    """Note one."""
    real = Path(os.path.realpath(root))
    there = remembered(real)
    if str(common) in there:
        return
    private_folder(real)
    private_files.write(real / _KNOWN, json.dumps(sorted({*there, str(common)})))


# -- prune


def prune(
    root: Path,
    found: Sequence[WorktreeRow],
    notes: Path,
    *,
    orphans: bool = False,
    kept: bool = False,
) -> tuple[list[WorktreeRow], list[WorktreeRow]]:
    """Remove what nobody misses; what was removed, and what was left. For a thread.

    Orphans that hold nothing, what is left of those whose making was cut off, and git's own notes
    of folders that have gone. `orphans`: those that hold something too, which is kept under a ref
    first. `kept`: what is kept of discarded sessions, for good; only this lets go of anything.
    """
    gone: list[WorktreeRow] = []
    left: list[WorktreeRow] = []
    for row in found:
        try:
            removed = _prune(row, notes, orphans=orphans, kept=kept)
        except AgentdeckError as error:
            row.holds = [*(row.holds or []), str(error)]
            removed = False
        (gone if removed else left).append(row)
    for common in {row.repository for row in found if row.repository}:
        with suppress(AgentdeckError):
            git(Path(common), "worktree", "prune")
    for folder in [p for repo in _below(root) for p in (*_below(repo), repo)]:
        with suppress(OSError):
            folder.rmdir()
    return gone, [row for row in left if row.state != "missing"]


def _prune(row: WorktreeRow, notes: Path, *, orphans: bool, kept: bool) -> bool:
    path, common = Path(row.path), Path(row.repository) if row.repository else None
    if row.state == "cut-off":
        path.unlink(missing_ok=True)
        return True
    if row.state == "kept" and common is not None:
        if not kept:
            return False
        snapshot.forget(common, snapshot.Kept(row.session, row.commit, "", "", ""))
        return True
    if not row.orphan or common is None or row.state == "broken":
        return False
    if row.state in ("clean", "partial"):
        step_journal.take_away(notes, common, path, row.branch if _ours(row.branch) else "")
        return True
    if row.state == "changed" and orphans:
        base = says(path, "rev-parse", "--verify", "--quiet", "HEAD") or ""
        name = path.name.rpartition("-")[2] or path.name
        step = step_journal.Step("discard", str(path), str(common), row.branch, name)
        with step_journal.begun(notes, step):
            snapshot.put_away(common, path, name, row.branch, base, "", row.title or row.branch)
        return True
    return False


def _ours(branch: str) -> bool:
    return branch.startswith(("agentdeck/", "agentdeck-"))
