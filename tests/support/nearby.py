"""A cluster without Ray: its actors are bodies in the test's own loop, asked as a bridge is."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from sessions.remote.cluster import actor_deck, actor_homes, frames, site
from sessions.remote.cluster.actor_deck import ActorBody
from sessions.remote.cluster.driver import BridgeFault
from sessions.remote.cluster.shapes import ActorOptions, NodeFound, NodeGives, SeedSent

NODE: NodeGives = {
    "id": "n1", "address": "127.0.0.9", "name": "n1", "labels": {"site": "left"},
    "resources": {"CPU": 4.0, "memory": 2.0**33},
}  # fmt: skip


class Nearby:
    """What stands for the bridge, and for the cluster behind it."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()
        self.bodies: dict[str, ActorBody] = {}
        self.mode = "token"
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.saved: dict[str, list[bytes]] | None = None
        """What is found on the node of an actor that died; None: the node died too."""
        self.away = ""

    async def ask(self, op: str, **args: Any) -> Any:
        """As `driver.Driver.ask`."""
        self.asked.append((op, args))
        if self.away:
            raise BridgeFault(frames.AWAY, self.away)
        return await getattr(self, f"_{op}")(**args)

    async def close(self, *, stays: bool = False) -> None:
        """Nothing is there to be closed."""
        self.gone.set()

    async def _auth(self) -> str:
        return self.mode

    async def _nodes(self) -> list[NodeGives]:
        return [NODE]

    async def _facts(self, node: str) -> NodeFound:
        return await asyncio.to_thread(actor_deck.facts)

    async def _begin(
        self, actor: str, seed: SeedSent, needs: ActorOptions
    ) -> dict[str, Any]:  # fmt: skip
        self.bodies[actor] = ActorBody(seed)
        return {**await self.bodies[actor].hello(), "node": "n1"}

    async def _greet(self, actor: str) -> dict[str, Any]:
        return {**await self._of(actor).hello(), "node": "n1"}

    def _of(self, actor: str) -> ActorBody:
        if actor not in self.bodies:
            raise BridgeFault(frames.LOST, "The actor is dead because its worker process has died.")
        return self.bodies[actor]

    async def _call(self, actor: str, command: str, args: bytes) -> bytes:
        return await self._of(actor).call(command, args)

    async def _news(
        self, actor: str, known: dict[str, int], wait_s: float, slack_s: float,
        gather_s: float = 0.0,
    ) -> dict[str, list[bytes]]:  # fmt: skip
        found = await self._of(actor).news(known, min(wait_s, 0.2))
        self._of(actor)
        return found

    async def _end(
        self, actor: str, known: dict[str, int], wait_s: float = 0.0
    ) -> dict[str, list[bytes]]:
        return await self.bodies.pop(actor, self._of(actor)).end(known)

    async def _salvage(
        self, node: str, session: str, known: dict[str, int]
    ) -> dict[str, list[bytes]]:  # fmt: skip
        if self.saved is None:
            raise BridgeFault(frames.AWAY, "The node is dead.")
        return self.saved


@pytest.fixture
def nearby(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Nearby:
    """Stands for the bridge of every deck of this test."""
    made = Nearby()

    async def start(*_: Any) -> Nearby:
        made.gone.clear()
        return made

    monkeypatch.setenv(actor_homes.ROOT, str(tmp_path / "node"))
    monkeypatch.setenv("AGENTDECK_HOME", str(tmp_path / "node-home"))
    monkeypatch.setenv("FAKE_KEY", "k")
    monkeypatch.setattr(site.Driver, "start", start)
    return made
