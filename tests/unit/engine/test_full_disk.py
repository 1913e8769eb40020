"""A disk that refuses: told at once, sessions pause, and go on when there is room."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from sessions.backends.base import TurnHost
from sessions.errors import AgentdeckError, JournalError
from sessions.record import events as ev
from sessions.record import recorder
from sessions.runtime.session import Session
from tests.support.deckrig import Rig
from tests.support.rig import say_hello, until


@dataclass
class Disk:
    """What the journals are written to. `full`: why it takes nothing, 0 = it does."""

    full: int = 0
    room: int = 0
    """Bytes that it takes all the same."""
    tried: list[bytes] = field(default_factory=list)


@pytest.fixture(params=[errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO])
def number(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    disk, real = Disk(), os.write

    def write(fd: int, data: bytes) -> int:
        if not disk.full or b'"type":' not in data:
            return real(fd, data)
        disk.tried.append(bytes(data))
        if disk.room:
            room, disk.room = disk.room, 0
            return real(fd, data[:room])
        raise OSError(disk.full, os.strerror(disk.full))

    monkeypatch.setattr(os, "write", write)
    yield disk
    disk.full = 0


def texts(session: Session) -> str:
    return "".join(e.text for e in session.journal.events() if isinstance(e, ev.Text))


def whole(session: Session) -> bool:
    return [e.seq for e in session.journal.events()] == list(range(1, session.summary.seq + 1))


def said(rig: Rig) -> list[str]:
    return [str(n["message"]) for n in rig.listener.notices if n["kind"] == "disk"]


async def half_way(rig: Rig) -> tuple[Session, asyncio.Event, list[str]]:
    """A session whose turn has begun; the event lets it use a tool and end."""
    go, ran = asyncio.Event(), []

    async def act(host: TurnHost) -> ev.TurnEnded:
        host.emit(ev.Text(turn=host.turn, text="before "))
        host.flush()
        await go.wait()
        host.emit(ev.Text(turn=host.turn, text="and after"))
        await host.emit_synced(ev.ToolCall(turn=host.turn, call="c", name="Bash", input={}))
        ran.append("the tool")
        host.emit(ev.ToolResult(turn=host.turn, call="c", status="ok", content="done"))
        return ev.TurnEnded(turn=host.turn, reason="end_turn")

    rig.backend.act = act
    session = await rig.session()
    await session.send("Hi")
    await until(lambda: "before " in texts(session))
    return session, go, ran


async def test_a_turn_waits_at_its_next_tool_and_goes_on_when_there_is_room(
    rig: Rig, disk: Disk, number: int
) -> None:
    session, go, ran = await half_way(rig)
    disk.full = number
    go.set()
    await until(lambda: session.summary.status == "paused")
    assert session.summary.paused.startswith("NOT RECORDED: ")
    assert len(said(rig)) == 1 and os.strerror(number) in said(rig)[0]
    assert ran == [] and session.working
    disk.full = 0
    await rig.deck.refusals.look()
    await rig.idle(session)
    assert ran == ["the tool"] and session.summary.status == "done"
    assert texts(session) == "before and after" and whole(session)
    assert "room again" in said(rig)[-1]


async def test_nothing_is_shown_that_is_not_recorded(rig: Rig, disk: Disk) -> None:
    session, go, _ = await half_way(rig)
    disk.full = errno.ENOSPC
    go.set()
    await until(lambda: session.summary.status == "paused")
    shown = "".join(e.text for _, e in rig.listener.events if isinstance(e, ev.Text))
    assert shown == texts(session) == "before "


async def test_it_is_tried_again_without_being_asked(
    rig: Rig, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sessions.runtime.full_disk.LOOK_S", 0.01)
    session, go, _ = await half_way(rig)
    disk.full = errno.ENOSPC
    go.set()
    await until(lambda: len(disk.tried) > 3)
    disk.full = 0
    await rig.idle(session)
    assert session.summary.status == "done" and whole(session)


async def test_a_line_that_was_taken_in_part_leaves_nothing_behind(rig: Rig, disk: Disk) -> None:
    session, go, _ = await half_way(rig)
    disk.full, disk.room = errno.ENOSPC, 20
    go.set()
    await until(lambda: session.summary.status == "paused")
    disk.full = 0
    await rig.deck.refusals.look()
    await rig.idle(session)
    for line in session.journal.path.read_bytes().splitlines():
        assert line.startswith(b"{") and line.endswith(b"}")


async def test_a_message_that_cannot_be_recorded_is_refused_and_no_turn_begins(
    rig: Rig, disk: Disk, number: int
) -> None:
    session = await rig.session()
    disk.full = number
    for _ in range(2):  # the second finds a session that is paused already
        with pytest.raises(JournalError, match=r"disk|limit|quota"):
            await session.send("Hi")
    assert not session.working and session.summary.turns == 0
    disk.full = 0
    assert await session.send("Hi") == {"turn": 1}
    await rig.idle(session)
    messages = [e.text for e in session.journal.events() if isinstance(e, ev.UserMessage)]
    assert messages == ["Hi"] and whole(session) and session.summary.status == "done"


async def test_what_a_command_could_not_record_is_its_refusal(rig: Rig, disk: Disk) -> None:
    session = await rig.session()
    disk.full = errno.ENOSPC
    with pytest.raises(JournalError, match="full"):
        await session.set({"title": "never"})
    disk.full = 0
    await rig.deck.refusals.look()
    assert session.summary.title != "never" and whole(session)
    assert session.summary.status == "idle"


async def test_a_queue_waits_for_room_and_goes_on_by_itself(rig: Rig, disk: Disk) -> None:
    session, go, _ = await half_way(rig)
    await session.send("next")
    disk.full = errno.ENOSPC
    go.set()
    await until(lambda: session.summary.status == "paused")
    await session.interrupt()
    assert not session.working
    disk.full = 0
    rig.backend.act = say_hello
    await rig.deck.refusals.look()
    await until(lambda: session.summary.turns == 2 and not session.working)
    assert session.summary.queue == [] and whole(session)
    reasons = [e.reason for e in session.journal.events() if isinstance(e, ev.TurnEnded)]
    assert reasons == ["interrupted", "end_turn"]


async def test_a_message_of_the_queue_that_cannot_be_recorded_goes_back_to_it(
    rig: Rig, disk: Disk
) -> None:
    go = asyncio.Event()

    async def act(host: TurnHost) -> ev.TurnEnded:
        await go.wait()
        return await say_hello(host)

    rig.backend.act = act
    session = await rig.session()
    await session.send("first")
    await session.send("second")
    rig.listener.hooks.append(
        lambda _, event, __: (
            setattr(disk, "full", errno.ENOSPC)
            if isinstance(event, ev.TurnEnded) and event.turn == 1
            else None
        )
    )
    go.set()
    await until(lambda: session.summary.status == "paused" and not session.working)
    assert [q.text for q in session.queue] == ["second"]
    disk.full = 0
    rig.listener.hooks.clear()
    await rig.deck.refusals.look()
    await until(lambda: session.summary.turns == 2 and not session.working)
    messages = [e.text for e in session.journal.events() if isinstance(e, ev.UserMessage)]
    assert messages == ["first", "second"] and whole(session)


async def test_an_interrupt_does_not_wait_for_room(rig: Rig, disk: Disk) -> None:
    session, go, ran = await half_way(rig)
    disk.full = errno.ENOSPC
    go.set()
    await until(lambda: session.summary.status == "paused")
    await asyncio.wait_for(session.interrupt(), 60)
    assert not session.working and ran == []
    disk.full = 0
    await rig.deck.refusals.look()
    results = [e.status for e in session.journal.events() if isinstance(e, ev.ToolResult)]
    assert results == ["cancelled"] and whole(session)


async def test_what_waits_in_memory_is_bounded_and_ends_the_turn(
    rig: Rig, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "MOST_BYTES", 50_000)

    async def act(host: TurnHost) -> ev.TurnEnded:
        await host.emit_synced(ev.ToolCall(turn=host.turn, call="c", name="Bash", input={}))
        disk.full = errno.ENOSPC
        while True:
            host.emit(ev.ToolProgress(turn=host.turn, call="c", text="x" * 1000))
            await asyncio.sleep(0)

    rig.backend.act = act
    session = await rig.session()
    await session.send("Hi")
    await rig.idle(session)
    assert session.recorder._held < 60_000
    disk.full = 0
    await rig.deck.refusals.look()
    events = list(session.journal.events())
    assert [e.reason for e in events if isinstance(e, ev.TurnEnded)] == ["interrupted"]
    assert [e.call for e in events if isinstance(e, ev.ToolResult)] == ["c"] and whole(session)


async def test_one_reason_is_told_once_for_all_sessions(rig: Rig, disk: Disk) -> None:
    sessions = [await rig.session() for _ in range(5)]
    disk.full = errno.ENOSPC
    for session in sessions:
        session.recorder.emit(ev.SessionSet(title="new"))
    assert len(said(rig)) == 1
    await until(lambda: all(s.summary.status == "paused" for s in sessions))
    disk.full = 0
    await rig.deck.refusals.look()
    assert len(said(rig)) == 2 and "5 sessions go on" in said(rig)[-1]
    assert all(s.summary.title == "new" and s.summary.status == "idle" for s in sessions)


async def test_a_session_that_a_crash_cut_off_is_opened_on_a_full_disk(
    rig: Rig, disk: Disk
) -> None:
    session = await rig.session()
    session.journal.append(ev.UserMessage(turn=1, text="and then the power went"))
    with session.journal.path.open("ab") as file:
        file.write(b'{"torn')
    session.journal.close()
    rig.deck.sessions.pop(session.id)
    disk.full = errno.ENOSPC
    again = await rig.deck.get(session.id)
    assert again.summary.status == "paused" and again.messages[1].text.startswith("and then")
    disk.full = 0
    await rig.deck.refusals.look()
    ends = [e.reason for e in again.journal.events() if isinstance(e, ev.TurnEnded)]
    assert ends == ["interrupted"] and whole(again)


async def test_a_session_that_could_not_be_made_leaves_nothing(rig: Rig, disk: Disk) -> None:
    disk.full = errno.ENOSPC
    with pytest.raises(AgentdeckError, match="full"):
        await rig.session()
    assert list(rig.deck.places.sessions.iterdir()) == []


async def test_a_fork_that_could_not_be_made_leaves_nothing(rig: Rig, disk: Disk) -> None:
    session = await rig.session()
    await session.send("Hi")
    await rig.idle(session)
    disk.full, disk.room = errno.ENOSPC, 10_000
    with pytest.raises(AgentdeckError, match="full"):
        await rig.deck.fork(session.id)
    assert [p.name for p in rig.deck.places.sessions.iterdir()] == [session.id]
