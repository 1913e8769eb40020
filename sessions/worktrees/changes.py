"""All that a checkout holds beyond a commit: committed since, not committed, not tracked."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from sessions.api.worktrees import ChangesFound, CommitShown, FileShown
from sessions.errors import UsageError
from sessions.safety.sanitise import clean, clean_line
from sessions.tools.git import LITERAL, QUIET, GitFault, git, line, names, run, says
from sessions.worktrees import few_changed_paths, patch
from sessions.worktrees.few_changed_paths import Committed, Status
from sessions.worktrees.index_copy import about_to_be_added, copied_index
from sessions.worktrees.patch import FileChange, Hunk

DIFF = (
    "-c", "core.bigFileThreshold=20m", "-c", "diff.suppressBlankEmpty=false", "diff", "--no-color",
    "--no-ext-diff", "--no-textconv", "--no-relative", "--full-index", "--src-prefix=a/",
    "--dst-prefix=b/", "-M", "--patch", "--submodule=short", "--ignore-submodules=untracked",
)  # fmt: skip
_STATUS = (
    "status", "--porcelain=v2", "-z", "--no-renames", "--untracked-files=normal",
    "--ignore-submodules=untracked",
)  # fmt: skip
_MOST = 400
"""Paths that are named to git."""
_LOOK = "look at the session's folder"
_MEANWHILE = "It is not as it was shown any more: something changed it meanwhile."


@dataclass(slots=True)
class Changes:
    """What was found. `commits`: newest first."""

    top: Path
    base: str
    head: str
    files: list[FileChange]
    commits: list[CommitShown] = field(default_factory=list)
    nested: list[str] = field(default_factory=list)
    """Folders that are repositories of their own: git does not look into them."""
    reverted: list[str] = field(default_factory=list)
    """Files that commits changed and that are, not committed, as they were at the base."""
    staged: set[str] = field(default_factory=set)
    """Paths of which git's index holds something that is not committed."""

    @property
    def dirty(self) -> bool:
        """Whether something is not committed."""
        return bool(self.nested or self.reverted) or any(f.uncommitted for f in self.files)

    def to_json(self) -> ChangesFound:
        """As `sessions diff --json` prints it."""
        return {
            "base": self.base,
            "head": self.head,
            "dirty": self.dirty,
            "added": sum(f.added for f in self.files),
            "removed": sum(f.removed for f in self.files),
            "commits": self.commits,
            "nested": [_text(n) for n in self.nested],
            "files": [file_json(f) for f in self.files],
        }

    def text(self) -> str:
        """As a patch to be read."""
        return _text(b"".join(f.text() for f in self.files))


def file_json(file: FileChange) -> FileShown:
    """One file of `sessions diff --json`."""
    return {
        "path": _text(file.path),
        "old_path": _text(file.old_path),
        "status": file.status,
        "binary": file.binary,
        "untracked": file.untracked,
        "uncommitted": file.uncommitted,
        "staged": file.staged,
        "added": file.added,
        "removed": file.removed,
        "old_mode": file.old_mode,
        "new_mode": file.new_mode,
        "old_blob": file.old_blob,
        "new_blob": file.new_blob,
        "hunks": [
            {
                "id": hunk_id(h),
                "staged": h.staged,
                "old_start": h.old_start,
                "old_count": h.old_count,
                "new_start": h.new_start,
                "new_count": h.new_count,
                "heading": clean_line(_text(h.heading)),
                "lines": [clean(_text(one)) for one in h.lines],
            }
            for h in file.hunks
        ],
    }


def hunk_id(hunk: Hunk) -> str:
    """Names a hunk by what it says and where: another one has another name."""
    return hashlib.sha256(hunk.text()).hexdigest()[:16]


def _text(value: str | bytes) -> str:
    data = value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")
    return data.decode("utf-8", "replace")


def collect(folder: Path, base: str, *, context: int = 3, fold_space: bool = False) -> Changes:
    """Everything in the checkout of `folder` against `base`. Nothing is changed. For a thread.

    `context`: lines around each hunk. `fold_space`: changes of white space alone are left out.
    Raises GitFault.
    """
    top, own, head = _where(folder)
    words = [*DIFF, f"-U{context}", *(["-w", "--ignore-blank-lines"] if fold_space else []), base]
    doing = f"compare with {base[:10]}"
    # A large repository is gone through once: what is compared then are the paths that changed.
    with ThreadPoolExecutor(1) as beside:
        at_work = beside.submit(git, top, *_STATUS, env=QUIET, doing=doing)
        commits = _commits(top, base) if head else []
        since = _in_head(top, base) if head and head != base else {}
        status = Status.read(names(at_work.result()))
    loose, nested = _loose(top, status.loose)
    files = None
    if few_changed_paths.pays(own) and not status.unmerged:
        with suppress(GitFault):  # a file where there is a folder, say: git sees to it itself
            files = few_changed_paths.compare(
                top, words[:-1], few_changed_paths.sides(status, since, loose), doing
            )
    if files is None:
        files = _all(top, words, loose, doing)
    found = Changes(top, base, head, files, commits, nested)
    found.staged = status.staged
    _mark(found, set(loose), since, fold_space)
    return found


