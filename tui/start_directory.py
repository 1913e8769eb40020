"""The directory that the deck was started in, and what is here of a session's."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sessions.record.summary import Summary


def here() -> str:
    """Its path, also where it is gone."""
    try:
        return str(Path.cwd())
    except OSError:
        return os.environ.get("PWD") or str(Path.home())


def folder_of(session: Summary | None) -> str:
    """A session's own; the deck's where there is none, or it is on another machine."""
    return session.cwd if session is not None and session.cwd and not session.host else here()
