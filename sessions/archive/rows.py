"""A summary as a row of the index: what lists show in columns, the rest in one JSON object.

Lists of ten thousand sessions are read without parsing ten thousand objects. The columns follow
the fields of `Summary`; an index whose columns are others is made again.
"""

from __future__ import annotations

import json
from dataclasses import fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints, is_typeddict

from sessions.archive.list_rows import listed, told
from sessions.archive.order import started_by
from sessions.record.summary import Summary
from sessions.record.summary_parts import WorktreeOf

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence


_BLANK = Summary("").part(Summary.__slots__)


def _nests(name: str, hint: Any) -> bool:
    """Whether a field holds more than one value, or may."""
    kinds = get_args(hint)
    may = any(is_typeddict(kind) or get_origin(kind) is dict for kind in kinds)
    return may or isinstance(_BLANK[name], dict | list)


_NESTED = tuple(name for name, hint in get_type_hints(Summary).items() if _nests(name, hint))
_PLAIN = tuple(f.name for f in fields(Summary) if f.name not in _NESTED)
_TRUTHS = tuple(name for name in _PLAIN if isinstance(_BLANK[name], bool))

_plain = attrgetter(*_PLAIN)

COLUMNS = (*_PLAIN, "nested", "size", "mtime", "told")
"""`nested`: the fields that hold more than one value; `size`, `mtime`: the journal's mark; `told`:
its row in `sessions list --json`, ready: making it there took longer than to read it."""
SCHEMA = (
    f"create table if not exists sessions({', '.join(COLUMNS)}, primary key(id)) without rowid;"
)

_PUT = f"insert or replace into sessions values({', '.join('?' * len(COLUMNS))})"


def fits(db: sqlite3.Connection) -> bool:
    """Whether the table that is there has the columns of now."""
    there = [row[1] for row in db.execute("pragma table_info(sessions)")]
    return tuple(there) == COLUMNS


def put(db: sqlite3.Connection, session: str, summary: Summary, mark: tuple[int, int]) -> None:
    """Write the row of `session` (its folder's name), instead of an earlier one."""
    nested = {n: value for n in _NESTED if (value := getattr(summary, n)) != _BLANK[n]}
    _, *values = (_storable(value) for value in _plain(summary))
    key = _storable(session)
    row = {name: _storable(value) for name, value in listed(summary).items()}
    told_row = told({**row, "id": key})
    db.execute(_PUT, (key, *values, json.dumps(nested) if nested else None, *mark, told_row))


def _storable(value: Any) -> Any:
    """SQLite takes no lone surrogates."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


_GROUPINGS = """select id, branch, case when branch = '' and instr(nested, '"call"') = 0 then null
else nested end from sessions"""


def groupings(db: sqlite3.Connection) -> tuple[dict[str, str], dict[str, str]]:
    """By what lists group sessions, in one reading of all.

    Every session's id with the repository of its worktree, "" without one; and every
    sub-session's with that of the session that started it.
    """
    repositories: dict[str, str] = {}
    above: dict[str, str] = {}
    for session, branch, nested in db.execute(_GROUPINGS):
        repositories[session] = ""
        if nested:
            held = json.loads(nested)
            if branch != "":
                repositories[session] = repository_of(held.get("worktree"))
            if parent := started_by(held.get("parent")):
                above[session] = parent
    return repositories, above


def repository_of(worktree: WorktreeOf | None) -> str:
    """Where the repository of a worktree is, "" if there is none."""
    return str(worktree.get("repository") or "") if worktree else ""


def summaries(db: sqlite3.Connection, wanted: Sequence[str] | None = None) -> list[Summary]:
    """Every session's whole summary, or those of the wanted ones; newest first."""
    where = f"where id in ({', '.join('?' * len(wanted))})" if wanted is not None else ""
    return _summaries(db, where, wanted or ())


def not_offline(db: sqlite3.Connection, host: str) -> list[Summary]:
    """Summaries of a machine's sessions that are listed as if it could be reached."""
    return _summaries(db, "where host = ? and status <> 'offline'", (host,))


def _summaries(db: sqlite3.Connection, where: str, values: Sequence[str]) -> list[Summary]:
    names = ", ".join((*_PLAIN, "nested"))
    asked = f"select {names} from sessions {where} order by id desc"
    found = []
    for *plain, nested in db.execute(asked, values):
        data: dict[str, Any] = dict(zip(_PLAIN, plain, strict=True))
        for name in _TRUTHS:
            data[name] = data[name] == 1
        if nested is not None:
            data.update(json.loads(nested))
        found.append(Summary(**data))
    return found
