"""The process of a node from which sessions' processes are forked."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sessions.ids import new_id
from sessions.record import codec
from sessions.remote.cluster import actor_homes, ray_actor
from sessions.remote.cluster.actor_deck import ActorBody
from sessions.remote.cluster.frame_client import FrameClient
from sessions.remote.cluster.shapes import SeedSent
from tests.support.rig import alive, until

_LONG_S = 120.0
_CONFIG = json.dumps(
    {"defaults": {"profile": "local"}, "profiles": {"local": {"backend": "local"}}}
)


class Born:
    """Sessions' processes of one node, and the process that they come from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fork_server = 0
        self.asked: list[FrameClient] = []
        self.node = subprocess.Popen(["sleep", "600"])
        """Stands for what Ray calls a node, whose workers these are."""

    async def one(self) -> tuple[FrameClient, dict[str, Any]]:
        """A session's process, and what it says of itself."""
        seed: SeedSent = {"session": new_id(), "config": _CONFIG, "env": {"FAKE_KEY": "k"}}
        connection = await asyncio.to_thread(ray_actor.born, seed)
        asking = FrameClient(*await asyncio.open_unix_connection(sock=connection), ray_actor._fault)
        asking.listen()
        self.asked.append(asking)
        said = await asking.ask("hello")
        self.fork_server = self.fork_server or int(
            Path(f"/proc/{said['pid']}/stat").read_text().split()[3]
        )
        return asking, said


@pytest.fixture
async def born(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Born]:
    """A node; what is started on it is ended."""
    folder = Path(tempfile.mkdtemp(prefix="deck-"))  # short: a socket's path is
    monkeypatch.setenv("AGENTDECK_HOME", str(folder / "node"))
    monkeypatch.setenv(actor_homes.ROOT, str(folder / "homes"))
    made = Born(folder)
    monkeypatch.setattr(os, "getppid", lambda: made.node.pid)
    yield made
    for each in made.asked:
        await each.let_go()
    made.node.kill()
    made.node.wait()
    await until(lambda: not made.fork_server or not alive(made.fork_server), _LONG_S)
    await asyncio.to_thread(shutil.rmtree, folder)


@pytest.mark.skipif(sys.platform != "linux", reason="forked on Linux only")
async def test_sessions_have_processes_of_their_own_that_end_with_their_actors(born: Born) -> None:
    """Also one that is frozen; one that is killed is told."""
    (first, told), (second, other) = await born.one(), await born.one()
    assert len({told["pid"], other["pid"], born.fork_server, os.getpid()}) == 4
    assert "FAKE_KEY" not in os.environ
    begun = await first.ask("call", command="work.begin", args=codec.encode({"id": new_id()}))
    assert "ok" in codec.loads(begun), begun
    session = codec.loads(begun)["ok"]["id"]
    assert list(await first.ask("news", known={}, wait_s=5.0)) == [session]
    assert await second.ask("news", known={}, wait_s=0.0) == {}
    with pytest.raises(ray_actor.ActorFault, match="no attribute"):
        await first.ask("nothing")
    await first.ask("end", known={})
    learnt = json.loads(next((born.folder / "node" / "run").glob("fork-*.json")).read_text())
    assert "tomlkit" in learnt
    await first.let_go()
    await until(lambda: not alive(told["pid"]), _LONG_S)
    os.kill(other["pid"], signal.SIGSTOP)
    await second.let_go()
    await until(lambda: not alive(other["pid"]), _LONG_S)
    third, last = await born.one()
    os.kill(last["pid"], signal.SIGKILL)
    await asyncio.wait_for(third.gone.wait(), _LONG_S)
    with pytest.raises(ray_actor.ActorFault, match="has ended"):
        await third.ask("hello")
    assert alive(born.fork_server)


async def test_an_actor_that_can_have_no_process_is_the_session(
    born: Born, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the system forks nothing, or the way there is too long for a socket."""
    monkeypatch.setenv("AGENTDECK_HOME", str(born.folder / ("long" * 30)))
    monkeypatch.setattr(
        "sessions.remote.cluster.ray_actor.places", lambda: _Far(born.folder / ("long" * 30))
    )
    monkeypatch.setattr("sessions.remote.cluster.ray_actor._node", lambda: "n1")
    actor = ray_actor.SessionActor({"session": new_id()})
    told = await actor.hello()
    assert (told["pid"], told["node"]) == (os.getpid(), "n1")
    assert isinstance(await actor._opened(), ActorBody)
    assert await actor.end({}) == {}


class _Far:
    def __init__(self, run: Path) -> None:
        self.run = run
