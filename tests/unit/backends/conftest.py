"""The real backend against a scripted server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sessions.backends import throttle
from tests.support.messages_server import MessagesServer
from tests.support.nativerig import NativeRig


@pytest.fixture
async def server() -> AsyncIterator[MessagesServer]:
    """A scripted server."""
    throttle._GATES.clear()
    async with MessagesServer() as server:
        yield server


@pytest.fixture
async def native(tmp_path: Path, server: MessagesServer) -> AsyncIterator[NativeRig]:
    """A deck on that server."""
    rig = await NativeRig.make(tmp_path, server, 'api_key = "sk-test-1234567890"')
    yield rig
    await rig.close()
