"""One session's file: `journal.jsonl`, one event a line, only ever appended to.

- One `write` per line, of ASCII JSON, on a descriptor opened for appending: a line that was
  acknowledged survives the death of this process, whatever kills it.
- `sync` makes it survive the machine's: the session calls it at every prompt, decision, tool
  call, result and end, and every second while text streams.
- A last line that was torn is closed by a newline, left where it is, and reported by a
  `journal.repaired` event; broken lines in the middle and events of unknown types are passed
  over. Nothing is rewritten, nothing is cut (but a piece of a line whose rest the disk refused).
- A file that is deleted while it is in use is written anew at the next event.
- A lock on the file keeps a second writer out; reading needs none.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import shutil
import sys
import threading
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Protocol

from sessions.errors import AgentdeckError, EventRefused, JournalError
from sessions.paths import JOURNAL, private_folder
from sessions.record import codec
from sessions.record import events as ev
from sessions.record.file_descriptors import JOURNALS
from sessions.record.reading import Faults, lines, read
from sessions.safety import secrets_filter
from skills import private_files

NAME = JOURNAL
FILES = "files"
_PIECE = 128
"""So many events are written at once, where many are."""
NEEDS_SYNC = (
    ev.UserMessage,
    ev.PermissionAnswered,
    ev.ToolCall,
    ev.ToolResult,
    ev.TurnEnded,
    ev.Error,
    ev.SessionCreated,
    ev.SessionSet,
)
"""Events after which the session waits for the disk before it goes on."""


class Heir(Protocol):
    """What a fork has to say of what it was given."""

    def inherits(self, data: ev.JSON) -> None:
        """One event of the parent's, as it was copied."""

    def differs(self) -> Iterable[ev.Event]:
        """What is otherwise in the fork, once all was copied."""


