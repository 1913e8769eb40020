"""Names of branches, and the folders that they are checked out in.

`agentdeck/<title>-<id>`: the id makes it the only one of its name, whatever sessions are called.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

PREFIX = "agentdeck"
_LONGEST = 40
_BETWEEN = re.compile(r"[^\w]+|_+")


def slug(text: str) -> str:
    """The first words of a text as a part of a name: letters and digits with hyphens between."""
    words = _BETWEEN.sub("-", unicodedata.normalize("NFKC", text[:400]).casefold()).strip("-")
    kept = unicodedata.normalize("NFC", "".join(c for c in words if c == "-" or c.isalnum()))
    if len(kept) > _LONGEST:
        whole = kept[: _LONGEST + 1].rpartition("-")[0]
        kept = whole if len(whole) > _LONGEST // 2 else kept[:_LONGEST]
    return kept.strip("-")


def branch(title: str, session_id: str, *, flat: bool = False) -> str:
    """A session's branch. `flat`: a branch `agentdeck` is in the way of a folder of that name."""
    name = f"{slug(title) or 'session'}-{session_id}"
    return f"{PREFIX}-{name}" if flat else f"{PREFIX}/{name}"


def is_of(name: str, session_id: str) -> bool:
    """Whether a branch is a session's by its name: another machine may name no other of here."""
    own = rf"{PREFIX}[/-][\w-]+-{re.escape(session_id)}"
    return re.fullmatch(own, name) is not None


def folder(worktrees: Path, repository: str, branch_name: str) -> Path:
    """Where a branch is checked out: `<worktrees>/<repository>/<branch>`."""
    return worktrees / (slug(repository) or "repository") / branch_name
