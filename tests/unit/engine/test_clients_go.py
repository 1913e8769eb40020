"""Clients that come and go leave nothing in the engine."""

from __future__ import annotations

import asyncio
import gc
import tempfile
from pathlib import Path
from weakref import WeakSet

from sessions.engine.client import Client
from sessions.engine.commands import find
from sessions.engine.server import Connection, Server
from tests.support.deckrig import Rig
from tests.support.rig import until


async def test_connections_that_broke_are_let_go(tmp_path: Path) -> None:
    rig = await Rig.make(tmp_path)
    made: WeakSet[Connection] = WeakSet()
    server = Server(rig.deck, find, lambda: None)
    with tempfile.TemporaryDirectory(prefix="deck-") as short:
        path = f"{short}/s.sock"
        await server.listen(path)
        session = await rig.deck.create(cwd=str(tmp_path))
        for _ in range(5):
            reader, writer = await asyncio.open_unix_connection(path)
            client = Client(reader, writer)
            await client.call("hello", version="x")
            await client.call("session.watch", session=session.id)
            await client.call("session.unwatch", session=session.id)
            await client.call("session.watch", session=session.id)
            assert rig.deck.looked_at(session.id)
            made.update(server._connections)
            assert made
            writer.transport.abort()
            await client.close()
        await until(lambda: server.clients == 0)
        await until(lambda: not rig.deck.looked_at(session.id))
        await server.close()
    del client, reader, writer
    await asyncio.sleep(0)
    gc.collect()
    assert list(made) == []
    await rig.close()
