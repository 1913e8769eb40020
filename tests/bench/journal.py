"""The record: appending an event, beside a bare write of the same bytes; replaying it.

24 journals take streamed text in turn, as a deck's do. Synced as a running turn is: at decisive
points and once a second, not at every event.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sessions.record import codec
from sessions.record import events as ev
from sessions.record.journal import NAME, Journal, read
from sessions.record.transcript import Transcript
from tests.bench.harness.figure import Figure, Target
from tests.bench.harness.words import tokens

JOURNALS, EVENTS = 24, 24_000


def figures(quick: bool) -> Iterator[Figure]:
    """Microseconds per event; megabytes a second for reading."""
    rounds = 3 if quick else 7
    with tempfile.TemporaryDirectory(prefix="ad-bench-") as name:
        root = Path(name)
        source = tokens(1)
        texts = ["".join(next(source) for _ in range(5)) for _ in range(EVENTS)]
        append, bare = [], []
        for number in range(rounds):
            append.append(_appended(root / f"j{number}", texts))
            bare.append(_written(root / f"b{number}", texts))
        yield Figure("append an event", append, "µs", Target(10), "encoded and written bare", bare)
        yield from _synced(root, texts, rounds)
        yield from _read(root / "j0", rounds)


def _appended(folder: Path, texts: list[str]) -> float:
    journals = [
        Journal.create(folder / str(n), ev.SessionCreated(id=str(n)))[0] for n in range(JOURNALS)
    ]
    began = time.process_time()
    for number, text in enumerate(texts):
        journals[number % JOURNALS].append(ev.Text(turn=1, text=text))
    taken = time.process_time() - began
    for journal in journals:
        journal.close()
    return taken / len(texts) * 1e6


def _written(folder: Path, texts: list[str]) -> float:
    folder.mkdir()
    files = [os.open(folder / str(n), os.O_WRONLY | os.O_CREAT, 0o600) for n in range(JOURNALS)]
    began = time.process_time()
    for number, text in enumerate(texts):
        event = {"seq": number, "at": "2026-11-23T10:00:00.123Z", "type": "text", "turn": 1}
        os.write(files[number % JOURNALS], codec.encode({**event, "text": text}))
    taken = time.process_time() - began
    for file in files:
        os.close(file)
    return taken / len(texts) * 1e6


def _synced(root: Path, texts: list[str], rounds: int) -> Iterator[Figure]:
    """An event that must be on the disk before anybody is told."""
    journal, _, _ = Journal.create(root / "synced", ev.SessionCreated(id="synced"))
    bare = os.open(root / "bare", os.O_WRONLY | os.O_CREAT, 0o600)

    def ours() -> None:
        journal.append(ev.Text(turn=1, text=texts[0]))
        journal.sync()

    def theirs() -> None:
        os.write(bare, texts[0].encode())
        os.fdatasync(bare) if hasattr(os, "fdatasync") else os.fsync(bare)

    def each(work: Callable[[], None]) -> float:
        began = time.perf_counter()
        for _ in range(100):
            work()
        return (time.perf_counter() - began) / 100 * 1e6

    pairs = [(each(ours), each(theirs)) for _ in range(rounds)]
    journal.close()
    os.close(bare)
    yield Figure("append and sync", [a for a, _ in pairs], "µs", None,
                 "a bare write and sync", [b for _, b in pairs])  # fmt: skip


def _read(folder: Path, rounds: int) -> Iterator[Figure]:
    files = [folder / str(n) / NAME for n in range(JOURNALS)]
    size = sum(file.stat().st_size for file in files) / 1e6
    replayed, events = [], []
    for _ in range(rounds):
        began = time.perf_counter()
        for file in files:
            for _event in read(file):
                pass
        events.append(size / (time.perf_counter() - began))
        began = time.perf_counter()
        for file in files:
            transcript = Transcript()
            for event in read(file):
                transcript.apply(event)
        replayed.append(size / (time.perf_counter() - began))
    yield Figure("read a journal", events, "MB/s")
    yield Figure("read and fold to a transcript", replayed, "MB/s")