def find(
    folder: Path, base: str, path: str, hunk: str = ""
) -> tuple[Path, FileChange, Hunk | None]:
    """A file that was shown, and a hunk of it (by its id), as they are now; the checkout first.

    Raises UsageError where it is not as it was shown, GitFault.
    """
    found = collect(folder, base)
    file = next((f for f in found.files if f.path == path), None)
    if file is None:
        raise UsageError(f"{path} has no changes (any more).", "Read it anew.")
    part = next((h for h in file.hunks if hunk_id(h) == hunk), None) if hunk else None
    if hunk and part is None:
        raise UsageError(_MEANWHILE, "Read it anew; unfold white space if it is folded.")
    return found.top, file, part


def _where(folder: Path) -> tuple[Path, Path, str]:
    """The checkout's folder, git's own of it, and the commit that it is at ("": none yet)."""
    words = ["rev-parse", "--show-toplevel", "--absolute-git-dir"]
    done = run(folder, [*words, "--verify", "--quiet", "HEAD"])
    told = os.fsdecode(done.stdout).removesuffix("\n").split("\n")
    if done.returncode or len(told) != 3:  # no commit yet, or a name that holds a newline
        top = line(folder, "rev-parse", "--show-toplevel", doing=_LOOK)
        own = line(folder, "rev-parse", "--absolute-git-dir")
        return Path(top), Path(own), says(folder, "rev-parse", "--verify", "-q", "HEAD") or ""
    return Path(told[0]), Path(told[1]), told[2]


def _loose(top: Path, told: Sequence[str]) -> tuple[list[str], list[str]]:
    """Files that are not tracked, and repositories within; git tells a new folder as one."""
    if any(name.endswith("/") for name in told):
        folders = [name for name in told if name.endswith("/")]
        named = ["--", *folders] if len(folders) <= _MOST else []
        env = {**QUIET, **LITERAL}
        inside = git(top, "ls-files", "--others", "--exclude-standard", "-z", *named, env=env)
        told = sorted({name for name in told if not name.endswith("/")} | set(names(inside)))
    return (
        [name for name in told if not name.endswith("/")],
        [name.rstrip("/") for name in told if name.endswith("/")],
    )


def _all(top: Path, words: Sequence[str], loose: list[str], doing: str) -> list[FileChange]:
    """Compared by all that git's index knows, and then what it does not know."""
    files = patch.read(git(top, *words, "--", env=QUIET, doing=doing))
    if loose and any(file.status == "deleted" for file in files):
        # One of them may be what was renamed to a name that git does not know yet.
        with seen(top, loose) as env:
            files = patch.read(git(top, *words, "--", doing=doing, env=env))
    elif loose:
        with seen(top, loose, alone=True) as env:
            files += patch.read(git(top, *words[:-1], "--", doing=doing, env=env))
            files.sort(key=lambda file: os.fsencode(file.path))
    return files


def _mark(
    found: Changes, loose: set[str], there: Mapping[str, Committed], fold_space: bool
) -> None:
    """Say of each file whether it is tracked, and whether it is as the last commit has it."""
    for file in found.files:
        file.untracked = file.path in loose
        file.uncommitted = file.untracked or not _committed(file, there)
    if not fold_space:
        shown = {path for file in found.files for path in (file.path, file.old_path)}
        found.reverted = sorted(path for path in there if path not in shown)


def _committed(file: FileChange, there: Mapping[str, Committed]) -> bool:
    known = there.get(file.path)
    if known is None:
        return False
    if file.status == "deleted":
        return not known.blob
    if file.status == "renamed":
        old = there.get(file.old_path)
        if old is None or old.blob:
            return False
        # Of what was only renamed git tells no blob: it is the one that it was.
        return known.blob == (file.new_blob or old.before)
    return known.blob == (file.new_blob or known.before) and known.mode == file.new_mode


def _in_head(top: Path, base: str) -> dict[str, Committed]:
    parts = names(git(top, "diff", "--raw", "-z", "--no-renames", "--no-abbrev", "--no-relative",
                      "--ignore-submodules=untracked", base, "HEAD", "--"))  # fmt: skip
    found = {}
    for about, path in zip(parts[::2], parts[1::2], strict=False):
        old, mode, before, blob, kind = about.removeprefix(":").split(" ")
        found[path] = Committed(mode, "" if kind.startswith("D") else blob, before, old)
    return found


@contextmanager
def seen(top: Path, loose: list[str], *, alone: bool = False) -> Iterator[Mapping[str, str]]:
    """An environment in which git takes untracked files for ones that are about to be added.

    In a copy of the index: the real one stays as it is. `alone`: it knows of nothing else.
    """
    if not loose:
        yield QUIET
        return
    with copied_index(top, empty=alone) as env:
        about_to_be_added(top, loose, env, "look at untracked files")
        yield env


def _commits(top: Path, base: str) -> list[CommitShown]:
    form = "--format=%H%x00%s%x00%an%x00%cI"
    out = git(top, "log", "-z", "--max-count=200", form, f"{base}..HEAD", "--")
    parts = out.decode("utf-8", "replace").rstrip("\0").split("\0")
    rows = [parts[n : n + 4] for n in range(0, len(parts) - 3, 4)]
    return [
        {"commit": sha, "subject": clean_line(subject), "author": clean_line(author), "at": at}
        for sha, subject, author, at in rows
    ]


def since(folder: Path, base: str, ref: str) -> str:
    """The commit that a session's changes are told against: its base, or where it is rebased to.

    `ref`: the branch that it began at. Where that has moved on and the session's branch has been
    put on top of it, what stands there already is none of the session's changes.
    """
    if not ref:
        return base
    meet = says(folder, "merge-base", "HEAD", ref)
    if not meet or says(folder, "merge-base", "--is-ancestor", base, meet) is None:
        return base
    return meet
