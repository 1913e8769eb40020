"""What a session's tools changed where there is no git: from the versions that were kept."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from pathlib import Path

from sessions.record import events as ev
from sessions.record.closed_sets import FileStatus
from sessions.record.textlines import lines
from sessions.tools.rewind import changes_since
from sessions.worktrees.changes import Changes
from sessions.worktrees.patch import FileChange, Hunk

_MOST = 2 * 2**20
"""Bytes of a file that is compared; a larger one is told as changed, without its lines."""


def collect(events: Iterable[ev.Event], folder: Path, files: Path, context: int = 3) -> Changes:
    """Everything that Write, Edit and MultiEdit changed in `folder` since the session began.

    `files`: where the session keeps earlier versions.
    """
    found = []
    for path, change in changes_since(events, 1).items():
        named = change.existed and Path(change.before).name == change.before
        before = _read(files / change.before) if named else b""
        after = _read(Path(path))
        if change.existed == (after is not None) and before == after:
            continue
        shown = os.path.relpath(path, folder) if Path(path).is_relative_to(folder) else path
        status: FileStatus = "modified" if change.existed else "added"
        file = FileChange(shown, status="deleted" if after is None else status, uncommitted=True)
        file.before = str(files / change.before) if named else ""
        name = os.fsencode(shown)
        file.head = [b"--- " + (b"a/" + name if change.existed else b"/dev/null")]
        file.head += [b"+++ " + (b"/dev/null" if after is None else b"b/" + name)]
        _compare(file, before, after or b"", context)
        found.append(file)
    return Changes(folder, "", "", sorted(found, key=lambda f: f.path))


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(_MOST + 1)
    except OSError:
        return None


def _compare(file: FileChange, before: bytes | None, after: bytes, context: int) -> None:
    old = before or b""
    if b"\0" in old[:8192] + after[:8192] or max(len(old), len(after)) > _MOST:
        file.binary = True
        return
    left, right = _lines(old), _lines(after)
    groups = difflib.SequenceMatcher(None, left, right, autojunk=False).get_grouped_opcodes(context)
    for group in groups:
        first, last = group[0], group[-1]
        hunk = Hunk(first[1] + 1, last[2] - first[1], first[3] + 1, last[4] - first[3], b"")
        for tag, a, b, c, d in group:
            if tag == "equal":
                hunk.lines += [_line(" ", text) for text in left[a:b]]
                continue
            hunk.lines += [_line("-", text) for text in left[a:b]]
            hunk.lines += [_line("+", text) for text in right[c:d]]
            file.removed += b - a
            file.added += d - c
        file.hunks.append(hunk)


def _lines(data: bytes) -> list[str]:
    return lines(data.decode("utf-8", "surrogateescape"))


def _line(mark: str, text: str) -> bytes:
    return (mark + text).encode("utf-8", "surrogateescape")
