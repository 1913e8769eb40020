"""Byproducts of many sessions: journals read once, remembered until they change."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sessions.harvest.byproducts import Found, byproducts
from sessions.harvest.journal_cache import of_journal
from sessions.harvest.recurring import recurrence
from sessions.paths import Places

# Part of every remembered result's mark: raise it when the finder finds differently.
FINDER = 21
Progress = Callable[[int, int], None]


def gather(
    session_ids: Sequence[str],
    places: Places,
    progress: Progress | None = None,
    *,
    once: bool = False,
) -> list[Found]:
    """The byproducts of sessions, with what recurs among them marked.

    `progress` is called with sessions done and sessions in all; `once`: also commands that ran but
    once in all. Raises NotFound for a session that is not there.
    """
    groups: list[list[Found]] = []
    for number, session in enumerate(session_ids, 1):
        groups.append(of_session(session, places))
        if progress is not None:
            progress(number, len(session_ids))
    return recurrence(groups, once=once)


def of_session(session: str, places: Places) -> list[Found]:
    """One session's byproducts, from the memory if its journal has not changed since.

    Raises NotFound.
    """
    return of_journal(
        session,
        places,
        ("byproducts", FINDER),
        lambda events: byproducts(session, events, once=True),
        lambda found: [each.kept() for each in found],
        lambda told: [Found.from_json(each) for each in told],
    )


def all_sessions(places: Places) -> list[str]:
    """Ids of all sessions on disk, oldest first."""
    return sorted(_ids(places.sessions))


def _ids(folder: Path) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
                    yield entry.name
    except FileNotFoundError:
        return