class Journal:
    """The one writer of a session's file."""

    def __init__(self, folder: Path, fd: int, last_seq: int) -> None:
        self.folder = folder
        self.path = folder / NAME
        self._fd = fd
        self._seq = last_seq
        self._size = 0
        """The file's size after the last write, while the journal rests."""
        self._resting = False
        self._using = threading.Lock()
        """Held while a sync, maybe in a thread, needs the descriptor."""
        self.read_only: JournalError | None = None
        """Why nothing may be written, where a newer version's format must stay as it is."""
        self.mirrors = False
        """The session lives elsewhere, and so does its journal; this is what came of it."""
        self._dirty = False
        self._glued = False
        """A write was cut short: the next one begins a new line first."""

    # -- opening

    @classmethod
    def create(
        cls, folder: Path, created: ev.SessionCreated, *, synced: bool = True
    ) -> tuple[Journal, ev.SessionCreated, bytes]:
        """Make a session's folder and file with its first event; synced, the folder too.

        Not `synced`: `settle` is called later, in a thread, before anything is said in it.
        Raises JournalError: it is there already, or can't be written.
        """
        private_folder(folder.parent)
        if half_made(folder):
            shutil.rmtree(folder, ignore_errors=True)
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError as error:
            raise JournalError(f"The session {created.id} exists already.") from error
        except OSError as error:
            raise _refused(folder, error) from error
        try:
            return cls._begin(folder, created, synced)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)  # half a session is none
            raise

    def settle(self) -> None:
        """Wait until a new journal and the folders that lead to it are on the disk."""
        self.sync()
        for parent in (self.folder, self.folder.parent):
            private_files.sync_folder(parent)

    @classmethod
    def _begin(
        cls, folder: Path, created: ev.SessionCreated, synced: bool
    ) -> tuple[Journal, ev.SessionCreated, bytes]:
        journal = cls(folder, -1, 0)
        try:
            (folder / FILES).mkdir(mode=0o700)
            journal._fd = _open(folder / NAME, os.O_CREAT | os.O_EXCL)
            JOURNALS.used(journal)
            journal._lock()
            stamped, line = journal.append(created)
            if synced:
                journal.settle()
        except OSError as error:
            journal.close()
            raise _refused(folder, error) from error
        except BaseException:
            journal.close()
            raise
        assert isinstance(stamped, ev.SessionCreated)
        return journal, stamped, line

    @classmethod
    def open(cls, folder: Path) -> tuple[Journal, list[ev.Event]]:
        """Open a session's file for going on with it; all its events.

        Raises JournalError: it can't be opened, another process writes it, or it holds no
        `session.created`.
        """
        fd = _open(folder / NAME, 0)
        journal = cls(folder, fd, 0)
        try:
            journal._lock()
            faults = Faults()
            events = list(read(folder / NAME, faults))
            created = next((e for e in events if isinstance(e, ev.SessionCreated)), None)
            if created is None:
                raise JournalError(
                    f"The journal {folder / NAME} does not begin with a session.",
                    "It is left as it is; look at it by hand.",
                )
            journal._seq = max(event.seq for event in events)
            journal.mirrors = bool(created.host)
            journal.read_only = _of_the_future(created)
            if journal.read_only is None:
                events += journal._repair(faults, events)
        except BaseException:
            journal.close()
            raise
        JOURNALS.used(journal)
        return journal, events

    @classmethod
    def fork(
        cls,
        parent: Path,
        folder: Path,
        upto: int,
        created: ev.SessionCreated,
        heir: Heir | None = None,
    ) -> None:
        """Write a new session's file with the parent's events 2 to `upto`, copied as they are.

        What `heir` has to say of them follows. Files that the parent keeps under `files/` are
        linked, or copied where links can't be. Raises JournalError.
        """
        journal, _, _ = cls.create(folder, created)
        try:
            for _, line in lines(parent / NAME, Faults()):
                try:
                    data = json.loads(line)
                    seq = data["seq"]
                except (ValueError, KeyError, TypeError, RecursionError):
                    continue
                if not isinstance(seq, int) or seq < 2:
                    continue
                if seq > upto:
                    break
                journal._seq += 1
                # Copied as they are; renumbered only where the parent's record has a gap.
                journal._write(
                    line if seq == journal._seq else codec.encode({**data, "seq": journal._seq})
                )
                if heir is not None:
                    heir.inherits(data)
            for event in heir.differs() if heir is not None else ():
                journal.append(event)
            journal.sync()
            _link_files(parent / FILES, folder / FILES)
        except BaseException as error:
            shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, OSError):
                raise _refused(folder, error) from error
            raise
        finally:
            journal.close()

    # -- writing

    def append(self, event: ev.Event) -> tuple[ev.Event, bytes]:
        """Number, date and write one event; return it stamped, with its line.

        When this returns, the event survives the death of the process. Raises JournalError
        when the disk refuses, EventRefused when the event holds what no record can; it is then
        not part of the record.
        """
        if self._resting:
            self._wake()  # before the number is given: somebody else may have written
        stamped, line = self._stamp(event, self._seq + 1)
        self._write(line)
        self._seq += 1
        return stamped, line

    def take(self, event: ev.Event) -> tuple[ev.Event, bytes]:
        """Write an event of a journal elsewhere under the number that it has there.

        Raises ValueError: what follows it is here already; JournalError, EventRefused.
        """
        if self._resting:
            self._wake()
        if event.seq <= self._seq:
            raise ValueError(f"event {event.seq} after {self._seq}")
        stamped, line = self._stamp(event, event.seq)
        self._write(line)
        self._seq = event.seq
        return stamped, line

    def append_all(self, events: Iterable[ev.Event]) -> int:
        """Number, date and write many events, some dozens a write; how many it were.

        For copies of what is safe elsewhere: what a crash takes can be copied again. Raises
        JournalError.
        """
        if self._resting:
            self._wake()
        count, more = 0, iter(events)
        while held := list(islice(more, _PIECE)):
            for place, event in enumerate(held):
                seq = self._seq + 1 + place
                if event.seq != seq or not event.at:
                    held[place] = ev.stamp(event, seq, event.at)
            count += self._write_all(held)
        return count

    def sync(self) -> None:
        """Wait until everything written is on the disk. Safe to call from a thread."""
        if self.read_only is not None:
            raise self.read_only
        with self._using:
            if not self._dirty or self._fd < 0:
                return
            self._dirty = False
            fd = self._fd
            try:
                if sys.platform == "darwin":
                    fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
                else:
                    os.fdatasync(fd)
            except OSError as error:
                self._dirty = True
                if fd != self._fd:
                    return  # written anew meanwhile, which syncs
                raise _refused(self.path, error) from error

    def rest(self, *, sync: bool = False) -> bool:
        """Give the descriptor (and the lock) back until the next event; whether it is given back.

        Not while something unsynced stands in the file, but for with `sync`, which syncs first.
        """
        if self._fd < 0:
            return True
        if sync:
            with contextlib.suppress(JournalError):
                self.sync()
        if not self._using.acquire(blocking=False):
            return False
        try:
            if self._dirty or self._glued:
                return False
            status = os.fstat(self._fd)
            if status.st_nlink == 0:
                return False  # what stands behind the descriptor is all that is left of it
            self._size = status.st_size
            fd, self._fd, self._resting = self._fd, -1, True
            os.close(fd)
            return True
        finally:
            self._using.release()

    def _wake(self) -> None:
        """Open the file again after a rest. Raises JournalError."""
        self._fd = _open(self.path, 0)
        try:
            self._lock()
            if os.fstat(self._fd).st_size != self._size:
                # Somebody wrote it meanwhile: numbers go on after theirs.
                self._seq = max((event.seq for event in read(self.path)), default=self._seq)
        except BaseException:
            fd, self._fd = self._fd, -1
            os.close(fd)
            raise
        self._resting = False

    def events(self) -> Iterator[ev.Event]:
        """All events on disk."""
        return read(self.path)

    def close(self) -> None:
        """Let go of the file and its lock."""
        JOURNALS.gone(self)
        self._resting = False
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)

    @staticmethod
    def _stamp(event: ev.Event, seq: int) -> tuple[ev.Event, bytes]:
        """An event numbered and dated, no key in it, and its line."""
        stamped = ev.stamp(event, seq, event.at)
        line = _line_of(stamped)
        if secrets_filter.in_line(line):
            data = secrets_filter.hide_in(codec.to_json(stamped))
            try:
                stamped, line = codec.from_json(data), codec.encode(data)
            except (TypeError, ValueError, RecursionError) as error:
                raise _of_no_record(event, error) from error
        try:
            codec.decode(line)  # what is written can be read: types and ranges are checked here
        except (TypeError, ValueError, RecursionError) as error:
            raise _of_no_record(event, error) from error
        return stamped, line

    def _write_all(self, events: list[ev.Event]) -> int:
        """Write stamped events, checked all at once; one by one where one is odd."""
        said = codec.block_of(events)
        if said is None or secrets_filter.in_line(said):
            said = b"".join(self._stamp(event, event.seq)[1] for event in events)
        self._write(said)
        self._seq += len(events)
        return len(events)

    def _write(self, line: bytes | bytearray) -> None:
        if self.read_only is not None:
            raise self.read_only
        if self._resting:
            self._wake()
        if self._fd < 0:
            raise JournalError(f"The journal {self.path} is closed.")
        JOURNALS.used(self)
        data = b"\n" + line if self._glued else line
        written = place = 0
        try:
            status = os.fstat(self._fd)
            if status.st_nlink == 0:
                self._restore()
            place = status.st_size
            while written < len(data):
                written += os.write(self._fd, data[written:] if written else data)
        except OSError as error:
            self._glued = self._glued or not self._taken_back(written, place)
            raise _refused(self.path, error) from error
        self._glued = False
        self._dirty = True

    def _taken_back(self, written: int, place: int) -> bool:
        """Whether nothing is left of a line that was refused."""
        if written:
            try:
                os.ftruncate(self._fd, place)
            except OSError:
                return False
        return True

    def _restore(self) -> None:
        """Write the file anew: it, or the folder, was deleted while it is in use.

        What was written is still there behind the open descriptor. Raises OSError, JournalError.
        """
        try:
            private_folder(self.folder)
            private_folder(self.folder / FILES)
        except AgentdeckError as error:
            raise JournalError(error.message, error.hint) from error
        fd = _open(self.path, os.O_CREAT | os.O_EXCL)
        try:
            place = 0
            while part := os.pread(self._fd, 2**20, place):
                place += len(part)
                while part:
                    part = part[os.write(fd, part) :]
            os.fsync(fd)
        except OSError:
            os.close(fd)
            self.path.unlink(missing_ok=True)
            raise
        with self._using:
            before, self._fd = self._fd, fd
            os.close(before)
        self._lock()
        private_files.sync_folder(self.folder)

    def _lock(self) -> None:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise JournalError(
                f"Another process writes the session in {self.folder}.",
                "Use the deck that has it open, or stop the other engine.",
                "another process writes it",
            ) from error

    def _repair(self, faults: Faults, events: list[ev.Event]) -> list[ev.Event]:
        """Set a torn last line apart and report it, and faults not reported before.

        A disk without room keeps nobody from reading: the next line is set apart, and the next
        opening reports.
        """
        try:
            return self._report(faults, events)
        except JournalError:
            self._glued = self._glued or faults.torn
            return []

    def _report(self, faults: Faults, events: list[ev.Event]) -> list[ev.Event]:
        if faults.torn:
            self._write(b"\n")
            faults.torn = False
        if self.mirrors:
            return []  # what is written in it are the events over there; a lost one comes again
        known = {
            fault.get("line")
            for event in events
            if isinstance(event, ev.JournalRepaired)
            for fault in event.faults
        }
        new = [fault for fault in faults.found if fault["line"] not in known]
        if not new:
            return []
        stamped, _ = self.append(ev.JournalRepaired(faults=new))
        self.sync()
        return [stamped]


