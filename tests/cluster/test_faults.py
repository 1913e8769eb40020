"""Actors, nodes, engine and bridge killed, frozen, cut off: nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from sessions.record import events as ev
from sessions.record.summary import ENGINE_STOPPED
from sessions.remote.cluster import actor
from sessions.remote.mirrored_session import Mirrored
from sessions.tools.supervisor import descendants
from tests.cluster.conftest import LONG_S, Decks, said, whole
from tests.cluster.memory import NODE, filled, small_node
from tests.support.raycluster import RayCluster
from tests.support.rig import alive, until

pytest.importorskip("ray")
pytestmark = pytest.mark.timeout(300)


async def test_an_actor_that_is_killed_is_a_turn_that_was_cut_off(decks: Decks) -> None:
    """What its journal has beyond what was shown is fetched from its node, and it ends once."""
    far = await decks.open()
    session = await far.begin()
    pid = await far.pid(session.id)
    await session.send("stream 100000 50")
    await until(lambda: "word5 " in said(session), LONG_S)
    shown = said(session)
    os.kill(pid, signal.SIGKILL)
    await until(lambda: session.summary.status == "cut-off", LONG_S)
    events = list(session.journal.events())
    ends = [e for e in events if isinstance(e, ev.TurnEnded)]
    assert [e.detail for e in ends] == [ENGINE_STOPPED]
    assert said(session).startswith(shown) and whole(session)
    there = far.cluster.home("right") / "actors" / session.id / "data" / "sessions" / session.id
    assert len((there / "journal.jsonl").read_bytes().splitlines()) == session.last_seq


@pytest.mark.parametrize("left", [True, False], ids=["bridge-left", "bridge-gone"])
async def test_the_next_engine_goes_on_where_the_last_one_was(decks: Decks, left: bool) -> None:
    """The engine is gone in mid-sentence; the second has every word once."""
    first = await decks.open()
    sessions = [await first.begin(node) for node in ("left", "right")]
    for each in sessions:
        await each.send("stream 60 20")
    await until(lambda: all("word2 " in said(s) for s in sessions), LONG_S)
    driver = await first.site.driver()
    if not left:
        os.kill(driver.pid, signal.SIGKILL)  # and nothing of the engine's is told to anybody
    await first.deck.close()
    second = await decks.open()
    assert ((await second.site.driver()).pid == driver.pid) == left
    await until(lambda: all(s.id in second.deck.sessions for s in sessions), LONG_S)
    found = [second.deck.sessions[s.id] for s in sessions]
    again = [s for s in found if isinstance(s, Mirrored)]
    await until(lambda: all(s.summary.status == "done" for s in again), LONG_S)
    assert len(again) == 2 and all(whole(s) for s in again)
    assert {said(s) for s in again} == {"".join(f"word{n} " for n in range(60))}


async def test_a_frozen_actor_is_offline_and_comes_back(
    decks: Decks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped for longer than is waited for; nothing is lost by it."""
    monkeypatch.setattr(actor, "WAIT_S", 1.0)
    monkeypatch.setattr(actor, "SLACK_S", 1.0)
    far = await decks.open()
    session = await far.begin("left")
    pid = await far.pid(session.id)
    await session.send("stream 40 20")
    await until(lambda: "word2 " in said(session), LONG_S)
    os.kill(pid, signal.SIGSTOP)
    await until(lambda: session.summary.status == "offline", LONG_S)
    os.kill(pid, signal.SIGCONT)
    await until(lambda: session.summary.status == "done", LONG_S)
    assert said(session) == "".join(f"word{n} " for n in range(40)) and whole(session)


async def test_a_connection_that_breaks_comes_back_by_itself(decks: Decks) -> None:
    """The process that speaks with the cluster is killed."""
    far = await decks.open()
    session = await far.begin()
    await session.send("stream 60 20")
    await until(lambda: "word2 " in said(session), LONG_S)
    os.kill((await far.site.driver()).pid, signal.SIGKILL)
    await until(lambda: session.summary.status == "done", LONG_S)
    assert said(session) == "".join(f"word{n} " for n in range(60)) and whole(session)


def _head(cluster: RayCluster) -> int:
    """The process that knows all of a cluster."""
    below = descendants(cluster.nodes["left"].pid)
    return next(p for p in below if b"gcs_server" in Path(f"/proc/{p}/cmdline").read_bytes())


