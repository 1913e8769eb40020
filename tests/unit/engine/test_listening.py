"""A client's callbacks: one that fails costs what it was told, or, untold, the connection."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sessions.api.notices import EngineNotice
from sessions.engine.client import Client
from sessions.engine.session_follower import wrapped
from sessions.errors import EngineError
from sessions.record import codec
from sessions.record import events as ev


class Nowhere:
    """A way to an engine that takes everything."""

    def write(self, data: bytes) -> None:
        """Taken."""

    async def drain(self) -> None:
        """At once."""

    def close(self) -> None:
        """It is no connection."""


def told() -> tuple[Client, list[Any], list[str]]:
    """A client that is told two things, of which its listener fails at the first."""
    reader = asyncio.StreamReader()
    client, heard, lost = Client(reader, Nowhere()), list[Any](), list[str]()

    def notice(told: EngineNotice) -> None:
        heard.append(told["done"])
        assert told["done"] > 1, "not this one"

    client.on_notice, client.on_lost = notice, lost.append
    reader.feed_data(b'{"notice": {"done": 1}}\n{"notice": {"done": 2}}\n')
    reader.feed_eof()
    return client, heard, lost


async def test_a_listener_that_fails_misses_that_line_alone() -> None:
    client, heard, lost = told()
    faults: list[Exception] = []
    client.on_fault = faults.append
    await client._reading
    assert heard == [1, 2] and len(faults) == 1
    assert lost == ["the engine ended"]


async def test_with_nobody_to_tell_the_connection_ends_and_says_why() -> None:
    client, heard, lost = told()
    await client._reading
    assert heard == [1]
    assert "not this one" in lost[0] and "the engine ended" not in lost[0]


async def test_an_event_is_read_as_engines_write_it_and_however_else_it_is_written() -> None:
    reader = asyncio.StreamReader()
    client, heard = Client(reader, Nowhere()), list[tuple[str, Any]]()
    client.on_event = lambda session, event: heard.append((session, event))
    event = ev.Text(seq=1, at="2026-01-01T00:00:00Z", turn=1, text='}\n{","event":{')
    line = codec.line(event)
    reader.feed_data(wrapped("one", line))
    reader.feed_data(b'{"event": %s, "session": "two"}\n' % line[:-1])
    reader.feed_data(b'{"session":"three","event":%s,"more":1}\n' % line[:-1])
    reader.feed_data(b'{"session":"four","event":{"type":"text"}}\nno line\n')
    reader.feed_data(b'{"session":"five","event":{"type":"of a later version","seq":2}}\n')
    reader.feed_eof()
    await client._reading
    assert [session for session, _ in heard] == ["one", "two", "three", "five"]
    assert [read for _, read in heard[:3]] == [event] * 3
    assert isinstance(heard[3][1], ev.Unknown)


class Broken(Nowhere):
    """A way to an engine that was cut, which only a write shows so far."""

    async def drain(self) -> None:
        """Not any more."""
        raise ConnectionResetError


async def test_a_connection_that_was_cut_is_gone_for_the_writer_at_once() -> None:
    """Who passes on what an engine refuses can tell that from a connection that has ended."""
    reader = asyncio.StreamReader()
    client = Client(reader, Broken())
    with pytest.raises(EngineError):
        await client.ask("session.send", {})
    assert client.gone
    reader.feed_eof()
    await client._reading
