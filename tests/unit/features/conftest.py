"""What tests of features on a real backend share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.messages_server import MessagesServer


@pytest.fixture
async def server() -> AsyncIterator[MessagesServer]:
    """A scripted server."""
    async with MessagesServer() as server:
        yield server
