"""What streams is synced together, each at least every second, and a fault is its own alone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from sessions.errors import JournalError
from sessions.record import events as ev
from sessions.record import journal as journal_files
from sessions.record import steady_syncs
from sessions.record.file_descriptors import MOST_OPEN, OpenJournals
from sessions.record.journal import Journal
from sessions.record.recorder import Recorder
from sessions.record.steady_syncs import STEADY_SYNCS
from tests.support.rig import until


class Kept:
    """A journal in memory that knows in which thread it was synced."""

    def __init__(self) -> None:
        self.written = self.synced = 0
        self.threads: list[int] = []
        self.refuses = False

    def append(self, event: ev.Event) -> tuple[ev.Event, bytes]:
        """See sessions.record.recorder.Writes."""
        self.written += 1
        return event, b"{}\n"

    def sync(self) -> None:
        """See sessions.record.recorder.Writes."""
        self.threads.append(threading.get_ident())
        if self.refuses:
            raise JournalError("The disk refuses.", "Look at it.", "the disk refuses")
        self.synced = self.written


def word() -> ev.Event:
    return ev.Byproduct(kind="text", text="a word")


@pytest.fixture(autouse=True)
def opened(monkeypatch: pytest.MonkeyPatch) -> OpenJournals:
    """Journals of this test alone, whatever another of this process left open."""
    mine = OpenJournals()
    monkeypatch.setattr(steady_syncs, "JOURNALS", mine)
    monkeypatch.setattr(journal_files, "JOURNALS", mine)
    return mine


@pytest.fixture
def journals() -> list[Kept]:
    return [Kept() for _ in range(steady_syncs._PIECE + 4)]


@pytest.fixture
def faults() -> list[JournalError]:
    return []


@pytest.fixture
def recorders(journals: list[Kept], faults: list[JournalError]) -> list[Recorder]:
    return [Recorder(journal, lambda event, line: None, faults.append) for journal in journals]


async def test_all_that_was_written_is_synced_in_few_calls_and_again_when_more_is(
    journals: list[Kept], recorders: list[Recorder], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    together = steady_syncs._all

    def counted(syncs: list[Callable[[], None]]) -> list[JournalError | None]:
        calls.append(len(syncs))
        return together(syncs)

    monkeypatch.setattr(steady_syncs, "_all", counted)
    for number in range(2):
        for recorder in recorders:
            recorder.emit(word())
            recorder.emit(word())
        await until(lambda: all(j.synced == j.written for j in journals))
        assert sorted(calls) == [4, steady_syncs._PIECE]
        assert all(len(journal.threads) == number + 1 for journal in journals)
        calls.clear()
    assert all(threading.get_ident() not in journal.threads for journal in journals)


async def test_one_that_is_refused_is_told_alone_and_the_others_are_synced(
    journals: list[Kept], recorders: list[Recorder], faults: list[JournalError]
) -> None:
    journals[1].refuses = True
    for recorder in recorders:
        recorder.emit(word())
    await until(lambda: bool(faults) and all(j.synced for j in journals if j is not journals[1]))
    assert len(faults) == 1
    assert [recorder.healthy for recorder in recorders].index(False) == 1
    assert sum(recorder.healthy for recorder in recorders) == len(recorders) - 1


async def test_what_was_synced_by_itself_is_not_synced_again(
    journals: list[Kept], recorders: list[Recorder]
) -> None:
    for recorder in recorders[:2]:
        recorder.emit(word())
    await recorders[0].sync()
    await until(lambda: journals[1].synced == 1)
    assert len(journals[0].threads) == 1
    recorders[0].emit(word())
    await recorders[0].close()
    assert journals[0].synced == 2
    assert STEADY_SYNCS.here()._timer is None


async def test_what_nobody_foresaw_of_one_journal_keeps_no_other_from_the_disk(
    journals: list[Kept],
    recorders: list[Recorder],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def breaks() -> None:
        raise ValueError("nobody foresaw this")

    monkeypatch.setattr(journals[1], "sync", breaks)
    for recorder in recorders:
        recorder.emit(word())
    await until(lambda: all(j.synced for j in journals if j is not journals[1]))
    assert "nobody foresaw this" in caplog.text
    assert all(recorder.healthy for recorder in recorders)


async def test_all_are_told_that_the_disk_refuses_whatever_one_makes_of_it(
    journals: list[Kept], caplog: pytest.LogCaptureFixture
) -> None:
    told: list[int] = []

    def tell(number: int) -> None:
        told.append(number)
        if number == 1:
            raise ValueError("nobody foresaw this")

    for number, journal in enumerate(journals):
        journal.refuses = True
        recorder = Recorder(journal, lambda event, line: None, lambda _, n=number: tell(n))
        recorder.emit(word())
    await until(lambda: len(told) == len(journals))
    assert "nobody foresaw this" in caplog.text


@pytest.mark.parametrize("by_itself", [False, True])
async def test_when_all_that_stream_stop_at_once_most_of_them_rest_without_another_event(
    by_itself: bool, opened: OpenJournals, tmp_path: Path
) -> None:
    written = [
        Journal.create(tmp_path / f"s{number}", ev.SessionCreated(id=f"s{number}"))[0]
        for number in range(MOST_OPEN + steady_syncs._PIECE + 4)
    ]
    streams = [Recorder(journal, lambda event, line: None, lambda _: None) for journal in written]
    for _ in range(8):
        for stream in streams:
            stream.emit(word())
    assert opened.crowded and len(opened) == len(streams)
    if by_itself:
        for stream in streams:  # as each does at the end of a turn
            await stream.sync()
    await until(lambda: len(opened) <= MOST_OPEN)
    await until(lambda: STEADY_SYNCS.here()._timer is None)
    assert not opened.crowded
    streams[0].emit(word())
    assert len(opened) <= MOST_OPEN
    for journal in written:
        journal.close()
