"""A run on disk: its plan and its journal, one event a line, appended before anything is done."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from sessions.errors import JournalError, NotFound
from sessions.paths import private_folder
from sessions.plans import record
from sessions.record import events as ev
from skills import private_files

JOURNAL = "run.jsonl"
PLAN = "plan.toml"

E = TypeVar("E", bound=record.RunEvent)
_to_disk = getattr(os, "fdatasync", os.fsync)


class RunStore:
    """One run's folder. Only the engine writes it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._fd = -1
        self._size = 0
        self._seq = 0
        self._synced = 0
        self._syncing: asyncio.Task[None] | None = None

    @classmethod
    def create(cls, folder: Path, plan: str) -> RunStore:
        """A new run's folder, with the plan in it. Raises JournalError."""
        try:
            private_folder(folder)
            private_files.write(folder / PLAN, plan)
        except OSError as error:
            raise _refused(folder, error) from error
        store = cls(folder)
        store._open()
        return store

    @classmethod
    def load(cls, folder: Path) -> tuple[RunStore, str, list[record.RunEvent]]:
        """A run's folder, its plan and its events; a line that a crash cut off is taken out.

        Raises JournalError.
        """
        plan = read_plan(folder)
        events, good = _read(folder)
        store = cls(folder)
        store._open()
        try:
            os.ftruncate(store._fd, good)
        except OSError as error:
            store.close()
            raise _refused(folder, error) from error
        store._size = good
        store._seq = store._synced = events[-1].seq if events else 0
        return store, plan, events

    def _open(self) -> None:
        try:
            self._fd = private_files.append(self.folder / JOURNAL)
            self._size = os.fstat(self._fd).st_size
        except OSError as error:
            raise _refused(self.folder, error) from error

    def append(self, event: E) -> E:
        """Write one event down; the same with its number and date. Raises JournalError."""
        stamped = msgspec.structs.replace(event, seq=self._seq + 1, at=ev.now())
        line = record.encode(stamped)
        try:
            written = os.write(self._fd, line)
            if written < len(line):
                raise OSError(28, "No space left on device")
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, self._size)
            raise _refused(self.folder, error) from error
        self._size += len(line)
        self._seq += 1
        return stamped

    async def sync(self) -> None:
        """Wait until all that was appended is on the disk; those that wait share one sync."""
        wanted = self._seq
        while self._synced < wanted:
            if self._syncing is None:
                self._syncing = asyncio.ensure_future(self._sync())
            await asyncio.shield(self._syncing)

    async def _sync(self) -> None:
        upto = self._seq
        try:
            await asyncio.to_thread(_to_disk, self._fd)
            self._synced = max(self._synced, upto)
        except OSError as error:
            raise _refused(self.folder, error) from error
        finally:
            self._syncing = None

    def close(self) -> None:
        """Let go of the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def read_plan(folder: Path) -> str:
    """The plan of a run. Raises JournalError."""
    try:
        return (folder / PLAN).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise JournalError(f"The plan of run {folder.name} can't be read: {error}.") from error


def read_events(folder: Path) -> list[record.RunEvent]:
    """A run's events, as they are on disk now. Raises JournalError."""
    return _read(folder)[0]


def _read(folder: Path) -> tuple[list[record.RunEvent], int]:
    """The events, and up to which byte they are whole."""
    try:
        data = (folder / JOURNAL).read_bytes()
    except FileNotFoundError:
        return [], 0
    except OSError as error:
        raise _refused(folder, error) from error
    events, good = [], 0
    for line in data.splitlines(keepends=True):
        if not line.endswith(b"\n"):
            break
        try:
            event = record.decode(line)
        except (ValueError, RecursionError) as error:
            if good + len(line) < len(data):
                raise JournalError(
                    f"The journal of run {folder.name} is damaged behind byte {good}: {error}.",
                    f"It is left as it is, in {folder}.",
                ) from error
            break
        good += len(line)
        if event is not None:
            events.append(event)
    return events, good


def folders(root: Path) -> Iterator[Path]:
    """The folders of all runs, newest first."""
    with contextlib.suppress(FileNotFoundError):
        found = [p for p in root.iterdir() if (p / JOURNAL).is_file() and (p / PLAN).is_file()]
        yield from sorted(found, reverse=True)


def folder_of(root: Path, wanted: str) -> Path:
    """The run that an id, its beginning or `last` names. Raises NotFound."""
    found = list(folders(root))
    if wanted == "last" and found:
        return found[0]
    matching = [p for p in found if wanted and p.name.startswith(wanted)]
    if len(matching) == 1 or (matching and matching[0].name == wanted):
        return matching[0]
    if matching:
        raise NotFound(f"{len(matching)} runs begin with {wanted}.", "Write more of the id.")
    raise NotFound(f"There is no run {wanted}.", "See `agentdeck plan list`.")


def _refused(folder: Path, error: OSError) -> JournalError:
    reason = error.strerror or str(error)
    return JournalError(
        f"Run {folder.name} can't be recorded: {reason}.", "Nothing starts until it can.", reason
    )
