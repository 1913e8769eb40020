"""A deck in the test's own process, and one behind a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sessions.engine.commands import find
from sessions.engine.server import Server
from sessions.paths import private_folder
from tests.support.deckrig import Rig


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    """A deck on the rig's backend."""
    rig = await Rig.make(tmp_path)
    yield rig
    await rig.close()


@pytest.fixture
async def server(rig: Rig) -> AsyncIterator[Server]:
    """The rig's deck behind a socket."""
    server = Server(rig.deck, find, lambda: None)
    private_folder(rig.deck.places.run)
    await server.listen(str(rig.deck.places.socket))
    yield server
    await server.close()
