"""What a session's journal says, remembered until the journal changes: it can be found again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from sessions.errors import JournalError, NotFound
from sessions.paths import Places, private_folder
from sessions.record import codec
from sessions.record import events as ev
from sessions.record.journal import NAME, read
from skills import private_files

T = TypeVar("T")


def of_journal(
    session: str,
    places: Places,
    kind: tuple[str, int],
    find: Callable[[Iterator[ev.Event]], T],
    told: Callable[[T], Any],
    again: Callable[[Any], T],
) -> T:
    """What `find` finds in a journal, from the memory if that has not changed since.

    Args:
        kind: the memory's name, and a number to raise when `find` finds differently.
        told: what was found, as JSON.
        again: the same back from JSON.

    Raises:
        NotFound: the session is not there.
    """
    journal = places.session(session) / NAME
    try:
        status = journal.stat()
    except OSError as error:
        raise NotFound(
            f"There is no session {session}.", "See `agentdeck sessions list`."
        ) from error
    name, version = kind
    memory = places.state / name / f"{session}.json"
    mark = [version, status.st_size, status.st_mtime_ns]
    try:
        data = codec.loads(memory.read_bytes())
        if data["mark"] == mark:
            return again(data["found"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass  # not remembered, or not readable: found anew
    found = find(read(journal))
    try:
        data = codec.encode({"mark": mark, "found": told(found)})
        try:
            _ready(memory.parent)
            private_files.write(memory, data, synced=False)
        except FileNotFoundError:  # it was thrown away meanwhile
            _ready.cache_clear()
            _ready(memory.parent)
            private_files.write(memory, data, synced=False)
    except (OSError, JournalError, ValueError):
        pass  # a memory that can't be kept costs time, nothing else
    return found


@lru_cache(maxsize=8)
def _ready(folder: Path) -> Path:
    """The folder, made and looked at once: for each of a thousand sessions it took a while."""
    return private_folder(folder)
