"""Files of JSON objects, one a line, that are only added to; the reader passes over broken ones."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from sessions.errors import AgentdeckError
from sessions.paths import private_folder
from sessions.record import codec
from sessions.record import events as ev
from skills import private_files


def add(path: Path, rows: Iterable[Mapping[str, object]], what: str, then: str) -> None:
    """Append rows with the time, on the disk before this returns.

    Raises AgentdeckError, which says `what` they are, and what to do `then`.
    """
    private_folder(path.parent)
    try:
        data = b"".join(codec.encode({"at": ev.now(), **row}) for row in rows)
        private_files.add(path, data)
    except OSError as error:
        raise AgentdeckError(
            f"The {what} could not be recorded in {path}: {error.strerror}.",
            f"Make room or make the file writable, then {then}.",
        ) from error


def objects(data: bytes) -> Iterator[ev.JSON]:
    """The object of each line; an empty one for a line that holds none."""
    for line in data.splitlines():
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = {}
        yield row if isinstance(row, dict) else {}