@contextlib.contextmanager
def _frozen(*pids: int) -> Iterator[None]:
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@pytest.mark.skipif("AGENTDECK_MINUTE" not in os.environ, reason="AGENTDECK_MINUTE=1")
@pytest.mark.parametrize("what", ["bridge", "head", "node"])
async def test_a_minute_s_cut_loses_nothing(decks: Decks, what: str) -> None:
    """What speaks with Ray is frozen, or its head, or all that a node has of Ray."""
    far = await decks.open()
    session = await far.begin("right")
    await session.send("stream 1800 20")
    await until(lambda: "word9 " in said(session), LONG_S)
    cuts = {
        "bridge": [(await far.site.driver()).pid],
        "head": [_head(far.cluster)],
        "node": descendants(far.cluster.nodes["right"].pid),
    }
    statuses = set()
    with _frozen(*cuts[what]):
        shown = said(session)
        for _ in range(60):
            await asyncio.sleep(1)
            statuses.add(session.summary.status)
    assert said(session).startswith(shown)
    # What a head does is not missed by sessions that are there.
    assert ("offline" in statuses) == (what != "head")
    await until(lambda: session.summary.status in ("done", "cut-off"), LONG_S)
    assert whole(session)
    if session.summary.status == "done":
        assert said(session) == "".join(f"word{n} " for n in range(1800))


@pytest.mark.skipif("AGENTDECK_MINUTE" not in os.environ, reason="AGENTDECK_MINUTE=1")
async def test_an_actor_that_ray_ends_for_memory_is_a_turn_that_was_cut_off(
    decks: Decks, cluster: RayCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its node is about to be full: that is said, and it is not begun again by itself."""
    async with small_node(cluster):
        far = await decks.open()
        notices: list[str] = []
        monkeypatch.setattr(far.deck, "notice", lambda kind, message: notices.append(message))
        session = await far.begin(NODE)
        pid = await far.pid(session.id)
        await session.send("stream 100000 20")
        await until(lambda: "word9 " in said(session), LONG_S)
        shown = said(session)
        async with filled(lambda: not alive(pid)):
            await until(lambda: not alive(pid), LONG_S)
            await until(lambda: session.summary.status in ("offline", "cut-off"), LONG_S)
        await until(lambda: session.summary.status == "cut-off", LONG_S)
        assert said(session).startswith(shown) and whole(session)
        assert len([e for e in session.journal.events() if isinstance(e, ev.TurnEnded)]) == 1
        assert [n for n in notices if "low on memory" in n and "far" in n]


@pytest.mark.parametrize("frozen", [False, True], ids=["asked", "frozen"])
async def test_what_is_ended_ends_for_real(decks: Decks, tmp_path: Path, frozen: bool) -> None:
    """The actor's process and the commands that it runs, also where it hears nothing."""
    far = await decks.open()
    session = await far.begin("left")
    pid = await far.pid(session.id)
    file = tmp_path / "pid"
    command = f"echo $$ > {file}; exec sleep 1000"
    await session.send(f'tool Bash {{"command": "{command}"}}')
    await until(lambda: file.exists() and bool(file.read_text().strip()), LONG_S)
    child = int(file.read_text())
    assert alive(child)
    if frozen:
        os.kill(pid, signal.SIGSTOP)
    await far.site.end(session.id)
    await until(lambda: not alive(pid) and not alive(child), LONG_S)
    assert session.summary.status in ("idle", "failed", "cut-off", "done") and whole(session)


async def test_a_node_that_is_killed_takes_its_sessions_along(
    decks: Decks, cluster: RayCluster
) -> None:
    """Those of the other node go on; of the lost one the turn is cut off, and that is said."""
    far = await decks.open()
    lost, stays = await far.begin("right"), await far.begin("left")
    for each in (lost, stays):
        await each.send("stream 100 10")
    await until(lambda: all("word2 " in said(s) for s in (lost, stays)), LONG_S)
    shown = said(lost)
    await asyncio.to_thread(cluster.kill_node, "right")
    try:
        await until(lambda: lost.summary.status == "cut-off", LONG_S)
        assert said(lost).startswith(shown) and whole(lost)
        told = [e.message for e in lost.journal.events() if isinstance(e, ev.Error)]
        assert told and "is not known" in told[-1]
        await until(lambda: stays.summary.status == "done", LONG_S)
        assert said(stays) == "".join(f"word{n} " for n in range(100))
    finally:
        await asyncio.to_thread(cluster.node, "right", 8, "--address", cluster.address)


async def test_a_head_that_is_lost_takes_all_along_and_nothing_runs_twice(
    decks: Decks, cluster: RayCluster
) -> None:
    """What was shown stays; what the node recorded is fetched once there is a cluster again."""
    far = await decks.open()
    session = await far.begin("right")
    pid = await far.pid(session.id)
    await session.send("stream 100000 20")
    await until(lambda: "word5 " in said(session), LONG_S)
    shown = said(session)
    await asyncio.to_thread(cluster.kill_node, "left")
    await asyncio.to_thread(cluster.kill_node, "right")
    await asyncio.to_thread(cluster.head)
    await asyncio.to_thread(cluster.node, "right", 8, "--address", cluster.address)
    await until(lambda: session.summary.status == "cut-off", LONG_S * 2)
    events = list(session.journal.events())
    assert said(session).startswith(shown) and whole(session) and not alive(pid)
    assert [e.detail for e in events if isinstance(e, ev.TurnEnded)] == [ENGINE_STOPPED]
    again = await far.begin("right")
    await again.send("say hello")
    await until(lambda: again.summary.status == "done", LONG_S)
