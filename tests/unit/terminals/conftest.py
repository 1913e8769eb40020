"""Who looks on in the tests of terminals."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from sessions.engine.server import Server
from tests.support.deckrig import Rig
from tests.unit.terminals.looking import Looking


@pytest.fixture
async def looking(rig: Rig, server: Server) -> AsyncIterator[Looking]:
    """A client that looks at terminals."""
    found = await Looking.attach(rig)
    yield found
    await found.client.close()
