"""Git's index from a review: what of each file and hunk is staged, put in, and taken out again.

A review tells a checkout against its base, the index lies between the last commit and the
checkout. Their hunks meet in the lines of the checkout: a hunk is staged by what changes those
lines from the index on, and taken out by what the index holds of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from sessions.errors import UsageError
from sessions.tools.git import LITERAL, QUIET, git, line, says
from sessions.worktrees import changes
from sessions.worktrees.patch import FileChange, Hunk, read

_LOOKING = {**LITERAL, **QUIET}
_EXACT = (*changes.DIFF, "-U0", "--no-renames")
_MOST = 200
"""Paths that are named to git; of more it is asked for all."""

Span = tuple[int, int]
"""Lines from the first to before the second, counted from 0; an empty one is the place between."""


def mark(top: Path, files: Sequence[FileChange], staged: set[str]) -> None:
    """Say of each file and hunk whether all of it is staged, a part, or nothing ("")."""
    shown = [f for f in files if staged & set(_paths(f))]
    if not shown:
        return
    inside, outside = _both_sides(top, [p for f in shown for p in _paths(f)])
    for file in shown:
        all_in = all(p not in outside for p in _paths(file))
        file.staged = "all" if all_in else "part"
        held, left = inside.get(file.path), outside.get(file.path)
        for hunk in file.hunks:
            if all_in or not _by_hunks(file):
                hunk.staged = file.staged
                continue
            there = _touched(hunk, held, left)
            missing = left is not None and bool(_at(_span(hunk), left.hunks))
            hunk.staged = "" if not there else "part" if missing else "all"


def stage(folder: Path, base: str, path: str, hunk: str = "", *, undo: bool = False) -> None:
    """Put a hunk (by its id) or all of a file into the index, or take it out of it.

    What can't be told by hunks (new, deleted, renamed and binary files) goes as a whole. Files
    and commits stay as they are. Raises UsageError where it is not as it was shown, GitFault.
    """
    top, file, part = changes.find(folder, base, path, hunk)
    if part is None or not _by_hunks(file):
        _whole(top, _paths(file), undo=undo)
        return
    inside, outside = _both_sides(top, [path])
    held, left = inside.get(path), outside.get(path)
    if (held or left) is None or _status(held) in ("added", "deleted"):
        _whole(top, [path], undo=undo)
    elif undo:
        _write(top, path, _touched(part, held, left), undo=True)
    elif left is not None:
        _write(top, path, _at(_span(part), left.hunks), undo=False)


def commit(folder: Path, message: str) -> str:
    """Commit what is staged, and nothing else; the commit. Raises UsageError, GitFault."""
    if says(folder, "diff", "--cached", "--quiet") is not None:
        raise UsageError("Nothing is staged.", "Stage hunks or files first.")
    git(folder, "commit", "--quiet", "--message", message, doing="commit what is staged")
    return line(folder, "rev-parse", "HEAD")


def _status(file: FileChange | None) -> str:
    return file.status if file is not None else ""


def _paths(file: FileChange) -> list[str]:
    return [p for p in (file.path, file.old_path if file.status == "renamed" else "") if p]


def _by_hunks(file: FileChange) -> bool:
    return file.status == "modified" and not file.binary


def _both_sides(
    top: Path, paths: Sequence[str]
) -> tuple[dict[str, FileChange], dict[str, FileChange]]:
    """What the index holds beyond the last commit, and the checkout beyond the index, by path."""
    named = ["--", *paths] if len(paths) <= _MOST else []
    inside = git(top, *_EXACT, "--cached", *named, env=_LOOKING, doing="look at what is staged")
    outside = git(top, *_EXACT, *named, env=_LOOKING, doing="look at what is not staged")
    return {f.path: f for f in read(inside)}, {f.path: f for f in read(outside)}


def _whole(top: Path, paths: Sequence[str], *, undo: bool) -> None:
    listed = b"".join(os.fsencode(p) + b"\0" for p in paths)
    if not undo:
        words = ["update-index", "--add", "--remove", "--replace", "-z", "--stdin"]
    elif says(top, "rev-parse", "--verify", "--quiet", "HEAD"):
        words = ["reset", "--quiet", "--pathspec-from-file=-", "--pathspec-file-nul"]
    else:
        words = ["rm", "--cached", "--quiet", "--force", "--pathspec-from-file=-",
                 "--pathspec-file-nul"]  # fmt: skip
    doing = f"take {paths[0]} out of the index" if undo else f"stage {paths[0]}"
    git(top, *words, stdin=listed, env=LITERAL, doing=doing)


# -- hunks, by the lines of the checkout


def _span(hunk: Hunk, *, old: bool = False) -> Span:
    """The lines that a hunk changes, on its new (or old) side, without what is around them."""
    start, count = (
        (hunk.old_start, hunk.old_count) if old else (hunk.new_start, hunk.new_count)
    )  # fmt: skip
    first = start - 1 if count else start
    marks = [line[:1] for line in hunk.lines if line[:1] != b"\\"]
    before = next((n for n, m in enumerate(marks) if m in b"+-"), 0)
    after = next((n for n, m in enumerate(reversed(marks)) if m in b"+-"), 0)
    return first + before, first + count - after


def _meets(one: Span, other: Span) -> bool:
    if one[0] < one[1] and other[0] < other[1]:
        return one[0] < other[1] and other[0] < one[1]
    return one[0] <= other[1] and other[0] <= one[1]


def _at(place: Span, hunks: Iterable[Hunk]) -> list[Hunk]:
    return [hunk for hunk in hunks if _meets(place, _span(hunk))]


def _touched(part: Hunk, held: FileChange | None, left: FileChange | None) -> list[Hunk]:
    """What the index holds of the lines that a hunk of the review is about."""
    if held is None:
        return []
    place = _before(_span(part), left.hunks if left is not None else [])
    return _at(place, held.hunks)


def _before(place: Span, hunks: Iterable[Hunk]) -> Span:
    """Where lines of the new side are on the old one."""
    low, high = place
    met: list[Hunk] = []
    for hunk in hunks:
        grown = hunk.new_count - hunk.old_count
        if _meets(place, _span(hunk)):
            met.append(hunk)
            high -= grown if _span(hunk)[1] <= place[1] else 0
        elif _span(hunk)[1] <= place[0]:
            low -= grown
            high -= grown
    for hunk in met:
        first, last = _span(hunk, old=True)
        low, high = min(low, first), max(high, last)
    return low, max(low, high)


def _write(top: Path, path: str, hunks: Sequence[Hunk], *, undo: bool) -> None:
    """Give the index another content of a file: with these hunks, or (`undo`) without them."""
    if not hunks:
        return
    entry = git(top, "ls-files", "--stage", "-z", "--", path, env=_LOOKING)
    mode, blob, stage = entry.split(b"\t", 1)[0].decode().split(" ")
    if stage != "0":
        raise UsageError(f"{path} has a conflict that is not solved.", "Solve it, stage the file.")
    lines = _lines(git(top, "cat-file", "blob", blob))
    for hunk in sorted(hunks, key=lambda h: h.old_start, reverse=True):
        first, last = _span(hunk, old=not undo)
        lines[first:last] = _side(hunk, b"-" if undo else b"+")
    made = git(top, "hash-object", "-w", "--stdin", "--no-filters", stdin=b"".join(lines),
               doing=f"stage {path}").decode().strip()  # fmt: skip
    told = b"%s %s\t%s\0" % (mode.encode(), made.encode(), os.fsencode(path))
    git(top, "update-index", "-z", "--index-info", stdin=told, doing=f"stage {path}")


def _lines(data: bytes) -> list[bytes]:
    """As git counts them: a carriage return ends none."""
    found = [one + b"\n" for one in data.split(b"\n")]
    last = found.pop()[:-1]
    return [*found, last] if last else found


def _side(hunk: Hunk, mark: bytes) -> list[bytes]:
    found: list[bytes] = []
    last = b""
    for one in hunk.lines:
        if one[:1] == mark:
            found.append(one[1:] + b"\n")
        elif one[:1] == b"\\" and last == mark:
            found[-1] = found[-1][:-1]
        last = one[:1]
    return found
