"""A host that is a login of another user on this machine, by a real ssh server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import other_user, sshd
from tests.support.other_user import OtherUser, python_for_others
from tests.support.sshd import Far


@dataclass(frozen=True, slots=True)
class FarUser:
    """The user, who has an agentdeck, and the way there."""

    user: OtherUser
    way: Far

    def table(self, name: str = "far") -> str:
        """The host as the configuration of a deck here has it."""
        return (
            f"[hosts.{name}]\ncommand = {json.dumps(self.way.command())}\n"
            f"agentdeck = {json.dumps([self.user.agentdeck])}\n"
        )

    def kill_engine(self) -> int:
        """Kill the engine over there; how many that were."""
        return self.user.kill("sessions.engine.main")

    def cut(self) -> int:
        """End the connections that engines here have to it; how many there were."""
        way = str(self.way.client)
        return other_user.kill(
            pid for pid, _, said in other_user.running() if said.startswith("ssh\0") and way in said
        )


@asynccontextmanager
async def far_user(folder: Path, config: str) -> AsyncIterator[FarUser]:
    """Make one below `folder`, whose agentdeck has that configuration.

    `folder` must be one into which others can look, and short. Skips the test where it can't be.
    """
    if why := sshd.missing() or other_user.missing():
        pytest.skip(why)
    python = await asyncio.to_thread(python_for_others)
    if not python:
        pytest.skip("there is no Python of this version that other users can read")
    folder.chmod(0o711)
    with other_user.other_user(folder / "home", python) as user:
        user.write(user.places.config_file, config)
        async with sshd.sshd(folder / "ssh", user.name) as way:
            yield FarUser(user, way)
