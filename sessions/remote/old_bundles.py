"""Bundles of tasks that other machines have here: how long they stay."""

from __future__ import annotations

import contextlib
import time

from sessions.ids import is_id
from sessions.paths import Places

OUTGOING, INCOMING = "outgoing", "incoming"
"""Folders in the data folder: branches that are fetched, repositories that come."""
_DAYS = {OUTGOING: 7, INCOMING: 1}


def swept(places: Places) -> None:
    """Remove bundles that nobody fetches any more, and those that never came whole."""
    now = time.time()
    for name, days in _DAYS.items():
        with contextlib.suppress(FileNotFoundError):
            for path in list((places.data / name).iterdir()):
                session = path.stem
                gone = name == OUTGOING and is_id(session) and not places.session(session).exists()
                with contextlib.suppress(OSError):
                    if path.is_file() and (gone or path.stat().st_mtime < now - days * 86_400):
                        path.unlink()
