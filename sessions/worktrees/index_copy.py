"""A copy of git's index, where git is shown what the real one does not hold; that one stays."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from sessions.tools.git import LITERAL, QUIET, git
from sessions.worktrees.repository import own_folder


def index_of(top: Path) -> Path:
    """Where the index of a checkout lies, or would lie. Raises GitFault."""
    return own_folder(top) / "index"


@contextmanager
def copied_index(top: Path, *, empty: bool = False) -> Iterator[dict[str, str]]:
    """An environment with a copy of the checkout's index (or an empty one), thrown away after."""
    with tempfile.TemporaryDirectory(prefix="agentdeck-") as folder:
        copy = Path(folder) / "index"
        if not empty and (index := index_of(top)).is_file():
            shutil.copy2(index, copy)
        yield {"GIT_INDEX_FILE": str(copy), **QUIET}


def about_to_be_added(
    top: Path, paths: Sequence[str], env: Mapping[str, str], doing: str, *, ignored: bool = False
) -> None:
    """Let the index of that environment take files for such. `ignored`: what git ignores too."""
    words = ["--force"] if ignored else []
    listed = b"\0".join(os.fsencode(path) for path in paths)
    git(top, "add", "--intent-to-add", *words, "--pathspec-from-file=-", "--pathspec-file-nul",
        stdin=listed, env={**env, **LITERAL}, doing=doing)  # fmt: skip
