"""Byproducts of many sessions: journals read once, remembered until they change."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from sessions.errors import JournalError, NotFound
from sessions.harvest.byproducts import Found, byproducts
from sessions.harvest.recurring import recurrence
from sessions.places import Places, private_folder
from sessions.record import codec
from sessions.record import events as ev
from sessions.record.journal import NAME, read
from skills import private_files

# Part of every remembered result's mark: raise it when the finder finds differently.
FINDER = 15
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
    """One session's byproducts, from the memory if its journal has not changed since."""
    journal = places.session(session) / NAME
    try:
        status = journal.stat()
    except OSError as error:
        raise NotFound(
            f"There is no session {session}.", "See `agentdeck sessions list`."
        ) from error
    memory = places.state / "byproducts" / f"{session}.json"
    mark = [FINDER, status.st_size, status.st_mtime_ns]
    found = _remembered(memory, mark)
    if found is None:
        found = byproducts(session, read(journal), once=True)
        _remember(memory, mark, found)
    return found


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


def _remembered(memory: Path, mark: list[int]) -> list[Found] | None:
    try:
        data = json.loads(memory.read_bytes())
        if data["mark"] != mark:
            return None
        return [Found.from_json(entry) for entry in data["found"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remember(memory: Path, mark: list[int], found: Iterable[Found]) -> None:
    data: ev.JSON = {"mark": mark, "found": [each.to_json() for each in found]}
    try:
        private_folder(memory.parent)
        private_files.write(memory, codec.encode(data), synced=False)
    except (OSError, JournalError, ValueError):
        return  # a memory that can't be kept costs time, nothing else
