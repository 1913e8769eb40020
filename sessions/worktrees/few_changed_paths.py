"""The few paths that changed in a large repository, compared without looking at all others.

git's status tells of every changed path what the last commit and the index have of it, and the
commits since the base what they changed: an index of these paths alone is made of that, as the
base has them, thrown away after it was compared with the files. For small repositories git's own
comparison of everything is quicker.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sessions.tools.git import git
from sessions.worktrees import patch
from sessions.worktrees.index_copy import about_to_be_added, copied_index
from sessions.worktrees.patch import FileChange

LARGE = 2**20
"""Bytes of an index: some ten thousand files."""
_NONE = "000000"


@dataclass(frozen=True, slots=True)
class Committed:
    """What commits since the base made of a path: its mode and blob then ("": gone), and before."""

    mode: str
    blob: str
    before: str
    mode_before: str


@dataclass(slots=True)
class Status:
    """What git's status tells. Of each changed path: mode and blob in HEAD, and in the index."""

    changed: dict[str, tuple[str, str, str, str]] = field(default_factory=dict)
    loose: list[str] = field(default_factory=list)
    staged: set[str] = field(default_factory=set)
    unmerged: bool = False

    @classmethod
    def read(cls, entries: Sequence[str]) -> Status:
        """Read `git status --porcelain=v2 -z --no-renames`."""
        found = cls()
        for entry in entries:
            if entry.startswith("? "):
                found.loose.append(entry[2:])
            elif entry.startswith("1 "):
                _, states, _, in_head, in_index, on_disk, head, index, path = entry.split(" ", 8)
                if in_index == _NONE and states[1] == "A":  # it is only about to be added
                    in_index = on_disk
                found.changed[path] = (in_head, head, in_index, index)
                if states[0] != ".":
                    found.staged.add(path)
            elif entry.startswith("u "):
                found.unmerged = True
                found.staged.add(entry.split(" ", 10)[10])
        return found


@dataclass(frozen=True, slots=True)
class Sides:
    """Modes and blobs by path: what the base has, and what there may be on disk."""

    base: Mapping[str, tuple[str, str]]
    now: Mapping[str, tuple[str, str]]


def pays(own: Path) -> bool:
    """Whether a checkout is so large, and whole. `own`: its folder in git's."""
    try:
        large = (own / "index").stat().st_size >= LARGE
    except OSError:
        return False
    return large and not (own / "info" / "sparse-checkout").exists()


def sides(status: Status, since: Mapping[str, Committed], loose: Sequence[str]) -> Sides:
    """Both sides of all paths that changed since the base, committed or not."""
    base: dict[str, tuple[str, str]] = {}
    now: dict[str, tuple[str, str]] = {}
    for path, known in since.items():
        base[path] = (known.mode_before, known.before)
        now[path] = (known.mode if known.blob else _NONE, known.blob)
    for path, (head_mode, head, index_mode, index) in status.changed.items():
        base.setdefault(path, (head_mode, head))
        now[path] = (index_mode, index)
    for path in loose:
        now[path] = ("100644", "")
    return Sides(
        {path: told for path, told in base.items() if told[0] != _NONE},
        {path: told for path, told in now.items() if told[0] != _NONE},
    )


def compare(top: Path, words: Sequence[str], found: Sides, doing: str) -> list[FileChange]:
    """What became of them. `words`: of git diff, before its commit. Raises GitFault."""
    new = [p for p in found.now if p not in found.base and os.path.lexists(top / p)]
    if not found.base and not new:
        return []
    with copied_index(top, empty=True) as env:
        if found.base:
            listed = b"".join(
                f"{mode} {blob}\t".encode() + os.fsencode(path) + b"\0"
                for path, (mode, blob) in found.base.items()
            )
            git(top, "update-index", "-z", "--index-info", stdin=listed, env=env, doing=doing)
        if new:
            about_to_be_added(top, new, env, doing, ignored=True)
        return patch.read(git(top, *words, "--", env=env, doing=doing))
