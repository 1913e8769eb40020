"""Importing: which files are whose, what was imported before, and the writing.

Incremental and without doubles: what was taken is remembered (`importers.import_ledger`), and a
file that has grown gives its new events to the same session. Sources are only read; a conversation
becomes a session whole or not at all.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Literal

from sessions.errors import AgentdeckError, JournalError, NotFound, UsageError
from sessions.ids import new_id
from sessions.importers.aider import Aider
from sessions.importers.base import Below, Holds, Importer, Twofold
from sessions.importers.claude_code import ClaudeCode
from sessions.importers.codex import Codex
from sessions.importers.copilot import Copilot
from sessions.importers.crush import Crush
from sessions.importers.cursor import Cursor
from sessions.importers.deck_sessions import own_sessions
from sessions.importers.exports import ChatGpt, ClaudeAi
from sessions.importers.gemini import Gemini
from sessions.importers.goose import Goose
from sessions.importers.import_ledger import ImportLedger
from sessions.importers.kimi import Kimi
from sessions.importers.opencode import OpenCode
from sessions.importers.plain_chat import PlainJson, PlainMarkdown
from sessions.importers.qwen import Qwen
from sessions.importers.vibe import Vibe
from sessions.importers.why_unread import ENDINGS, HEAD, unclaimed, unheld
from sessions.paths import ASKED_IN, Places
from sessions.record import events as ev
from sessions.record.journal import Journal
from sessions.record.summary_parts import SessionAbove

IMPORTERS: tuple[Importer | Holds, ...] = (
    OpenCode(),
    Crush(),
    Goose(),
    Cursor(),
    Copilot(),
    Kimi(),
    Vibe(),
    ChatGpt(),
    ClaudeAi(),
    Aider(),
    Codex(),
    Gemini(),
    Qwen(),
    ClaudeCode(),
    PlainJson(),
    PlainMarkdown(),
)
_BROKEN = (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError)
_FAULTS = (OSError, AgentdeckError, sqlite3.Error, *_BROKEN)
_MAKING = ".import"
_MAX_FILES = 100_000
_ANYBODYS = ("json",)
"""What anybody may have written: that nothing was understood is told of each file."""

Progress = Callable[[int, int], None]


ImportStatus = Literal["new", "grown", "known", "empty", "failed"]


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one conversation.

    `known` is also one that an agent led in this deck: its session is the record of it, or none
    where the deck only asked it a question. And one that another file tells, which was taken
    before or is better.
    `empty` is a file without a conversation; one that was not understood is `failed`.
    """

    path: str
    harness: str
    status: ImportStatus
    session: str = ""
    events: int = 0
    message: str = ""
    named: bool = False
    """Whether somebody named this very file."""


def import_paths(
    paths: Sequence[Path], places: Places, progress: Progress | None = None
) -> Iterator[Imported]:
    """Import files and folders; one `Imported` per conversation, as it is done.

    `progress` is called with bytes done and bytes in all. Raises NotFound for a path that is
    not there.
    """
    known = ImportLedger.open(places)
    for left in places.sessions.glob(f".*{_MAKING}"):  # by an import that was killed
        shutil.rmtree(left, ignore_errors=True)
    own = own_sessions(places)
    files = list(_files(paths))
    total, done = sum(size for _, size, _ in files), 0
    try:
        for path, size, named in files:
            for one in _import_file(path, size, named, places, known, own):
                yield replace(one, named=named)
            done += size
            if progress is not None:
                progress(done, total)
    finally:
        known.close()


def _files(paths: Sequence[Path]) -> Iterator[tuple[Path, int, bool]]:
    """Regular files below the paths, their sizes, and whether they were named themselves.

    Links below a folder are not followed; one that was named is.
    """
    for path in paths:
        if not path.exists():
            raise NotFound(f"There is no {path}.", "Name a file or a folder of conversations.")
        if path.is_file():
            yield path.resolve() if path.is_symlink() else path, path.stat().st_size, True
            continue
        if not path.is_dir():
            raise UsageError(f"{path} is neither a file nor a folder.", "Name one of these.")
        found = 0
        for folder, _, names in os.walk(path, followlinks=False):
            for name in sorted(names):
                file = Path(folder) / name
                if not name.endswith(ENDINGS) or found >= _MAX_FILES:
                    continue
                status = file.lstat()
                if stat.S_ISREG(status.st_mode):
                    found += 1
                    yield file, status.st_size, False


def _import_file(
    path: Path, size: int, named: bool, places: Places, known: ImportLedger, own: Mapping[str, str]
) -> Iterator[Imported]:
    if known.unchanged(path, size):
        return
    importer = importer_of(path)
    if importer is None:
        if named:
            why = unclaimed(path, IMPORTERS)
            yield Imported(str(path), "", "failed" if why else "empty", message=why)
        return
    try:
        sessions = importer.sessions(path) if isinstance(importer, Holds) else [""]
    except _FAULTS as error:
        yield Imported(str(path), importer.harness, "failed", message=_in_words(importer, error))
        return
    whole = True
    for theirs in sessions:
        try:
            done = _import_one(importer, path, theirs, places, known, own)
        except _FAULTS as error:  # it costs no other conversation its import
            words = _in_words(importer, error)
            done = Imported(str(path), importer.harness, "failed", message=words)
        if done.status == "empty" and (named or importer.harness in _ANYBODYS):
            why = unheld(path, importer)
            done = replace(done, status="failed", message=why) if why else done
        whole = whole and done.status != "failed"
        yield done
    if whole:
        known.seen(path, size)


