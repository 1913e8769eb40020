"""Journal, then clients, then index: no fault of the index stops an event on its way."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from sessions.archive import database
from sessions.archive.index import Index
from sessions.archive.indexer import Indexer
from sessions.engine.commands.deck import listing, search
from sessions.record import events as ev
from sessions.record.summary import Summary
from sessions.runtime.session import Session
from tests.support.deckrig import Rig
from tests.support.rig import say_hello, until


def remove(path: Path) -> None:
    path.unlink()


def remove_folder(path: Path) -> None:
    shutil.rmtree(path.parent)


def overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"\xff" * path.stat().st_size)


def empty(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(0)


def drop_a_table(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("drop table sessions")
        db.commit()


FAULTS = [remove, remove_folder, overwrite, empty, drop_a_table]


async def turn(rig: Rig, session: Session, text: str) -> None:
    await session.send(text)
    await rig.idle(session)


def told(rig: Rig) -> str:
    return "\n".join(str(n["message"]) for n in rig.listener.notices if "index" in n["kind"])


async def look(rig: Rig, query: str) -> list[str]:
    """The sessions whose messages hold some words, each as often as they do."""
    await listing(rig.deck)
    await rig.deck.index.made()
    return [str(hit["id"]) for hit in await search(rig.deck, query)]


@pytest.mark.parametrize("fault", FAULTS)
async def test_delivery_goes_on_whatever_is_done_to_the_index(
    rig: Rig, fault: Callable[[Path], None]
) -> None:
    one, two = await rig.session(), await rig.session()
    await turn(rig, one, "the first question")
    await listing(rig.deck)
    fault(rig.deck.places.index)
    for session in (one, two):
        await turn(rig, session, "asked afterwards")
        told_of = [e for s, e in rig.listener.events if s == session.id]
        assert told_of[-1] == list(session.journal.events())[-1]
        assert isinstance(told_of[-1], ev.TurnEnded)
        assert session.summary.status == "done"


@pytest.mark.parametrize("fault", FAULTS)
async def test_an_index_at_fault_is_made_again_behind_and_that_is_said(
    rig: Rig, fault: Callable[[Path], None]
) -> None:
    old, new = await rig.session(), await rig.session()
    await turn(rig, old, "a tidal gate")
    await listing(rig.deck)
    fault(rig.deck.places.index)
    await turn(rig, new, "a sluice")
    assert await look(rig, "tidal gate") == [old.id]
    assert await look(rig, "sluice") == [new.id]
    assert len(await look(rig, "Hello")) == 2
    assert {row["id"] for row in await listing(rig.deck)} == {old.id, new.id}
    await until(lambda: "made again" in told(rig))
    with contextlib.closing(sqlite3.connect(rig.deck.places.index)) as db:
        assert db.execute("select count(*) from sessions").fetchone() == (2,)


async def test_a_damaged_index_is_kept_aside(rig: Rig) -> None:
    session = await rig.session()
    await listing(rig.deck)
    overwrite(rig.deck.places.index)
    await turn(rig, session, "anything")
    await look(rig, "anything")
    assert rig.deck.places.index.with_suffix(".damaged").exists()


async def test_clients_do_not_wait_for_an_index_that_is_busy(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await rig.session()
    go, feed = threading.Event(), Index.feed
    monkeypatch.setattr(Index, "feed", lambda *args: (go.wait(30), feed(*args))[1])
    try:
        await turn(rig, session, "quick, please")
        await turn(rig, session, "and again")
        assert sum(isinstance(e, ev.TurnEnded) for _, e in rig.listener.events) == 2
    finally:
        go.set()
    assert len(await look(rig, "Hello")) == 2


async def test_what_waits_for_a_busy_index_is_bounded_and_nothing_is_missing_afterwards(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sessions.archive.indexer._MAX_WAITING", 5)
    monkeypatch.setattr("sessions.archive.indexer._BATCH", 2)
    session = await rig.session()
    go, feed = threading.Event(), Index.feed
    monkeypatch.setattr(Index, "feed", lambda *args: (go.wait(30), feed(*args))[1])
    try:
        for number in range(10):
            await turn(rig, session, f"question{number}")
        assert rig.deck.index.waiting <= 5
    finally:
        go.set()
    for number in range(10):
        assert await look(rig, f"question{number}") == [session.id]


async def test_events_that_a_rebuilding_took_in_are_not_taken_twice(rig: Rig) -> None:
    session = await rig.session()
    for number in range(3):
        await turn(rig, session, f"question{number}")
        rig.deck.places.index.unlink(missing_ok=True)  # it may not have been made again yet
    assert len(await look(rig, "Hello")) == 3


async def test_an_index_that_cannot_be_written_goes_on_in_memory_until_it_can(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = await rig.session(), await rig.session()
    await turn(rig, one, "a tidal gate")
    await listing(rig.deck)

    def full(*_: object) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(database, "_connect", full)
        patch.setattr(Index, "feed", full)
        await turn(rig, two, "a sluice")
        with contextlib.suppress(sqlite3.Error):
            await listing(rig.deck)
    await turn(rig, two, "a weir")
    assert len(await look(rig, "sluice")) == len(await look(rig, "tidal")) == 1
    await until(lambda: "it is in memory now" in told(rig))
    await rig.deck.index.room()
    await rig.deck.index.made()
    assert "on disk again" in told(rig)
    with contextlib.closing(sqlite3.connect(rig.deck.places.index)) as db:
        assert db.execute("select count(*) from messages").fetchone() == (6,)


async def test_a_deleted_session_leaves_the_list(rig: Rig) -> None:
    rig.backend.act = say_hello
    session = await rig.session()
    await turn(rig, session, "gone soon")
    await listing(rig.deck)
    await rig.deck.delete(session.id)
    assert await listing(rig.deck) == []
    assert await search(rig.deck, "gone") == []


async def test_what_streams_is_written_to_the_index_at_its_end_and_not_all_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Nobody:
        """Wants to know nothing."""

        def taken(self, found: list[Summary]) -> None: ...

        def progress(self, done: int, of: int) -> None: ...

        def failed(self, why: str) -> None: ...

        unkept = failed

    indexer = Indexer(tmp_path / "index.db", tmp_path, Nobody())
    writes = 0
    write = Indexer._write

    async def counted(self: Indexer) -> None:
        nonlocal writes
        writes += 1
        self.feed("s", ev.Text(turn=1, text="a word"), Summary("s"))  # more comes meanwhile
        await write(self)

    monkeypatch.setattr(Indexer, "_write", counted)
    await indexer.start()
    indexer.feed("s", ev.TurnEnded(turn=1, reason="end_turn"), Summary("s"))
    feeding = indexer._feeding
    assert feeding is not None
    await asyncio.wait_for(feeding, 60)
    assert writes == 1
    await indexer.close()