def half_made(folder: Path) -> bool:
    """Whether a session's making was cut off before its first event: then there is none.

    A kill can come between any two steps of it. Whoever was told the id beforehand (a plan's task,
    a deck that asks a host) asks for the same session again.
    """
    try:
        if {path.name for path in folder.iterdir()} - {FILES, NAME}:
            return False
        files, written = folder / FILES, folder / NAME
        if files.exists() and any(files.iterdir()):
            return False
        return not written.exists() or not _whole_line(written)
    except OSError:
        return False


def _whole_line(path: Path) -> bool:
    with path.open("rb") as file:
        return file.readline().endswith(b"\n")


def store_file(folder: Path, data: bytes, suffix: str = "") -> str:
    """Keep `data` under the session's `files/`, named by its SHA-256; its path from `folder`.

    Written beside and renamed, so that it is there whole or not at all. Raises JournalError.
    """
    name = hashlib.sha256(data).hexdigest() + suffix
    target = folder / FILES / name
    if target.exists():
        return f"{FILES}/{name}"
    private_folder(folder / FILES)
    try:
        private_files.write(target, data)
    except OSError as error:
        raise _refused(target, error) from error
    return f"{FILES}/{name}"


def _line_of(event: ev.Event) -> bytes:
    try:
        return codec.line(event)
    except (TypeError, ValueError, RecursionError) as error:
        raise _of_no_record(event, error) from error