def _in_words(importer: Importer | Holds, error: Exception) -> str:
    """Why a conversation was not taken."""
    if isinstance(error, _BROKEN):  # a format that nobody promises
        return f"it is not as {importer.harness} writes it ({type(error).__name__}: {error})"
    return str(error)


def importer_of(path: Path) -> Importer | Holds | None:
    """Whose file it is, or None."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(fd, "rb") as file:
        head = file.read(HEAD)
    return next((i for i in IMPORTERS if i.claims(path, head)), None)


def _import_one(
    importer: Importer | Holds,
    path: Path,
    theirs: str,
    places: Places,
    known: ImportLedger,
    own: Mapping[str, str],
) -> Imported:
    if isinstance(importer, Holds):
        source = importer.read_session(path, theirs)
    else:
        source = importer.read(path)
    begun = _beginning(source)
    if not begun or not isinstance(begun[0], ev.SessionCreated):
        return Imported(str(path), importer.harness, "empty")
    theirs_id = str(begun[0].source.get("id", "")) if begun[0].source else ""
    if led := own.get(theirs_id):
        return Imported(str(path), importer.harness, "known", led)
    if Path(begun[0].cwd).name.startswith(ASKED_IN):
        return Imported(str(path), importer.harness, "known")
    key = _key(importer.harness, path, theirs, begun)
    events = chain(begun, source)
    session = known.session(key)
    if session and places.session(session).is_dir():
        return _go_on(importer.harness, path, key, events, places.session(session), known)
    id_there = ""
    if isinstance(importer, Twofold):
        id_there = f"{importer.harness}:{theirs_id}"
        taken = known.session(id_there)
        there = bool(taken) and places.session(taken).is_dir()
        if there or importer.told_elsewhere(path):
            return Imported(str(path), importer.harness, "known", taken if there else "")
    session = new_id()
    first = begun[0]
    if isinstance(importer, Below) and (parent := _parent(importer, path, known, own)):
        first = ev.replace(first, parent=parent)
    count = _write_new(places, session, first, islice(events, 1, None), known, key)
    if id_there:
        known.took(id_there, session, 0)
    return Imported(str(path), importer.harness, "new", session, count)


def _parent(
    importer: Below, path: Path, known: ImportLedger, own: Mapping[str, str]
) -> SessionAbove | None:
    """The session of which a sub-agent's file is a part, if it was taken or led here."""
    above = importer.above(path)
    if above is None or not above[0].is_file():
        return None
    file, call = above
    begun = _beginning(importer.read(file))
    if not begun or not isinstance(begun[0], ev.SessionCreated):
        return None
    ours = own.get(file.stem) or known.session(_key(importer.harness, file, "", begun))
    return {"id": ours, "seq": 0, "call": call} if ours else None


def _beginning(events: Iterator[ev.Event]) -> list[ev.Event]:
    """The events up to the first message of the user."""
    begun: list[ev.Event] = []
    for event in events:
        begun.append(event)
        if isinstance(event, ev.UserMessage):
            break
    return begun


def _key(harness: str, path: Path, theirs: str, begun: list[ev.Event]) -> str:
    """By what a conversation is known again: how it began, so that one that was moved is one.

    Conversations without dates may begin alike: those are known by where they lie.
    """
    first, last = begun[0], begun[-1]
    said = last.text if isinstance(last, ev.UserMessage) else ""
    where = theirs or (path.name if first.at else str(path.absolute()))
    told = "\0".join((harness, where, first.at, said))
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


def _write_new(
    places: Places,
    session: str,
    first: ev.SessionCreated,
    events: Iterable[ev.Event],
    known: ImportLedger,
    key: str,
) -> int:
    """A new session, there whole or not at all; how many of the source's events it has."""
    making = places.session(f".{session}{_MAKING}")
    try:
        journal, _, _ = Journal.create(making, ev.replace(first, id=session), synced=False)
        try:
            count = 1 + journal.append_all(events)
            journal.append_all([ev.SessionSet(closed=True)])
            journal.settle()
        finally:
            journal.close()
        # Noted before it is there: a crash in between leaves a note of nothing, no double.
        known.took(key, session, count)
        making.rename(places.session(session))
    except OSError as error:
        raise JournalError(f"{making} can't be written: {error.strerror}.") from error
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return count


def _go_on(
    harness: str,
    path: Path,
    key: str,
    events: Iterator[ev.Event],
    folder: Path,
    known: ImportLedger,
) -> Imported:
    """Append what the source has gained since the last import."""
    taken = known.taken(key)
    # The last event was the end of a turn that may have gone on since: it is told again.
    new = list(islice(events, max(0, taken - 1), None))
    if len(new) <= 1:
        return Imported(str(path), harness, "known", folder.name)
    journal, old = Journal.open(folder)
    try:
        begun_at = known.growing(key)
        if begun_at:  # an import was killed while it appended: what it wrote is there
            there = [e for e in old if e.seq > begun_at and not isinstance(e, ev.JournalRepaired)]
            new = new[len(there) :]
        else:
            known.grows(key, folder.name, old[-1].seq)
        journal.append_all(new)
        journal.sync()
    finally:
        journal.close()
    known.took(key, folder.name, max(0, taken - 1) + len(new))
    return Imported(str(path), harness, "grown", folder.name, len(new))
