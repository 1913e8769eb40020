"""Conversations in SQLite: opened so that nothing is written, and known by their tables."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path
from typing import Any

from sessions.importers.base import Record

MAGIC = b"SQLite format 3\x00"
SUFFIXES = (".db", ".vscdb")


def opened(path: Path) -> sqlite3.Connection:
    """Read it and leave nothing beside it: a reader of a write-ahead log makes files of its own,
    so a database whose log is empty is opened as one that nobody writes.
    """
    log = path.with_name(f"{path.name}-wal")
    written = log.is_file() and log.stat().st_size > 0
    how = "mode=ro" if written else "mode=ro&immutable=1"
    return sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True)


def has(path: Path, head: bytes, tables: dict[str, set[str]]) -> bool:
    """Whether it is a database with these tables, each with at least these columns."""
    if not head.startswith(MAGIC):
        return False
    try:
        with contextlib.closing(opened(path)) as db:
            found = ((columns(db, table), wanted) for table, wanted in tables.items())
            return all(there and wanted <= there for there, wanted in found)
    except sqlite3.Error:
        return False


def columns(db: sqlite3.Connection, table: str) -> set[str]:
    """The columns of a table."""
    return {str(r[0]) for r in db.execute("select name from pragma_table_info(?)", (table,))}


def an_object(data: Any) -> Record:
    """An object in JSON; an empty one for what is none."""
    found = value(data)
    return found if isinstance(found, dict) else {}


def objects(data: Any) -> list[Record]:
    """The objects of a list in JSON; nothing of what is none."""
    found = value(data)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def value(data: Any) -> Any:
    """A value in JSON, or None."""
    try:
        return json.loads(data)
    except (ValueError, TypeError, RecursionError):
        return None
