"""Clients that do not read, do not end or only ask: bounded memory, and nobody else notices."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest

from sessions.engine import MAX_COMMAND, outbox, slow_clients
from sessions.engine.client import Client
from sessions.engine.command_reader import TOO_LONG
from sessions.engine.outbox import BEHIND
from sessions.engine.server import Server
from sessions.engine.slow_clients import MOST_UNFINISHED, MOST_UNREAD, SLOW, UNFINISHED, HeldBytes
from sessions.errors import EngineError, UsageError
from sessions.record import events as ev
from sessions.runtime.session import Session
from tests.support.deckrig import Rig
from tests.support.rig import until

pytestmark = pytest.mark.timeout(300)
MB = 2**20
LONG = 60.0


@dataclass
class Raw:
    """A client that reads when it is told to, and writes what it is told to."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def attach(cls, rig: Rig) -> Raw:
        # A limit of one: what it does not read stays with the system and the engine.
        path = str(rig.deck.places.socket)
        return cls(*await asyncio.open_unix_connection(path, limit=1))

    async def ask(self, *commands: tuple[str, dict[str, Any]]) -> None:
        pad = "x" * 200  # passed over; more than the system holds by itself
        for number, (do, args) in enumerate(commands):
            line = json.dumps({"id": number, "do": do, "args": args, "pad": pad})
            self.writer.write(line.encode() + b"\n")
            await self.writer.drain()

    async def lines(self) -> AsyncIterator[dict[str, Any]]:
        """All that comes, to the end."""
        rest = b""
        while data := await self.reader.read(MB):
            *whole, rest = (rest + data).split(b"\n")
            for line in whole:
                # One that was being sent as the client was let go is cut.
                with suppress(ValueError):
                    yield json.loads(line)

    async def bye(self) -> str:
        """What it is told as the engine hangs up."""
        async with asyncio.timeout(LONG):
            return [str(line.get("bye", "")) async for line in self.lines()][-1]


