"""A session's life: turns, queue, interrupt, answers, repair."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from sessions.api.answers import Sent
from sessions.backends.base import TurnHost
from sessions.engine.commands.session import queue
from sessions.errors import BackendError, UsageError
from sessions.record import events as ev
from sessions.record.summary_parts import MessageWaiting
from tests.support.deckrig import Rig, types_of
from tests.support.rig import say_hello, until


async def test_a_turn_is_recorded_in_order(rig: Rig) -> None:
    session = await rig.session()
    await session.send("Hi")
    await rig.idle(session)
    assert types_of(session) == [
        "session.created",
        "message.user",
        "turn.started",
        "text",
        "text",
        "turn.ended",
    ] or types_of(session) == [
        "session.created",
        "message.user",
        "turn.started",
        "text",
        "turn.ended",
    ]
    assert session.summary.status == "done"


async def test_what_is_told_is_on_disk_already(rig: Rig) -> None:
    """Append before broadcast: at every broadcast the line stands in the file."""
    missing: list[str] = []

    def look(session_id: str, event: ev.Event, line: bytes) -> None:
        journal = rig.deck.places.session(session_id) / "journal.jsonl"
        if line not in journal.read_bytes():
            missing.append(event.type)

    rig.listener.hooks.append(look)
    session = await rig.session()
    await session.send("Hi")
    await rig.idle(session)
    assert missing == []
    assert rig.listener.events


async def test_a_message_sent_while_a_turn_runs_is_queued_and_runs_next(rig: Rig) -> None:
    go = asyncio.Event()

    async def wait(host: TurnHost) -> ev.TurnEnded:
        await go.wait()
        return await say_hello(host)

    rig.backend.act = wait
    session = await rig.session()
    await session.send("first")
    answer = await session.send("second")
    assert "queued" in answer
    assert [q["text"] for q in session.summary.queue] == ["second"]
    go.set()
    await until(lambda: session.summary.turns == 2 and not session.working)
    assert session.summary.queue == []
    users = [e for e in session.journal.events() if isinstance(e, ev.UserMessage)]
    assert [(u.turn, u.text, u.origin) for u in users] == [
        (1, "first", "typed"),
        (2, "second", "queued"),
    ]


async def test_a_queue_that_is_changed_twice_at_once_is_as_it_was_changed_last(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, turns = await rig.session(), iter((9, 1))

    async def threads(work: Callable[..., Any], *args: Any) -> Any:
        for _ in range(next(turns)):
            await asyncio.sleep(0)
        return work(*args)

    monkeypatch.setattr(asyncio, "to_thread", threads)
    changes = (queue(rig.deck, session.id, [{"text": text}]) for text in ("first", "last"))
    await asyncio.gather(*changes)
    assert [q.text for q in session.queue] == ["last"]


async def test_a_queue_that_an_interrupt_left_goes_on_when_it_is_told_to(rig: Rig) -> None:
    async def wait(host: TurnHost) -> ev.TurnEnded:
        if host.turn == 1:
            await asyncio.Event().wait()
        return await say_hello(host)

    rig.backend.act = wait
    session = await rig.session()
    await session.send("first")
    for text in ("second", "third", "fourth"):
        await session.send(text)
    await session.interrupt()
    dropped = [q.to_json() for q in session.queue if q.text != "second"]
    await session.set_queue(cast("list[MessageWaiting]", dropped))  # what is dropped sends nothing
    assert (session.summary.turns, session.working) == (1, False)
    assert await session.next(session.queue[1].id)
    assert not await session.next()  # the turn that runs goes on with the rest by itself
    await until(lambda: session.summary.turns == 3 and not session.working)
    users = [e for e in session.journal.events() if isinstance(e, ev.UserMessage)]
    assert [u.text for u in users] == ["first", "fourth", "third"]


async def test_a_pause_is_lifted_and_what_waits_is_sent(rig: Rig) -> None:
    async def limited(host: TurnHost) -> ev.TurnEnded:
        if host.turn == 1:
            await go.wait()
            return ev.TurnEnded(turn=1, reason="limit", detail="ten turns")
        return await say_hello(host)

    rig.backend.act = limited
    for way in ("next", "set"):
        go = asyncio.Event()
        session = await rig.session()
        await session.send("first")
        await session.send("second")
        go.set()
        await rig.idle(session)
        assert session.summary.status == "paused"
        await (session.next() if way == "next" else session.set({"paused": ""}))
        await until(lambda s=session: s.summary.turns == 2 and not s.working)  # type: ignore[misc]
        assert session.summary.queue == []


@pytest.mark.parametrize("fails", [True, False])
async def test_a_message_sent_as_a_turn_ends_is_the_next_turn(rig: Rig, fails: bool) -> None:
    """Who sees the end may send before it is on the disk: nothing is left in the queue."""
    answers: list[asyncio.Task[Sent]] = []

    async def act(host: TurnHost) -> ev.TurnEnded:
        if fails and host.turn == 1:
            raise BackendError("It broke.", kind="network")
        return await say_hello(host)

    def send_at_the_end(_: str, event: ev.Event, __: bytes) -> None:
        if isinstance(event, ev.TurnEnded) and not answers:
            answers.append(asyncio.ensure_future(session.send("second")))

    rig.backend.act = act
    rig.listener.hooks.append(send_at_the_end)
    session = await rig.session()
    sync = session.recorder.sync

    async def slow_disk() -> None:
        for _ in range(20):
            await asyncio.sleep(0)
        await sync()

    session.recorder.sync = slow_disk  # type: ignore[method-assign]
    await session.send("first")
    await until(lambda: session.summary.turns == 2 and not session.working)
    assert answers[0].result() == {"turn": 2}
    assert session.summary.queue == []


async def test_a_steer_goes_into_the_running_turn(rig: Rig) -> None:
    go = asyncio.Event()
    taken: list[str] = []

    async def steps(host: TurnHost) -> ev.TurnEnded:
        await go.wait()
        taken.extend(m.text for m in host.take_steers())
        return await say_hello(host)

    rig.backend.act = steps
    session = await rig.session()
    await session.send("first")
    await session.send("turn left", mode="steer")
    go.set()
    await rig.idle(session)
    assert taken == ["turn left"]
    assert session.summary.turns == 1


async def test_interrupt_keeps_the_text_and_answers_open_calls(rig: Rig) -> None:
    async def hang(host: TurnHost) -> ev.TurnEnded:
        host.emit(ev.Text(turn=host.turn, text="half an ans"))
        await host.emit_synced(ev.ToolCall(turn=host.turn, call="c1", name="Bash", input={}))
        await asyncio.Event().wait()
        raise AssertionError

    rig.backend.act = hang
    session = await rig.session()
    await session.send("Hi")
    await until(lambda: "tool.call" in types_of(session))
    await session.interrupt()
    assert types_of(session)[-3:] == ["tool.call", "tool.result", "turn.ended"]
    last = list(session.journal.events())[-2:]
    assert isinstance(last[0], ev.ToolResult) and last[0].status == "cancelled"
    assert isinstance(last[1], ev.TurnEnded) and last[1].reason == "interrupted"
    assert str(session.summary.status) == "idle"
    rig.backend.act = say_hello
    await session.send("again")
    await rig.idle(session)
    assert session.summary.status == "done"


async def test_a_fault_of_the_backend_fails_the_turn_and_not_the_session(rig: Rig) -> None:
    async def fail(host: TurnHost) -> ev.TurnEnded:
        raise BackendError("The key was refused.", "Set another key.", kind="auth")

    rig.backend.act = fail
    session = await rig.session()
    await session.send("Hi")
    await rig.idle(session)
    assert str(session.summary.status) == "failed"
    assert session.summary.error == "The key was refused."
    rig.backend.act = say_hello
    assert await session.again() == 2
    await rig.idle(session)
    assert session.summary.status == "done"


async def test_a_permission_waits_for_its_answer(rig: Rig) -> None:
    got: list[ev.PermissionAnswered] = []

    async def asks(host: TurnHost) -> ev.TurnEnded:
        request = ev.PermissionAsked(
            turn=host.turn,
            call="c1",
            ask="a1",
            tool="Bash",
            options=[{"id": "once", "name": "Once", "kind": "allow_once"}],
        )
        got.append(await host.ask(request))
        return await say_hello(host)

    rig.backend.act = asks
    session = await rig.session()
    await session.send("Hi")
    await until(lambda: session.summary.status == "needs-you")
    with pytest.raises(UsageError):
        await session.answer("other", "once", "", True)
    await session.answer("a1", "once", "", True)
    await rig.idle(session)
    assert got[0].allowed and got[0].by == "user"
    assert "permission.answered" in types_of(session)


async def test_an_empty_message_is_refused(rig: Rig) -> None:
    session = await rig.session()
    with pytest.raises(UsageError):
        await session.send("  \n")


async def test_a_turn_cut_off_by_a_dead_engine_is_completed_at_opening(rig: Rig) -> None:
    async def hang(host: TurnHost) -> ev.TurnEnded:
        host.emit(ev.Text(turn=host.turn, text="some text"))
        await host.emit_synced(
            ev.ToolCall(turn=host.turn, call="c1", name="Bash", input={"command": "make"})
        )
        await asyncio.Event().wait()
        raise AssertionError

    rig.backend.act = hang
    session = await rig.session()
    await session.send("Hi")
    await until(lambda: "tool.call" in types_of(session))
    journal = (session.folder / "journal.jsonl").read_bytes()
    other = await rig.another()
    folder = other.deck.places.session(session.id)
    folder.mkdir(parents=True)
    (folder / "journal.jsonl").write_bytes(journal + b'{"seq": 9, "at": "20')
    back = await other.deck.get(session.id)
    events = list(back.journal.events())
    assert (folder / "journal.jsonl").read_bytes().startswith(journal)
    results = [e for e in events if isinstance(e, ev.ToolResult)]
    assert [r.status for r in results] == ["unknown"]
    ended = [e for e in events if isinstance(e, ev.TurnEnded)]
    assert [e.reason for e in ended] == ["interrupted"]
    assert any(isinstance(e, ev.JournalRepaired) for e in events)
    assert [e.seq for e in events] == list(range(1, len(events) + 1))
    await session.interrupt()


async def test_undo_takes_the_last_turn_out_of_the_conversation(rig: Rig) -> None:
    session = await rig.session()
    await session.send("keep")
    await rig.idle(session)
    await session.send("drop")
    await rig.idle(session)
    assert await session.undo() == 2
    told = json.dumps(session.context.messages())
    assert "keep" in told and "drop" not in told
    assert await session.undo() == 1
    with pytest.raises(UsageError):
        await session.undo()


async def test_a_fork_has_the_same_past_and_names_its_parent(rig: Rig, tmp_path: Path) -> None:
    session = await rig.session()
    for text in ("one", "two", "three"):
        await session.send(text)
        await rig.idle(session)
    fork = await rig.deck.fork(session.id, turn=2)
    events = list(fork.journal.events())
    assert isinstance(events[0], ev.SessionCreated)
    assert events[0].parent and events[0].parent["id"] == session.id
    assert [e.text for e in events if isinstance(e, ev.UserMessage)] == ["one", "two"]
    assert [e.seq for e in events] == list(range(1, len(events) + 1))
    await fork.send("four")
    await rig.idle(fork)
    assert fork.summary.turns == 3
    assert "four" not in (session.folder / "journal.jsonl").read_text()


async def test_a_fork_starts_with_an_empty_queue(rig: Rig) -> None:
    session = await rig.session()
    await session.send("one")
    await rig.idle(session)
    go = asyncio.Event()

    async def wait(host: TurnHost) -> ev.TurnEnded:
        await go.wait()
        return await say_hello(host)

    rig.backend.act = wait
    await session.send("two")
    for text in ("three", "four", "five"):
        await session.send(text)
    running = await rig.deck.fork(session.id)
    await session.interrupt()
    assert [q["text"] for q in session.summary.queue] == ["three", "four", "five"]
    idle = await rig.deck.fork(session.id)
    for fork in (running, idle):
        assert fork.summary.queue == [] and fork.queue == []
    go.set()
    await idle.send("six")
    await rig.idle(idle)
    asked = [e.text for e in idle.journal.events() if isinstance(e, ev.UserMessage)]
    assert asked == ["one", "two", "six"]
    assert [q.text for q in session.queue] == ["three", "four", "five"]


async def test_a_fork_has_its_own_name_and_is_at_hand(rig: Rig) -> None:
    session = await rig.session()
    await session.send("one")
    await rig.idle(session)
    await session.set({"title": "Rivers"})
    await session.set({"archived": True, "closed": True})
    fork = await rig.deck.fork(session.id)
    assert fork.summary.title == "Rivers (fork)"
    assert not fork.summary.archived and not fork.summary.closed
    named = await rig.deck.fork(session.id, title="Lakes")
    assert named.summary.title == "Lakes"
    await named.close()
    rig.deck.sessions.pop(named.id)
    assert (await rig.deck.get(named.id)).summary.title == "Lakes"


async def test_turns_beyond_the_limit_wait_for_a_place(rig_of_one: Rig) -> None:
    rig = rig_of_one
    go = asyncio.Event()

    async def wait(host: TurnHost) -> ev.TurnEnded:
        await go.wait()
        return await say_hello(host)

    rig.backend.act = wait
    first, second = await rig.session(), await rig.session()
    await first.send("a")
    await until(lambda: first.summary.status == "working")
    await second.send("b")
    await until(lambda: second.summary.status == "paused")
    assert second.summary.paused == "waiting for a free place"
    go.set()
    await rig.idle(first)
    await rig.idle(second)
    assert second.summary.status == "done"
