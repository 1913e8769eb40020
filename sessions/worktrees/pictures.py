"""Pictures of a change, before and after: their bytes, where they are not too many."""

from __future__ import annotations

import base64
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from sessions.api.worktrees import PictureSides
from sessions.tools.git import run
from sessions.worktrees.changes import Changes
from sessions.worktrees.patch import FileChange

MOST = 20
"""Files of one answer."""
_MOST_BYTES = 8 * 2**20
_TOO_LARGE = "larger than 8 MiB"


def sides(found: Changes, paths: Sequence[str]) -> dict[str, PictureSides]:
    """Each of these files as it was and as it is, in base64 ("" where it is not there)."""
    wanted = set(paths[:MOST])
    return {f.path: _of(found.top, f) for f in found.files if f.path in wanted}


def _of(top: Path, file: FileChange) -> PictureSides:
    old = new = b""
    why = ""
    if file.status != "added":
        old = _earlier(top, file)
    if file.status != "deleted":
        new = _on_disk(top / file.path)
    if max(len(old), len(new)) > _MOST_BYTES:
        old, new, why = b"", b"", _TOO_LARGE
    return {
        "old": base64.b64encode(old).decode(),
        "new": base64.b64encode(new).decode(),
        "why": why,
    }


def _earlier(top: Path, file: FileChange) -> bytes:
    if file.before:
        return _on_disk(Path(file.before))
    size = run(top, ["cat-file", "-s", file.old_blob]).stdout.strip()
    if not size.isdigit():
        return b""
    if int(size) > _MOST_BYTES:
        return bytes(_MOST_BYTES + 1)
    return run(top, ["cat-file", "blob", file.old_blob]).stdout


def _on_disk(path: Path) -> bytes:
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return b""
        with path.open("rb") as file:
            return file.read(_MOST_BYTES + 1)
    except OSError:
        return b""
