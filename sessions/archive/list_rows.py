"""Rows of the index as lists show them; read straight from its file where that is as it should be.

A command that lists starts with this module and no other of the index: what writes the index and
reads journals takes longer to import than ten thousand rows to read.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from sessions.paths import JOURNAL
from sessions.record.names import name_of

if TYPE_CHECKING:
    from sessions.record import events as ev
    from sessions.record.closed_sets import Status
    from sessions.record.summary import Summary

VERSION = 6
"""Of the index: one of another version is made again."""

T = TypeVar("T")
Mark = tuple[int, int]
"""A journal's size and time (ns): whether it is as it was when it was taken in."""


class SessionRow(NamedTuple):
    """What a list shows of a session: a part of its `Summary`, under the same names.

    What is true or false is 1 or 0 here, as SQLite has it.
    """

    id: str
    title: str
    status: Status
    backend: str
    model: str
    cwd: str
    created: str
    updated: str
    turns: int
    cost_usd: float | None
    archived: bool
    repository: str
    branch: str
    doubted: bool
    """It may be working, not begun or elsewhere: an engine knows."""
    about: str
    agent_title: str
    auto_title: str
    host: str
    size: int
    mtime: int
    """The journal's mark, when it was taken in."""


_DOUBTED = """(unbegun = 1 or host <> '' or status in ('working', 'needs-you')
or backend = 'terminal' and instr(nested, '"running": true') > 0)"""
_FIELDS = ", ".join(_DOUBTED if name == "doubted" else name for name in SessionRow._fields)
_ROWS = f"select {_FIELDS} from sessions order by id desc"


def rows(db: sqlite3.Connection) -> list[SessionRow]:
    """What lists show of every session, newest first."""
    return list(map(partial(tuple.__new__, SessionRow), db.execute(_ROWS)))


Told = tuple[str, int, int, bool, bool, str]
"""Of a session: its id, its journal's mark, whether it is archived, whether it is `doubted`, and
its row as JSON (`told`)."""

_TOLD = f"select id, size, mtime, archived = 1, {_DOUBTED}, told from sessions order by id desc"


_WAIT_S = 1.0
"""For another process that writes to it: a commit takes less, and what waits is a person."""


def current(path: Path, journals: Path) -> list[SessionRow] | None:
    """The rows of the index at `path`, if it holds all journals as they are now; else None."""
    found = _sound(path, rows)
    marked = [(row.id, row.size, row.mtime) for row in found or ()]
    return found if found is not None and _all(marked, journals) else None


def current_told(path: Path, journals: Path) -> list[Told] | None:
    """The same as JSON, which the index holds ready: a third of the time with ten thousand."""
    found = _sound(path, lambda db: db.execute(_TOLD).fetchall())
    return found if found is not None and _all((row[:3] for row in found), journals) else None


def _sound(path: Path, ask: Callable[[sqlite3.Connection], list[T]]) -> list[T] | None:
    """What is asked of the index at `path`; None if that is none of this version, or damaged."""
    if not path.exists():
        return None
    try:
        where = f"{path.absolute().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(where, timeout=_WAIT_S, uri=True)) as db:
            db.execute("pragma cache_size = -16000")  # what is checked is not read once more
            version = db.execute("pragma user_version").fetchone()[0]
            sound = db.execute("pragma quick_check('sessions')").fetchone()[0] == "ok"
            return ask(db) if sound and version == VERSION else None
    except (sqlite3.Error, ValueError):
        return None


def _all(found: Iterable[tuple[str, int, int]], journals: Path) -> bool:
    """Whether every journal is as it was when it was taken in, and there is no other."""
    stat, known = os.stat, set()
    try:
        with _opened(journals) as here:
            for session, size, mtime in found:
                # Relative to its folder: ten thousand times, a long path takes longer.
                status = stat(f"{session}/{JOURNAL}", dir_fd=here)
                if status.st_mtime_ns != mtime or status.st_size != size:
                    return False
                known.add(session)
            new = set(os.listdir(here)) - known  # noqa: PTH208 - of an open folder
            return not any(_session(name, here) for name in new)
    except OSError:
        return False


def _session(name: str, here: int) -> bool:
    return name[0] != "." and mark_of(f"{name}/{JOURNAL}", here)[0] > 0


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[int]:
    here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield here
    finally:
        os.close(here)


def marks(folder: Path) -> Iterator[tuple[str, Mark]]:
    """Every session of this folder, by its own folder's name, with its journal's mark."""
    with contextlib.suppress(FileNotFoundError), _opened(folder) as here:
        for entry in list(os.scandir(here)):
            name = entry.name
            if not name.startswith(".") and entry.is_dir(follow_symlinks=False):
                mark = mark_of(f"{name}/{JOURNAL}", here)
                if mark[0]:
                    yield name, mark


def mark_of(journal: Path | str, folder: int | None = None) -> Mark:
    """Size and time of a journal (from an open folder); zeros when it is not there."""
    try:
        status = os.stat(journal, dir_fd=folder)
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns


def listed(session: Summary | SessionRow) -> ev.JSON:
    """A row of `sessions list --json`, DESIGN 6.6."""
    return {
        "id": session.id,
        "title": name_of(session),
        "status": session.status,
        "backend": session.backend,
        "model": session.model,
        "cwd": session.cwd,
        "created": session.created,
        "updated": session.updated,
        "turns": session.turns,
        "cost_usd": session.cost_usd,
        "archived": session.archived == 1,
        "repository": session.repository,
        "branch": session.branch,
        "host": session.host,
    }


def told(row: ev.JSON) -> str:
    """A row as it stands in the list of `sessions list --json`."""
    from sessions.record.indented_json import indented

    return indented([row])[2:-2]


def telling(rows: Iterable[str]) -> str:
    """The list of these rows."""
    inside = ",\n".join(rows)
    return f"[\n{inside}\n]" if inside else "[]"
