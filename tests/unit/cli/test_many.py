"""A thousand sessions where the system allows 256 open files."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from sessions.engine.client import Client
from tests.unit.cli.conftest import Home


async def _make(home: Home, count: int) -> list[str]:
    client = await Client.connect(home.places, start=False)
    made = []
    for _ in range(count):
        made.append((await client.call("session.create", cwd=str(home.work)))["id"])
    await client.call("session.send", session=made[0], text="hello")
    await client.call("session.send", session=made[-1], text="hello")
    listed = await client.call("deck.list")
    assert len(listed) == count
    again = await Client.connect(home.places, start=False)  # nobody is locked out
    status = await again.call("deck.status")
    assert 0 < (status["files"] or 0) < 120
    await again.close()
    await client.close()
    return made


def test_a_thousand_sessions_under_a_limit_of_256_files(home: Home) -> None:
    home.descriptor_limit = 256
    home.out("engine", "start")
    made = asyncio.run(_make(home, 1000))
    pid = home.data("engine", "status")["pid"]
    assert len(os.listdir(f"/proc/{pid}/fd")) < 120 if Path("/proc/self/fd").is_dir() else True
    home.out("sessions", "show", made[0])
    assert len(home.ids()) == 1000
