"""The process that speaks with Ray, with something in Ray's place: taken up by the next engine."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from sessions.paths import Places
from sessions.remote.cluster.bridge import RayBridge
from sessions.remote.cluster.driver import BridgeFault, Driver
from tests.support.rig import alive, rig_places, until

_RAY = """
__version__ = "9"
class exceptions:
    RayError = ActorUnavailableError = RayActorError = ActorDiedError = RayTaskError = OSError
def init(**_): pass
def remote(**_): return lambda what: what
def nodes(): return []
def get_runtime_context(): return type("Context", (), {"get_node_id": lambda self: "n1"})()
def get_actor(name): raise ValueError(name)
"""


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Of a head that lets everybody in."""
    (tmp_path / "ray.py").write_text(_RAY)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("RAY_AUTH_TOKEN", "t")
    with socket.create_server(("127.0.0.1", 0)) as head:
        yield f"127.0.0.1:{head.getsockname()[1]}"


async def _engine(places: Places, address: str, namespace: str = "mine") -> Driver:
    return await Driver.start(places, address, namespace)


async def test_a_bridge_waits_for_the_next_engine(tmp_path: Path, address: str) -> None:
    """What was left is asked at once; one of another cluster, or by other settings, is ended."""
    places = rig_places(tmp_path / "deck")
    first = await _engine(places, address)
    assert first.ray == "9" and await first.ask("nodes") == []
    await first.close(stays=True)
    second = await _engine(places, address)
    assert second.pid == first.pid and await second.ask("nodes") == []
    with pytest.raises(BridgeFault, match="knows no actor") as lost:
        await second.ask("greet", actor="nobody")
    assert lost.value.kind == "lost"
    await second.close(stays=True)
    third = await _engine(places, address, "another's")
    assert third.pid != first.pid
    await third.close()
    await until(lambda: not any(map(alive, (first.pid, third.pid))), 60)


async def test_a_bridge_that_is_not_let_in_says_why(tmp_path: Path, address: str) -> None:
    """And the next one is asked anew."""
    places = rig_places(tmp_path / "deck")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    for _ in range(2):
        with pytest.raises(BridgeFault, match="Nothing answers"):
            await _engine(places, f"127.0.0.1:{port}")


async def test_a_bridge_whose_node_is_none_of_the_cluster_s_ends() -> None:
    """The next is let in by the cluster that is there now; a head that is away is waited for."""

    def told(*ids: str) -> list[dict[str, object]]:
        node = {"NodeManagerAddress": "", "NodeName": "", "Resources": {}, "Labels": {}}
        return [{"NodeID": each, "Alive": True, **node} for each in ids]

    said = iter([told("n1", "n2"), told(), None, told("n2")])

    def nodes() -> list[dict[str, object]]:
        if (found := next(said)) is None:
            raise RuntimeError("nobody answers")
        return found

    context = SimpleNamespace(get_node_id=lambda: "n1")
    ray = SimpleNamespace(
        remote=lambda **_: lambda it: it, nodes=nodes, get_runtime_context=lambda: context
    )
    await RayBridge(ray).watch(0.001)
    assert next(said, "asked no more") == "asked no more"
