"""The index's SQLite file: opened, told apart from a damaged one, and done without where need be.

It holds nothing that the journals don't. So a file that is damaged is set aside and a new one
begun, and where none can be written (no room, no right, a limit on the size of files) a copy in
memory does the same work until one can.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from sessions.archive import messages, rows
from sessions.archive.list_rows import VERSION
from sessions.errors import AgentdeckError
from sessions.paths import private_folder
from skills import private_files

# Result codes of SQLite that say nothing against the file: its low byte, see rescode.html.
_REFUSED = {
    3: "its file may not be written",
    5: "another process has it",
    6: "another process has it",
    8: "its file may not be written",
    10: "the disk refuses",
    13: "the disk is full",
}
_MOVED = 1032
"""SQLITE_READONLY_DBMOVED: the file was removed, or another is in its place."""


WAIT_S = 10.0
"""How long another process that writes to the index is waited for."""


def opened(path: Path, wait_s: float = WAIT_S) -> tuple[sqlite3.Connection, str]:
    """The index at `path`; begun anew where it is damaged, in memory where it can't be had.

    With it, why it is not kept on disk, or "". Another process is waited for so long, each time.
    """
    try:
        private_folder(path.parent)
        return _connect(path, wait_s), ""
    except sqlite3.Error as error:
        if why := refusal(error):
            return in_memory(path), why
        return anew(path)
    except (OSError, AgentdeckError):
        return in_memory(path), _REFUSED[3]


def anew(path: Path) -> tuple[sqlite3.Connection, str]:
    """Set the file aside and begin another; in memory, with the reason, where that can't be."""
    try:
        private_folder(path.parent)
        with contextlib.suppress(FileNotFoundError):
            path.replace(path.with_suffix(".damaged"))
        for extra in ("-wal", "-shm", "-journal"):
            path.with_name(path.name + extra).unlink(missing_ok=True)
        return _connect(path), ""
    except sqlite3.Error as error:
        return in_memory(None), refusal(error) or str(error)
    except (OSError, AgentdeckError):
        return in_memory(None), _REFUSED[3]


def again(path: Path, error: sqlite3.Error) -> tuple[sqlite3.Connection, str]:
    """After a fault of the one that was open: another, as `opened` gives it."""
    if why := refusal(error):
        return in_memory(path), why
    if getattr(error, "sqlite_errorcode", 0) == _MOVED:
        return opened(path)  # another process may have begun one meanwhile
    return anew(path)


def in_memory(path: Path | None) -> sqlite3.Connection:
    """An index in memory, with what the file at `path` holds, if it can be read."""
    db = sqlite3.connect(":memory:", check_same_thread=False)
    if path is not None and path.exists():
        try:
            where = f"{path.absolute().as_uri()}?mode=ro"
            with contextlib.closing(sqlite3.connect(where, timeout=0.5, uri=True)) as kept:
                kept.backup(db, progress=_not_busy)
            if db.execute("pragma user_version").fetchone()[0] == VERSION and rows.fits(db):
                return db
        except sqlite3.Error:
            pass
        db.close()
        db = sqlite3.connect(":memory:", check_same_thread=False)
    _begin(db)
    return db


def _not_busy(status: int, remaining: int, total: int) -> None:
    """`backup` would wait for ever for a file that another process holds."""
    if status not in (sqlite3.SQLITE_OK, sqlite3.SQLITE_DONE):
        raise sqlite3.OperationalError("it is held")


def refusal(error: sqlite3.Error) -> str:
    """Why the file could not be used although nothing is wrong with it; "" if something is."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None or code == _MOVED:
        return ""
    return _REFUSED.get(code & 0xFF, "")


def _connect(path: Path, wait_s: float = WAIT_S) -> sqlite3.Connection:
    new = not path.exists()
    with contextlib.suppress(OSError):  # SQLite says why, and would make it for all to read
        os.close(private_files.append(path))
        path.chmod(0o600)
    db = sqlite3.connect(path, check_same_thread=False, timeout=wait_s)
    try:
        # Not WAL: several commands and the engine may have it open, on any file system.
        db.execute("pragma journal_mode = truncate")
        db.execute("pragma synchronous = off")  # it can be made again; the journals can't
        if not new:
            version = db.execute("pragma user_version").fetchone()[0]
            if version != VERSION or db.execute("pragma quick_check(1)").fetchone()[0] != "ok":
                raise sqlite3.DatabaseError("another version, or damaged")
            if not rows.fits(db):
                raise sqlite3.DatabaseError("other columns")
        _begin(db)
    except BaseException:
        db.close()
        raise
    return db


def _begin(db: sqlite3.Connection) -> None:
    db.executescript(rows.SCHEMA)
    messages.set_up(db)
    if db.execute("pragma user_version").fetchone()[0] != VERSION:
        db.execute(f"pragma user_version = {VERSION}")  # a write, which a full disk refuses
    db.commit()
