"""An engine with the agents as its backends, as those have it who drive the deck on a terminal."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sessions.engine import lifecycle
from sessions.engine.client import Client
from sessions.errors import AgentdeckError
from tests.agents.setting import configuration
from tests.e2e.conftest import House


@contextlib.asynccontextmanager
async def engine_of_agents(
    url: str, patch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[House, Client]]:
    """A house with its engine at work, and a client of it; nothing is left running at the end."""
    root = Path(tempfile.mkdtemp(prefix="agents-"))  # a socket's path is short
    house = House(root, url)
    house.work.mkdir()
    (root / "home").mkdir(mode=0o700)
    patch.setenv("AGENTDECK_HOME", str(root / "home"))
    config = root / "home" / "config.toml"
    config.write_text(configuration(url, root / "agents"))
    config.chmod(0o600)
    client = await Client.connect(house.places)
    await client.attach()
    try:
        yield house, client
    finally:
        await client.close()
        with contextlib.suppress(AgentdeckError):
            await asyncio.to_thread(lifecycle.stop, house.places)
        await asyncio.to_thread(house.close)
        shutil.rmtree(root, ignore_errors=True)
