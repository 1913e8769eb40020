"""Journals give their descriptors back, and go on as if they had kept them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sessions.errors import JournalError
from sessions.record import events as ev
from sessions.record import file_descriptors
from sessions.record.journal import Journal, read


def made(folder: Path, name: str) -> Journal:
    return Journal.create(folder / name, ev.SessionCreated(id=name))[0]


def held(folder: Path) -> int:
    """How many of this process's descriptors are files in a folder."""
    fds = Path("/proc/self/fd" if Path("/proc/self/fd").is_dir() else "/dev/fd")
    return sum(_leads_to(fd, folder) for fd in fds.iterdir())


def _leads_to(fd: Path, folder: Path) -> bool:
    try:
        return fd.resolve().is_relative_to(folder.resolve())
    except OSError:
        return False


def open_files() -> int:
    return file_descriptors.in_use() or 0


def test_a_thousand_journals_hold_few_descriptors(tmp_path: Path) -> None:
    journals = [made(tmp_path, f"s{number}") for number in range(200)]
    assert held(tmp_path) <= file_descriptors.MOST_OPEN
    for journal in journals:
        journal.append(ev.Byproduct(kind="text", text="a word"))
        journal.sync()
    assert held(tmp_path) <= file_descriptors.MOST_OPEN
    for journal in journals:
        assert [event.seq for event in read(journal.path)] == [1, 2]
        journal.close()
    assert held(tmp_path) == 0


def test_where_none_can_rest_few_are_asked_at_an_event_and_each_in_its_turn() -> None:
    asked: list[int] = []

    class Streams:
        """A journal that always has something unsynced."""

        def __init__(self, number: int) -> None:
            self._number = number

        def rest(self, *, sync: bool = False) -> bool:
            asked.append(self._number)
            return False

    opened = file_descriptors.OpenJournals()
    journals = [Streams(number) for number in range(100)]
    for journal in journals:
        opened.used(journal)
    for _ in range(30):
        asked.clear()
        opened.used(journals[0])
        assert 0 < len(asked) <= 4
    asked.clear()
    for _ in range(30):
        opened.used(journals[0])
    assert set(asked) == set(range(1, 100))


def test_what_streams_is_not_asked_and_rests_when_it_streams_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, synced = 1000.0, False
    monkeypatch.setattr(file_descriptors.time, "monotonic", lambda: now)
    rested: set[Streams] = set()

    class Streams:
        """A journal that can rest once it is synced."""

        def rest(self, *, sync: bool = False) -> bool:
            if synced:
                rested.add(self)
            return synced

    opened = file_descriptors.OpenJournals()
    streams = [Streams() for _ in range(file_descriptors.MOST_OPEN + 8)]
    for _ in range(6):
        for journal in streams:
            opened.used(journal)
    synced = True
    for _ in range(3):
        for journal in streams:
            opened.used(journal)
    assert not rested and len(opened) == len(streams)
    now += 60
    for _ in range(3):
        opened.used(streams[0])
    assert len(opened) == file_descriptors.MOST_OPEN and streams[0] not in rested


def test_after_a_sync_what_streams_is_left_alone_and_asked_again_until_few_are_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, asked = 1000.0, list[object]()
    monkeypatch.setattr(file_descriptors.time, "monotonic", lambda: now)

    class Streams:
        """A journal that can rest but while its session has something unsynced."""

        unsynced = True

        def rest(self, *, sync: bool = False) -> bool:
            asked.append(self)
            return not self.unsynced

    opened = file_descriptors.OpenJournals()
    streams = [Streams() for _ in range(file_descriptors.MOST_OPEN + 8)]
    for _ in range(6):
        for journal in streams:
            opened.used(journal)
    asked.clear()
    assert opened.crowded and opened.synced() and not asked
    now += 60
    assert not opened.synced() and opened.crowded  # nothing streams: nobody comes again for these
    assert set(asked) == set(streams)
    Streams.unsynced = False
    assert not opened.synced() and not opened.crowded
    assert len(opened) == file_descriptors.MOST_OPEN
    asked.clear()
    assert not opened.synced() and not asked


def test_after_a_rest_the_numbers_go_on_and_others_are_kept_out(tmp_path: Path) -> None:
    journal = made(tmp_path, "s")
    assert journal.rest()
    journal.append(ev.Byproduct(kind="text", text="one"))
    with pytest.raises(JournalError, match="Another process writes"):
        Journal.open(tmp_path / "s")
    journal.sync()
    assert journal.rest()
    other, events = Journal.open(tmp_path / "s")  # at rest, nothing keeps it
    other.append(ev.Byproduct(kind="text", text="two"))
    other.sync()
    with pytest.raises(JournalError, match="Another process writes"):
        journal.append(ev.Byproduct(kind="text", text="three"))
    other.close()
    journal.append(ev.Byproduct(kind="text", text="three"))
    assert [event.seq for event in read(journal.path)] == [1, 2, 3, 4]
    journal.close()
    assert len(events) == 2


def test_what_is_not_synced_does_not_rest(tmp_path: Path) -> None:
    journal = made(tmp_path, "s")
    journal.append(ev.Byproduct(kind="text", text="one"))
    assert not journal.rest()
    assert journal.rest(sync=True)
    journal.close()


def test_a_file_that_was_deleted_is_kept_open_until_it_is_written_anew(tmp_path: Path) -> None:
    journal = made(tmp_path, "s")
    journal.path.unlink()
    assert not journal.rest()
    journal.append(ev.Byproduct(kind="text", text="one"))
    assert len(list(read(journal.path))) == 2
    journal.close()


def test_a_journal_of_a_future_format_is_shown_and_left_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    journal, _, _ = Journal.create(folder, ev.SessionCreated(id="s", format=ev.FORMAT + 1))
    journal.append(ev.UserMessage(turn=1, text="hello"))
    journal.close()
    with (folder / "journal.jsonl").open("ab") as file:
        file.write(b'{"torn')
    before = (folder / "journal.jsonl").read_bytes()
    journal, events = Journal.open(folder)
    assert len(events) == 2
    with pytest.raises(JournalError, match="A newer agentdeck wrote this session"):
        journal.append(ev.Byproduct(kind="text", text="one"))
    journal.close()
    assert (folder / "journal.jsonl").read_bytes() == before


def test_near_the_limit_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert file_descriptors.near_limit() == "" or os.environ.get("CI")
    monkeypatch.setattr(file_descriptors, "limit", lambda: open_files())
    assert "ulimit -n" in file_descriptors.near_limit()
