"""The index of all sessions, for one command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sessions.paths import places

if TYPE_CHECKING:
    from sessions.archive.index import Index
    from sessions.record.summary import Summary


_WAIT_S = 2.0
"""For another process that writes to it: whoever has called the command waits as long."""


@contextmanager
def index() -> Iterator[Index]:
    """The index, brought up to date."""
    from sessions.archive.index import Index

    here = places()
    found = Index.open(here.index, here.sessions, _WAIT_S)
    try:
        found.refresh()
        yield found
    finally:
        found.close()


def summary_of(wanted: str) -> Summary:
    """The session that is meant. Raises NotFound, UsageError."""
    from sessions.archive.session_lookup import find

    with index() as known:
        return find(known.summaries(), wanted)