@contextmanager
def at_most(size: int) -> Iterator[None]:
    """What Python holds never grows by more than `size`, and is given back."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        yield
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - before < size
    assert after - before < 8 * MB


def told(session: Session, count: int, size: int = MB) -> None:
    """Events of a megabyte each."""
    for number in range(count):
        session.recorder.emit(ev.ToolProgress(turn=1, call=f"c{number}", text="x" * size))


async def healthy(rig: Rig, session: Session) -> tuple[Client, list[str]]:
    """A client that reads, and the calls that it was told of."""
    client = Client(*await asyncio.open_unix_connection(str(rig.deck.places.socket), limit=64 * MB))
    seen: list[str] = []

    def event(_: str, event: ev.Event) -> None:
        if isinstance(event, ev.ToolProgress):
            seen.append(event.call)

    client.on_event = event
    await client.call("hello", version="test")
    await client.call("session.watch", session=session.id)
    return client, seen


async def test_watchers_that_do_not_read_cost_little_and_miss_nothing(
    rig: Rig, server: Server
) -> None:
    session = await rig.session()
    with at_most(64 * MB):
        stuck = [await Raw.attach(rig) for _ in range(12)]
        for raw in stuck:
            await raw.ask(("hello", {}), ("session.watch", {"session": session.id}))
        client, seen = await healthy(rig, session)
        for number in range(40):
            told(session, 1)
            await until(lambda n=number: len(seen) > n, LONG)
            assert server.pressure.unread.total <= MOST_UNREAD
        del seen[:]
        # One of them wakes up: all is there, in order.
        got: list[int] = []
        async with asyncio.timeout(LONG):
            async for line in stuck[0].lines():
                if "event" in line:
                    got.append(line["event"]["seq"])
                    if got[-1] == session.summary.seq:
                        break
        assert got == list(range(1, session.summary.seq + 1))
        for raw in stuck:
            raw.writer.transport.abort()
        await client.close()
        await until(lambda: server.clients == 0, LONG)
        assert server.pressure.unread.total == 0
        del stuck, raw


async def test_too_many_that_do_not_read_are_let_go_with_the_reason(
    rig: Rig, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow_clients, "PATIENCE_S", 1.0)
    server.pressure.unread.most = 4 * MB
    session = await rig.session()
    stuck = [await Raw.attach(rig) for _ in range(8)]
    for raw in stuck:
        await raw.ask(("hello", {}), ("session.watch", {"session": session.id}))
    client, seen = await healthy(rig, session)
    for number in range(10):
        told(session, 1)
        await until(lambda n=number: len(seen) > n, LONG)
    await until(lambda: server.clients < 9, LONG)
    await until(lambda: server.pressure.unread.total <= 4 * MB, LONG)
    byes = {asyncio.ensure_future(raw.bye()) for raw in stuck}
    done, waiting = await asyncio.wait(byes, return_when=asyncio.FIRST_COMPLETED)
    assert {task.result() for task in done} == {SLOW}
    for task in waiting:
        task.cancel()
    assert (await client.call("deck.list"))[0]["id"] == session.id
    for raw in stuck:
        raw.writer.transport.abort()
    await client.close()


async def test_a_journal_of_long_lines_comes_at_the_readers_speed(rig: Rig, server: Server) -> None:
    session = await rig.session()
    told(session, 60)
    slow = await Raw.attach(rig)
    with at_most(32 * MB):
        await slow.ask(("hello", {}), ("session.watch", {"session": session.id}))
        await until(lambda: server.pressure.unread.total > BEHIND, LONG)
        calls = []
        async with asyncio.timeout(LONG):
            async for line in slow.lines():
                if line.get("ok", {}).get("last_seq"):
                    break
                if "event" in line and line["event"]["type"] == "tool.progress":
                    calls.append(line["event"]["call"])
        assert calls == [f"c{n}" for n in range(60)]
        del line
    slow.writer.transport.abort()


async def test_commands_whose_answers_nobody_takes_wait(rig: Rig, server: Server) -> None:
    for _ in range(20):
        await rig.session()
    greedy, count = await Raw.attach(rig), 2500
    with at_most(64 * MB):
        asking = asyncio.ensure_future(greedy.ask(*[("deck.list", {})] * count))
        await until(lambda: server.pressure.unread.total > BEHIND, LONG)
        other = Client(*await asyncio.open_unix_connection(str(rig.deck.places.socket)))
        for _ in range(20):
            assert len(await other.call("deck.list")) == 20
        assert server.pressure.unread.total < 4 * MB
        assert not asking.done()
    answered = 0
    async with asyncio.timeout(LONG):
        async for line in greedy.lines():
            assert server.pressure.unread.total < 4 * MB
            answered += len(line["ok"]) == 20
            if answered == count:
                break
    await asking
    await other.close()
    greedy.writer.transport.abort()


async def begin(raw: Raw, size: int) -> None:
    """Half a command, in pieces."""
    for _ in range(0, size, 2**16):
        raw.writer.write(b"x" * 2**16)
        await raw.writer.drain()


async def test_commands_that_are_begun_and_not_ended_are_bounded(rig: Rig, server: Server) -> None:
    with at_most(64 * MB):
        halves = [await Raw.attach(rig) for _ in range(6)]
        client = Client(*await asyncio.open_unix_connection(str(rig.deck.places.socket)))
        for raw in halves:
            await begin(raw, 12 * MB)
            await client.call("deck.list")
            assert server.pressure.unfinished.total <= MOST_UNFINISHED
        assert await halves[0].bye() == UNFINISHED
        # Whoever goes on is heard.
        made = await client.call("session.create", cwd=str(rig.root), title="y" * 100)
        last = halves[-1]
        last.writer.write(b"\n")
        async with asyncio.timeout(LONG):
            answer = await anext(last.lines())
        assert "not a command" in answer["error"]["message"]
        await client.call("session.delete", session=made["id"])
        for raw in halves:
            raw.writer.transport.abort()
        await client.close()
        await until(lambda: server.clients == 0, LONG)
        assert server.pressure.unfinished.total == 0
        del halves, raw, last, answer


async def test_a_line_longer_than_any_command_is_refused_as_such(rig: Rig, server: Server) -> None:
    raw = await Raw.attach(rig)
    await begin(raw, MAX_COMMAND + MB)
    assert await raw.bye() == TOO_LONG
    await until(lambda: server.clients == 0, LONG)
    client = Client(*await asyncio.open_unix_connection(str(rig.deck.places.socket)))
    with pytest.raises(UsageError, match="too long"):
        await client.call("session.send", session="s", text="x" * MAX_COMMAND)
    assert await client.call("deck.list") == []
    await client.close()


async def test_the_client_tells_why_it_was_let_go(rig: Rig, server: Server) -> None:
    client = Client(*await asyncio.open_unix_connection(str(rig.deck.places.socket)))
    lost: list[str] = []
    client.on_lost = lost.append
    await client.call("hello", version="test")
    next(iter(server._connections)).outbox.let_go(SLOW)
    await until(lambda: bool(lost), LONG)
    assert lost == [SLOW]
    with pytest.raises(EngineError, match="reads too slowly"):
        await client.call("deck.list")
    await until(lambda: not server._connections, LONG)


async def test_summaries_that_wait_are_the_newest(
    rig: Rig, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "BEHIND", 2**16)
    slow = await Raw.attach(rig)
    await slow.ask(("hello", {}))
    await until(lambda: any(c.greeted for c in server._connections), LONG)
    connection = next(iter(server._connections))
    for number in range(20_000):
        server.on_summary({"id": "a", "title": f"{number}"})
        server.on_summary({"id": "b", "title": f"{number}"})
        if number % 100 == 0:
            await asyncio.sleep(0)
    server.on_gone("b")
    assert connection.outbox.waiting < MB
    last: dict[str, Any] = {}
    async with asyncio.timeout(LONG):
        async for line in slow.lines():
            if "summary" in line:
                last[line["summary"]["id"]] = line["summary"]["title"]
            if "gone" in line:
                last.pop(line["gone"])
            if last == {"a": "19999"}:
                break
    slow.writer.transport.abort()


def test_who_moves_keeps_its_place() -> None:
    gone: list[str] = []

    class Held:
        def __init__(self, name: str) -> None:
            self.name = name

        def let_go(self, reason: str) -> None:
            gone.append(self.name)

    ledger = HeldBytes(4 * MB + 1000, "too much")
    one, two, small, three = Held("one"), Held("two"), Held("small"), Held("three")
    ledger.hold(small, 1000)
    ledger.hold(one, 2 * MB)
    ledger.hold(two, MB)
    ledger.moved(one)
    ledger.hold(three, 2 * MB)
    assert gone == ["two"]
    ledger.free(one, MB)
    assert ledger.total == 3 * MB + 1000
    ledger.hold(three, 2 * MB)
    assert gone == ["two", "one"]
    ledger.hold(three, 2 * MB)  # alone it may have it all
    assert gone == ["two", "one"]
