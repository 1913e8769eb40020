"""The socket: what clients are told, in order and without a gap."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from sessions.backends.base import TurnHost
from sessions.engine.client import Client
from sessions.engine.server import Server
from sessions.errors import EngineError, NotFound, UsageError
from sessions.record import events as ev
from tests.support.deckrig import Rig
from tests.support.rig import say_hello, until


@dataclass
class Seen:
    """A client and what it was told."""

    client: Client
    events: list[ev.Event] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    @classmethod
    async def attach(cls, rig: Rig) -> Seen:
        reader, writer = await asyncio.open_unix_connection(str(rig.deck.places.socket))
        client = Client(reader, writer)
        seen = cls(client)
        client.on_event = lambda _, event: seen.events.append(event)
        client.on_lost = seen.lost.append
        await client.call("hello", version="test")
        await client.attach()
        return seen


async def test_two_clients_see_the_same_live(rig: Rig, server: Server) -> None:
    one, two = await Seen.attach(rig), await Seen.attach(rig)
    made = await one.client.call("session.create", cwd=str(rig.root))
    for seen in (one, two):
        await seen.client.call("session.watch", session=made["id"])
    await two.client.call("session.send", session=made["id"], text="Hi")
    for seen in (one, two):
        await until(lambda s=seen: any(isinstance(e, ev.TurnEnded) for e in s.events))
    assert one.events == two.events
    assert [e.seq for e in one.events] == sorted({e.seq for e in one.events})
    await until(lambda: one.client.summaries[made["id"]].status == "done")


async def test_a_watch_in_mid_stream_has_no_gap_and_no_double(rig: Rig, server: Server) -> None:
    go = asyncio.Event()

    async def stream(host: TurnHost) -> ev.TurnEnded:
        for number in range(400):
            host.emit(ev.Text(turn=host.turn, text=f"{number} "))
            if number % 10 == 0:
                host.emit(ev.ToolProgress(turn=host.turn, call="x", text="flush"))
            if number == 200:
                await go.wait()
            await asyncio.sleep(0)
        return ev.TurnEnded(turn=host.turn, reason="end_turn")

    rig.backend.act = stream
    session = await rig.session()
    await session.send("Hi")
    seen = await Seen.attach(rig)
    await until(lambda: session.summary.seq > 30)
    watching = asyncio.ensure_future(seen.client.call("session.watch", session=session.id))
    go.set()
    await watching
    await until(lambda: any(isinstance(e, ev.TurnEnded) for e in seen.events))
    text = "".join(e.text for e in seen.events if isinstance(e, ev.Text))
    assert text == "".join(f"{n} " for n in range(400))


async def test_a_session_that_is_not_watched_sends_no_events(rig: Rig, server: Server) -> None:
    seen = await Seen.attach(rig)
    session = await rig.session()
    await session.send("Hi")
    await until(lambda: seen.client.summaries.get(session.id) is not None)
    await until(lambda: seen.client.summaries[session.id].status == "done")
    assert seen.events == []
    assert seen.client.summaries[session.id].snippet == "Hello there."


async def test_refusals_come_as_errors_of_their_kind(rig: Rig, server: Server) -> None:
    seen = await Seen.attach(rig)
    with pytest.raises(UsageError, match="does not know the command"):
        await seen.client.call("session.fly")  # type: ignore[call-overload]
    with pytest.raises(NotFound):
        await seen.client.call("session.send", session="nobody", text="Hi")
    with pytest.raises(NotFound):
        await seen.client.call("session.send", session="../../etc", text="Hi")
    with pytest.raises(UsageError, match="arguments"):
        await seen.client.call("session.send", sesion="typo")  # type: ignore[call-overload]
    with pytest.raises(UsageError, match="directory"):
        await seen.client.call("session.create", cwd="/no/such/place")
    with pytest.raises(UsageError, match="no flavour"):
        made = await seen.client.call("session.create", cwd=str(rig.root))
        changes: Any = {"flavour": 1}
        await seen.client.call("session.set", session=made["id"], changes=changes)


@pytest.mark.parametrize(
    "line", [b"not json", b"[1]", b"5", b"{}", b'{"id": [], "do": 3}', b"\xff"]
)
async def test_a_line_that_is_no_command_is_answered_with_an_error(
    rig: Rig, server: Server, line: bytes
) -> None:
    reader, writer = await asyncio.open_unix_connection(str(rig.deck.places.socket))
    writer.write(line + b"\n")
    answer = json.loads(await asyncio.wait_for(reader.readline(), 60))
    assert "error" in answer
    writer.close()


async def test_the_socket_is_the_users_alone(rig: Rig, server: Server) -> None:
    assert rig.deck.places.socket.stat().st_mode & 0o777 == 0o600
    assert rig.deck.places.run.stat().st_mode & 0o777 == 0o700


async def test_a_client_learns_that_the_engine_went(rig: Rig, server: Server) -> None:
    seen = await Seen.attach(rig)
    await server.close()
    await until(lambda: bool(seen.lost))
    with pytest.raises(EngineError):
        await seen.client.call("deck.list")


async def test_a_deleted_session_is_gone_for_everybody(rig: Rig, server: Server) -> None:
    seen = await Seen.attach(rig)
    session = await rig.session()
    await session.send("Hi")
    await rig.idle(session)
    rig.backend.act = say_hello
    await seen.client.call("session.delete", session=session.id)
    await until(lambda: session.id not in seen.client.summaries)
    assert not session.folder.exists()
    with pytest.raises(NotFound):
        await seen.client.call("session.send", session=session.id, text="Hi")


async def test_a_broadcast_names_who_refused(rig: Rig, server: Server) -> None:
    seen = await Seen.attach(rig)
    one, two = await rig.session(), await rig.session()
    answers = await seen.client.call(
        "deck.broadcast", sessions=[one.id, "nobody", two.id], text="All of you"
    )
    assert [("turn" in a, bool(a["error"])) for a in answers] == [
        (True, False),
        (False, True),
        (True, False),
    ]
    await rig.idle(one)
    await rig.idle(two)
    users = [e for e in one.journal.events() if isinstance(e, ev.UserMessage)]
    assert users[0].origin == "broadcast"
