"""A steady stream of text is read at moments that all streams share; the rest as it comes."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from sessions.backends import read_pacing, streamed_response
from sessions.backends.acp.transport import LineTransport, Message
from sessions.backends.chat import ChatApi
from sessions.backends.messages import MessagesApi
from sessions.backends.messages_stream import Response
from sessions.backends.read_pacing import LARGE, MANY, STEADY, Pace
from sessions.backends.streamed_response import Wire
from tests.support.messages_server import MessagesServer


class Pipe(asyncio.ReadTransport):
    """A pipe that knows whether it is read."""

    paused = False
    broken = False
    closed = False
    """As a connection with TLS is after its end, which can be neither paused nor resumed."""

    def is_closing(self) -> bool:
        """See asyncio.BaseTransport."""
        return self.closed

    def pause_reading(self) -> None:
        """See asyncio.ReadTransport."""
        assert not self.closed
        self.paused = True

    def resume_reading(self) -> None:
        """See asyncio.ReadTransport."""
        assert not self.closed
        if self.broken:
            raise OSError("it can't be read any more")
        self.paused = False


async def gone_on(*pipes: Pipe) -> None:
    """All of them are read again."""
    async with asyncio.timeout(60):
        while any(pipe.paused for pipe in pipes):
            await asyncio.sleep(read_pacing.EVERY_S / 10)


async def steady(pipe: Pipe) -> Pace:
    paced = Pace(pipe)
    for _ in range(STEADY):
        paced.read(100, text=True)
        assert not pipe.paused
    paced.read(100, text=True)
    return paced


async def test_a_steady_stream_waits_for_the_next_moment_and_goes_on() -> None:
    pipe = Pipe()
    paced = await steady(pipe)
    for _ in range(2):
        assert pipe.paused
        await gone_on(pipe)
        paced.read(100, text=True)


async def test_a_connection_that_ended_meanwhile_is_left_alone() -> None:
    pipe = Pipe()
    paced = await steady(pipe)
    assert paced.waits
    pipe.closed = True
    paced.hurry()
    for _ in range(STEADY + 1):
        paced.read(100, text=True)
    assert not paced.waits


async def test_two_streams_are_read_in_the_same_moment_and_one_timer_is_for_both() -> None:
    first, broken, second = Pipe(), Pipe(), Pipe()
    for pipe in (first, broken, second):
        await steady(pipe)
    broken.broken = True  # the others go on all the same
    seen: list[bool] = []
    while first.paused:
        await asyncio.sleep(0)
        seen.append(first.paused is second.paused)
    assert all(seen) and broken.paused


async def test_where_very_many_stream_every_second_moment_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(read_pacing, "EVERY_S", 1e9)  # they come when they are told to
    pipes = [Pipe() for _ in range(MANY + 1)]
    paces = [await steady(pipe) for pipe in pipes]
    moments = read_pacing._MOMENTS.here()

    def due() -> float:
        assert moments._timer is not None
        return moments._timer.when()

    assert due() == 1e9
    for again, then in ((paces, 2e9), (paces[:MANY], 2e9), (paces[:1], 1e9)):
        moments._come()
        assert not any(pipe.paused for pipe in pipes)
        for pace in again:
            pace.read(100, text=True)
        assert due() == then
    paces[0].hurry()
    assert not pipes[0].paused and moments._timer is None


@pytest.mark.parametrize(("size", "text"), [(100, False), (LARGE, True)])
async def test_what_is_no_text_or_much_at_once_is_read_on(size: int, text: bool) -> None:
    pipe = Pipe()
    paced = await steady(pipe)
    paced.hurry()
    assert not pipe.paused
    for _ in range(STEADY):
        paced.read(100, text=True)
    paced.read(size, text=text)
    paced.read(100, text=True)
    assert not pipe.paused


class Nobody:
    """Wants nothing."""

    def on_text(self, text: Any) -> None: ...

    on_thinking = on_signature = on_redacted = on_carried = on_text


@pytest.mark.parametrize("api", ["anthropic", "openai"])
async def test_a_models_stream_is_read_in_those_moments(
    api: str, server: MessagesServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_pacing, "EVERY_S", 1e6)
    paused: asyncio.Queue[Pace] = asyncio.Queue()

    class Seen(Pace):
        def read(self, size: int, *, text: bool) -> None:
            super().read(size, text=text)
            if self.waits:
                paused.put_nowait(self)

    monkeypatch.setattr(streamed_response, "Pace", Seen)
    told: dict[str, Any] = {
        "model": "m",
        "messages": [{"role": "user", "content": "stream 3000 300"}],
    }
    wire: Wire = ChatApi(api_key="k", base_url=f"{server.url}/v1")
    if api == "anthropic":
        wire, told["max_tokens"] = MessagesApi(api_key="k", base_url=server.url), 99
    task = asyncio.create_task(wire.stream(told, Nobody(), Response()))
    async with asyncio.timeout(60):
        pace = await paused.get()
    pipe = pace._pipe
    assert isinstance(pipe, asyncio.Transport) and not pipe.is_reading()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled() and not pace.waits
    await wire.close()


def line(method: str, update: Message) -> bytes:
    params = {"sessionId": "s", "update": update}
    return json.dumps({"method": method, "params": params}).encode() + b"\n"


CHUNK = {"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": "a"}}


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (line("session/update", CHUNK) * 3, True),
        (line("session/update", CHUNK)[:-5], True),
        (line("session/update", CHUNK) + line("session/request_permission", {}), False),
        (line("session/update", CHUNK) + line("session/update", {"sessionUpdate": "plan"}), False),
        (line("session/update", {"sessionUpdate": "plan"}) + line("session/update", CHUNK), False),
        (b'{"id": 1, "result": {}}\n', False),
        (b"noise\n", False),
    ],
)
async def test_what_was_read_is_known_as_text_or_not(data: bytes, text: bool) -> None:
    transport = LineTransport(None, lambda *_: None, lambda *_: None)  # type: ignore[arg-type]
    assert transport.feed(data) is text
