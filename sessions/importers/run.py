"""Importing: which files are whose, what was imported before, and the writing.

Incremental and without doubles: `imports.json` in the state folder knows of every source (by
harness, path and the session's id there) how many events were taken and how large the file
was; a file that has grown gives its new events to the same session. Sources are only read.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from sessions import events as ev
from sessions.errors import AgentdeckError, JournalError, NotFound
from sessions.ids import new_id
from sessions.importers.base import Importer
from sessions.importers.claude_code import ClaudeCode
from sessions.importers.codex import Codex
from sessions.importers.gemini import Gemini
from sessions.importers.opencode import OpenCode
from sessions.importers.plain import PlainJson, PlainMarkdown
from sessions.journal import Journal
from sessions.places import Places, private_folder

OPENCODE = OpenCode()
IMPORTERS: tuple[Importer, ...] = (
    OPENCODE,
    Codex(),
    Gemini(),
    ClaudeCode(),
    PlainJson(),
    PlainMarkdown(),
)
# Where each harness keeps its conversations, below the home directory.
HOMES = {
    "claude-code": ".claude/projects",
    "codex": ".codex/sessions",
    "opencode": ".local/share/opencode/opencode.db",
    "gemini": ".gemini/tmp",
}
_ENDINGS = (".jsonl", ".json", ".md", ".markdown", ".txt", ".db")
_HEAD = 65_536
_MAX_FILES = 100_000

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one conversation. `status`: `new`, `grown`, `known`, `empty`, `failed`."""

    path: str
    harness: str
    status: str
    session: str = ""
    events: int = 0
    message: str = ""


def import_paths(
    paths: Sequence[Path], places: Places, progress: Progress | None = None
) -> Iterator[Imported]:
    """Import files and folders; one `Imported` per conversation, as it is done.

    `progress` is called with bytes done and bytes in all. Raises NotFound for a path that is
    not there.
    """
    known = _Known(places)
    files = list(_files(paths))
    total, done = sum(size for _, size in files), 0
    try:
        for path, size in files:
            yield from _import_file(path, size, places, known)
            done += size
            if progress is not None:
                progress(done, total)
    finally:
        known.save()


def default_paths(home: Path | None = None) -> list[Path]:
    """The folders of other harnesses that are there."""
    root = home or Path.home()
    return [root / place for place in HOMES.values() if (root / place).exists()]


def _files(paths: Sequence[Path]) -> Iterator[tuple[Path, int]]:
    """Regular files below the paths with their sizes; links are not followed."""
    for path in paths:
        if not path.exists():
            raise NotFound(f"There is no {path}.", "Name a file or a folder of conversations.")
        if path.is_file():
            yield path, path.stat().st_size
            continue
        found = 0
        for folder, _, names in os.walk(path, followlinks=False):
            for name in sorted(names):
                file = Path(folder) / name
                if not name.endswith(_ENDINGS) or found >= _MAX_FILES:
                    continue
                status = file.lstat()
                if stat.S_ISREG(status.st_mode):
                    found += 1
                    yield file, status.st_size


def _import_file(path: Path, size: int, places: Places, known: _Known) -> Iterator[Imported]:
    if known.unchanged(path, size):
        return
    importer = importer_of(path)
    if importer is None:
        return
    try:
        sessions = OPENCODE.sessions(path) if importer is OPENCODE else [""]
        for theirs in sessions:
            yield _import_one(importer, path, theirs, places, known)
    except (OSError, AgentdeckError, ValueError) as error:
        yield Imported(str(path), importer.harness, "failed", message=str(error))
        return
    known.seen(path, size)


def importer_of(path: Path) -> Importer | None:
    """Whose file it is, or None."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(fd, "rb") as file:
        head = file.read(_HEAD)
    return next((i for i in IMPORTERS if i.claims(path, head)), None)


def _import_one(
    importer: Importer, path: Path, theirs: str, places: Places, known: _Known
) -> Imported:
    key = f"{importer.harness}\0{path.absolute()}\0{theirs}"
    events = OPENCODE.read_session(path, theirs) if theirs else importer.read(path)
    session, taken = known.session(key)
    folder = places.session(session) if session else None
    if folder is not None and folder.is_dir():
        return _go_on(importer, path, key, events, folder, taken, known)
    first = next(events, None)
    if not isinstance(first, ev.SessionCreated):
        return Imported(str(path), importer.harness, "empty")
    session = new_id()
    journal, count = _begin(places.session(session), first, session), 1
    try:
        for event in events:
            journal.append(event)
            count += 1
        journal.append(ev.SessionSet(changes={"closed": True}))
        journal.sync()
    finally:
        journal.close()
    known.took(key, session, count)
    return Imported(str(path), importer.harness, "new", session, count)


def _begin(folder: Path, first: ev.SessionCreated, session: str) -> Journal:
    from dataclasses import replace

    return Journal.create(folder, replace(first, id=session))[0]


def _go_on(
    importer: Importer,
    path: Path,
    key: str,
    events: Iterator[ev.Event],
    folder: Path,
    taken: int,
    known: _Known,
) -> Imported:
    """Append what the source has gained since the last import."""
    # The last event was the end of a turn that may have gone on since: it is told again.
    new = list(islice(events, max(0, taken - 1), None))
    if len(new) <= 1:
        return Imported(str(path), importer.harness, "known", folder.name)
    journal, _ = Journal.open(folder)
    try:
        for event in new:
            journal.append(event)
        journal.sync()
    finally:
        journal.close()
    known.took(key, folder.name, taken - 1 + len(new))
    return Imported(str(path), importer.harness, "grown", folder.name, len(new))


class _Known:
    """What was imported before; a file that can be thrown away costs doubles, nothing else."""

    def __init__(self, places: Places) -> None:
        self._path = places.state / "imports.json"
        self._data: ev.JSON = {"sources": {}, "files": {}}
        try:
            data = json.loads(self._path.read_bytes())
            if isinstance(data, dict) and {"sources", "files"} <= data.keys():
                self._data = data
        except (OSError, ValueError):
            pass

    def session(self, key: str) -> tuple[str, int]:
        """The session that a source went to, and how many of its events."""
        entry = self._data["sources"].get(key) or {}
        return str(entry.get("session", "")), int(entry.get("events", 0))

    def took(self, key: str, session: str, events: int) -> None:
        """Remember what was taken."""
        self._data["sources"][key] = {"session": session, "events": events}

    def unchanged(self, path: Path, size: int) -> bool:
        """Whether a file is as it was at its last import."""
        return bool(self._data["files"].get(str(path.absolute())) == _mark(path, size))

    def seen(self, path: Path, size: int) -> None:
        """Remember a file's state."""
        self._data["files"][str(path.absolute())] = _mark(path, size)

    def save(self) -> None:
        """Write it down, whole or not at all."""
        private_folder(self._path.parent)
        temporary = self._path.with_suffix(".new")
        try:
            temporary.write_text(json.dumps(self._data))
            temporary.rename(self._path)
        except OSError as error:
            raise JournalError(f"{self._path} can't be written: {error.strerror}.") from error


def _mark(path: Path, size: int) -> list[int]:
    return [size, path.stat().st_mtime_ns]
