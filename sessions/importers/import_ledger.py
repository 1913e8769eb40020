"""What was imported before: an append-only list, so that a crash loses nothing of it.

One JSON object a line, the last one of a source or file holds. Losing the file costs doubles,
nothing else.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NotRequired, TypedDict, cast

from sessions.errors import AgentdeckError, JournalError
from sessions.importers.tables import SUFFIXES
from sessions.paths import Places, private_folder
from skills import private_files

_ANEW = 4
"""The list is written anew when it has this many times the lines that it needs."""


class SourceTaken(TypedDict):
    """How many events of a source were taken into which session; `growing`: after which event of
    the session an import began to append that never ended."""

    source: str
    session: str
    events: int
    growing: NotRequired[int]


class FileSeen(TypedDict):
    """The state of a file at its last import."""

    file: str
    mark: list[int]


class ImportLedger:
    """Of every source how many events were taken into which session; of every file its state."""

    def __init__(self, path: Path, fd: int) -> None:
        self._path = path
        self._fd = fd
        self._sources: dict[str, SourceTaken] = {}
        self._files: dict[str, list[int]] = {}

    @classmethod
    def open(cls, places: Places) -> ImportLedger:
        """Read the list and keep other imports out until `close`.

        Raises:
            AgentdeckError: another import runs, or the list can't be opened.
        """
        path = private_folder(places.state) / "imports.jsonl"
        try:
            fd = private_files.lock(path, wait=False, appends=True)
        except BlockingIOError as error:
            raise AgentdeckError("Another import runs.", "Wait until it has ended.") from error
        except OSError as error:
            raise JournalError(f"{path} can't be opened: {error.strerror}.") from error
        known = cls(path, fd)
        known._read()
        return known

    def close(self) -> None:
        """Let other imports go on."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    # -- sources

    def session(self, key: str) -> str:
        """The session that a source went to, or ""."""
        taken = self._sources.get(key)
        return taken["session"] if taken is not None else ""

    def taken(self, key: str) -> int:
        """How many of a source's events were taken."""
        taken = self._sources.get(key)
        return taken["events"] if taken is not None else 0

    def growing(self, key: str) -> int:
        """After which event of its session an import began to append and never ended; else 0."""
        taken = self._sources.get(key)
        return taken.get("growing", 0) if taken is not None else 0

    def took(self, key: str, session: str, events: int) -> None:
        """Remember what was taken."""
        self._source({"source": key, "session": session, "events": events})

    def grows(self, key: str, session: str, seq: int) -> None:
        """Remember that events are about to be appended after event `seq` of the session."""
        events = self.taken(key)
        self._source({"source": key, "session": session, "events": events, "growing": seq})

    # -- files

    def unchanged(self, path: Path, size: int) -> bool:
        """Whether a file is as it was at its last import."""
        return self._files.get(str(path.absolute())) == _mark(path, size)

    def seen(self, path: Path, size: int) -> None:
        """Remember a file's state."""
        name, mark = str(path.absolute()), _mark(path, size)
        self._files[name] = mark
        self._append({"file": name, "mark": mark})

    # -- on disk

    def _source(self, entry: SourceTaken) -> None:
        self._sources[entry["source"]] = entry
        self._append(entry)

    def _append(self, entry: SourceTaken | FileSeen) -> None:
        try:
            os.write(self._fd, json.dumps(entry, ensure_ascii=True).encode("ascii") + b"\n")
        except OSError as error:
            raise JournalError(f"{self._path} can't be written: {error.strerror}.") from error

    def _read(self) -> None:
        lines = 0
        with open(self._fd, "rb", closefd=False) as file:
            for line in file:
                lines += 1
                self._take(line)
            torn = lines and not line.endswith(b"\n")
        entries = len(self._sources) + len(self._files)
        if torn:
            os.write(self._fd, b"\n")
        if lines > 1000 and lines > _ANEW * entries:
            self._write_anew()

    def _take(self, line: bytes) -> None:
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            return
        if not isinstance(entry, dict):
            return
        if isinstance(key := entry.get("source"), str):
            self._sources[key] = _taken(entry)
        elif isinstance(name := entry.get("file"), str) and isinstance(entry.get("mark"), list):
            self._files[name] = entry["mark"]

    def _write_anew(self) -> None:
        """Keep what holds. In place: a list under another name would have another lock."""
        kept: list[SourceTaken | FileSeen] = list(self._sources.values())
        kept += [{"file": name, "mark": mark} for name, mark in self._files.items()]
        os.ftruncate(self._fd, 0)
        for entry in kept:
            self._append(entry)


def _mark(path: Path, size: int) -> list[int]:
    mark = [size, path.stat().st_mtime_ns]
    log = path.with_name(f"{path.name}-wal")  # SQLite's: what is new stands there first
    if path.suffix in SUFFIXES and log.is_file():
        mark += [log.stat().st_size, log.stat().st_mtime_ns]
    return mark


def _taken(told: dict[str, Any]) -> SourceTaken:
    """A source's line; a number that is none counts as none, what is not known stays."""
    growing = {"growing": _number(told["growing"])} if "growing" in told else {}
    session, events = str(told.get("session", "")), _number(told.get("events"))
    return cast("SourceTaken", {**told, "session": session, "events": events, **growing})


def _number(value: object) -> int:
    return value if type(value) is int and value > 0 else 0
