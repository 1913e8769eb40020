"""All that a checkout holds beyond a commit: committed since, not committed, not tracked."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sessions.record import events as ev
from sessions.safety.sanitise import clean, clean_line
from sessions.worktrees import patch
from sessions.worktrees.git import git, line, names, says
from sessions.worktrees.patch import FileChange, Hunk

DIFF = (
    "-c", "core.bigFileThreshold=20m", "-c", "diff.suppressBlankEmpty=false", "diff", "--no-color",
    "--no-ext-diff", "--no-textconv", "--no-relative", "--full-index", "--src-prefix=a/",
    "--dst-prefix=b/", "-M", "--patch", "--submodule=short", "--ignore-submodules=untracked",
)  # fmt: skip
_LITERAL = {"GIT_LITERAL_PATHSPECS": "1"}


@dataclass(slots=True)
class Changes:
    """What was found. `commits`: newest first, `{commit, subject, author, at}`."""

    top: Path
    base: str
    head: str
    files: list[FileChange]
    commits: list[ev.JSON] = field(default_factory=list)
    nested: list[str] = field(default_factory=list)
    """Folders that are repositories of their own: git does not look into them."""

    @property
    def dirty(self) -> bool:
        """Whether something is not committed."""
        return bool(self.nested) or any(f.uncommitted for f in self.files)

    def to_json(self) -> ev.JSON:
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


def file_json(file: FileChange) -> ev.JSON:
    """One file of `sessions diff --json`."""
    return {
        "path": _text(file.path),
        "old_path": _text(file.old_path),
        "status": file.status,
        "binary": file.binary,
        "untracked": file.untracked,
        "uncommitted": file.uncommitted,
        "added": file.added,
        "removed": file.removed,
        "old_mode": file.old_mode,
        "new_mode": file.new_mode,
        "old_blob": file.old_blob,
        "new_blob": file.new_blob,
        "hunks": [
            {
                "id": hunk_id(h),
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
    top = Path(line(folder, "rev-parse", "--show-toplevel", doing="look at the session's folder"))
    head = says(top, "rev-parse", "--verify", "--quiet", "HEAD") or ""
    loose = names(git(top, "ls-files", "--others", "--exclude-standard", "-z"))
    nested = [name.rstrip("/") for name in loose if name.endswith("/")]
    loose = [name for name in loose if not name.endswith("/")]
    more = [f"-U{context}", *(["-w", "--ignore-blank-lines"] if fold_space else [])]
    with seen(top, loose) as env:
        out = git(top, *DIFF, *more, base, "--", doing=f"compare with {base[:10]}", env=env)
    files = patch.read(out)
    untracked = set(loose)
    pending = _pending(top) if head else set()
    for file in files:
        file.untracked = file.path in untracked
        file.uncommitted = file.untracked or file.path in pending or file.old_path in pending
    return Changes(top, base, head, files, _commits(top, base) if head else [], nested)


@contextmanager
def seen(top: Path, loose: list[str]) -> Iterator[Mapping[str, str]]:
    """An environment in which git takes untracked files for ones that are about to be added.

    In a copy of the index: the real one stays as it is.
    """
    if not loose:
        yield {"GIT_OPTIONAL_LOCKS": "0"}
        return
    with copied_index(top) as env:
        listed = b"\0".join(os.fsencode(name) for name in loose)
        git(top, "add", "--intent-to-add", "--pathspec-from-file=-", "--pathspec-file-nul",
            stdin=listed, env={**env, **_LITERAL}, doing="look at untracked files")  # fmt: skip
        yield env


@contextmanager
def copied_index(top: Path) -> Iterator[dict[str, str]]:
    """An environment with a copy of the checkout's index, which is thrown away."""
    index = top / line(top, "rev-parse", "--git-path", "index")
    with tempfile.TemporaryDirectory(prefix="agentdeck-") as folder:
        copy = Path(folder) / "index"
        if index.is_file():
            shutil.copy2(index, copy)
        yield {"GIT_INDEX_FILE": str(copy), "GIT_OPTIONAL_LOCKS": "0"}


def _pending(top: Path) -> set[str]:
    """Tracked files that differ from HEAD."""
    words = ("diff", "--name-only", "-z", "--no-ext-diff", "--no-renames", "--no-relative")
    return set(names(git(top, *words, "--ignore-submodules=untracked", "HEAD", "--")))


def _commits(top: Path, base: str) -> list[ev.JSON]:
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