def _of_no_record(event: ev.Event, error: Exception) -> EventRefused:
    return EventRefused(f"{event.type}: {error}"[:300])


def _of_the_future(created: ev.SessionCreated) -> JournalError | None:
    if created.format <= ev.FORMAT:
        return None
    return JournalError(
        f"A newer agentdeck wrote this session (format {created.format}; this one writes "
        f"{ev.FORMAT}), so it is shown and left as it is.",
        "Update agentdeck to go on with it.",
        "a newer version wrote it",
    )


def _open(path: Path, flags: int) -> int:
    try:
        fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | flags, 0o600)
    except OSError as error:
        raise _refused(path, error) from error
    os.fchmod(fd, 0o600)
    return fd


def _link_files(source: Path, target: Path) -> None:
    if not source.is_dir():
        return
    for file in source.iterdir():
        if file.name.startswith("."):
            continue
        try:
            os.link(file, target / file.name)
        except FileExistsError:
            continue
        except OSError:
            private_files.write(target / file.name, file.read_bytes())


def _refused(path: Path, error: OSError) -> JournalError:
    number = error.errno or 0
    hint = {
        errno.ENOSPC: "To go on, free some space; what waits then goes on by itself.",
        errno.EDQUOT: "To go on, free some space; what waits then goes on by itself.",
        errno.EFBIG: "Raise it (ulimit -f), then stop the engine and go on.",
        errno.EACCES: "Make it writable for you, or set AGENTDECK_HOME elsewhere.",
        errno.EROFS: "The file system is read-only: set AGENTDECK_HOME elsewhere.",
        errno.ENOENT: "The folder was moved or deleted while it was in use.",
    }.get(number, "Check the disk.")
    reason = {
        errno.ENOSPC: "the disk is full",
        errno.EDQUOT: "your disk quota is used up",
        errno.EFBIG: "the limit on the size of files is reached",
    }.get(number, "the disk refuses")
    return JournalError(f"{path} can't be written: {reason} ({error.strerror}).", hint, reason)
