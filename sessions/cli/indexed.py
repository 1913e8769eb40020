"""The index of all sessions, for one command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sessions.places import places

if TYPE_CHECKING:
    from sessions.archive.index import Index


@contextmanager
def index() -> Iterator[Index]:
    """The index, brought up to date."""
    from sessions.archive.index import Index

    here = places()
    found = Index.open(here.index, here.sessions)
    try:
        found.refresh()
        yield found
    finally:
        found.close()
