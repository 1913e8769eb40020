"""SIGKILL of the engine and of what it started, at any point: nothing that was shown is missing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sessions.backends import local
from sessions.engine import lifecycle
from sessions.engine.client import Client
from sessions.errors import AgentdeckError
from sessions.paths import Places
from sessions.record import events as ev
from sessions.record.journal import NAME, Faults, read
from tests.support.forked import fork_engines
from tests.support.messages_server import MessagesServer
from tests.support.rig import alive, rig_places, until

ROUNDS = int(os.environ.get("AGENTDECK_KILL_ROUNDS", "6"))
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180 + 20 * ROUNDS)]


@pytest.fixture
async def home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Places, MessagesServer]]:
    """Places of their own, a server, and no engine left at the end."""
    root = tmp_path / "h"
    monkeypatch.setenv("AGENTDECK_HOME", str(root))
    here = rig_places(root)
    async with MessagesServer() as server:
        root.mkdir()
        here.config_file.write_text(
            f'[defaults]\nprofile = "t"\n[backends.t]\nbase_url = "{server.url}"\nmodel = "m"\n'
            '[backends.local]\ntype = "local"\nthreads = 1\n'
            '[profiles.t]\nbackend = "t"\npermission = "full"\n'
        )
        yield here, server
        with contextlib.suppress(AgentdeckError):
            await asyncio.to_thread(_stop, here)


def _stop(here: Places) -> None:
    pid = lifecycle.running_pid(here)
    if pid:
        os.kill(pid, signal.SIGKILL)


class Watcher:
    """A client that remembers what it was shown."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.seen: dict[str, list[ev.Event]] = {}
        self.lost = asyncio.Event()
        client.on_event = lambda session, event: self.seen.setdefault(session, []).append(event)
        client.on_lost = lambda _: self.lost.set()

    @classmethod
    async def attach(cls, here: Places) -> Watcher:
        watcher = cls(await Client.connect(here))
        await watcher.client.attach()
        return watcher


def children_of(pid: int) -> list[int]:
    """Processes below a process, by /proc."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                if parent == pid:
                    found += [int(entry.name), *children_of(int(entry.name))]
    return found


async def test_what_was_shown_is_on_disk_and_the_next_engine_takes_over(
    home: tuple[Places, MessagesServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, _ = home
    rng = random.Random(11)
    for number in range(ROUNDS):
        if number == 1:  # the first two are killed as users' are, while they still import
            fork_engines(monkeypatch)
        watcher = await Watcher.attach(here)
        ids = []
        for _ in range(4):
            made = await watcher.client.call("session.create", cwd=str(here.data))
            await watcher.client.call("session.watch", session=made["id"])
            await watcher.client.call("session.send", session=made["id"], text="stream 500 200")
            ids.append(made["id"])
        want = 3 + rng.randrange(30)
        await until(lambda w=watcher, n=want: sum(map(len, w.seen.values())) >= n, 60)
        pid = lifecycle.running_pid(here)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await asyncio.wait_for(watcher.lost.wait(), 60)
        for session in ids:
            on_disk = {e.seq: e for e in read(here.session(session) / NAME, Faults())}
            for event in watcher.seen.get(session, []):
                assert on_disk[event.seq] == event, f"round {number}"
        again = await Watcher.attach(here)
        for session in ids:
            await until(lambda a=again, s=session: s in a.client.summaries, 60)
            assert again.client.summaries[session].status == "cut-off"
            events = list(read(here.session(session) / NAME, Faults()))
            assert [e.seq for e in events] == list(range(1, len(events) + 1))
            ended = [e for e in events if isinstance(e, ev.TurnEnded)]
            assert [e.reason for e in ended] == ["interrupted"]
        sent = await again.client.call("session.again", session=ids[0])
        assert sent["turn"] == 2
        await again.client.call("session.interrupt", session=ids[0])
        for session in ids:
            await again.client.call("session.delete", session=session)
        await again.client.close()


async def test_a_tool_that_ran_is_marked_unknown_and_dies_with_the_engine(
    home: tuple[Places, MessagesServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    fork_engines(monkeypatch)
    here, _ = home
    watcher = await Watcher.attach(here)
    made = await watcher.client.call("session.create", cwd=str(here.data), confirmed_full=True)
    session = made["id"]
    await watcher.client.call("session.watch", session=session)
    command = '{"command": "trap \'\' TERM; sleep 300 & sleep 301"}'
    await watcher.client.call("session.send", session=session, text=f"tool Bash {command}")
    pid = lifecycle.running_pid(here)
    assert pid is not None
    # With `full`, and a sandbox or a confirmation, nothing is asked.
    await until(lambda: len(children_of(pid)) >= 2, 60)
    below = children_of(pid)
    os.kill(pid, signal.SIGKILL)
    await asyncio.wait_for(watcher.lost.wait(), 60)
    await until(lambda: not any(alive(p) for p in below), 60)
    again = await Watcher.attach(here)
    await again.client.call("session.get", session=session)
    events = list(read(here.session(session) / NAME, Faults()))
    results = [e for e in events if isinstance(e, ev.ToolResult)]
    assert [r.status for r in results] == ["unknown"]
    assert sum(isinstance(e, ev.ToolCall) for e in events) == 1
    await again.client.close()


@pytest.mark.local_model
@pytest.mark.skipif(local.bundled_model() is None, reason="the small model is not installed")
async def test_a_killed_model_server_fails_one_turn_and_the_next_starts_it(
    home: tuple[Places, MessagesServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    fork_engines(monkeypatch)
    here, _ = home
    watcher = await Watcher.attach(here)
    made = await watcher.client.call("session.create", cwd=str(here.data), backend="local")
    session = made["id"]
    await watcher.client.call("session.watch", session=session)

    def texts() -> int:
        return sum(isinstance(e, ev.Text) for e in watcher.seen.get(session, []))

    await watcher.client.call("session.send", session=session, text="Tell me a long story.")
    await until(lambda: texts() > 2, 60)
    pid = lifecycle.running_pid(here)
    assert pid is not None
    (server,) = children_of(pid)
    os.kill(server, signal.SIGKILL)
    await until(lambda: watcher.client.summaries[session].status == "failed", 60)
    assert "next turn starts it" in watcher.client.summaries[session].error
    await watcher.client.call("session.again", session=session)

    # A model this small ends an answer before its first word now and then: that is an answer too.
    def answer() -> list[ev.Text | ev.TurnEnded]:
        told = (e for e in watcher.seen[session] if isinstance(e, ev.Text | ev.TurnEnded))
        return [e for e in told if e.turn == 2]

    await until(lambda: bool(answer()), 60)
    first = answer()[0]
    assert isinstance(first, ev.Text) or first.reason == "end_turn", first
    (server,) = children_of(pid)
    os.kill(pid, signal.SIGKILL)
    await until(lambda: not alive(server), 60)
    await watcher.client.close()


async def test_two_clients_that_start_at_once_find_one_engine(
    home: tuple[Places, MessagesServer],
) -> None:
    here, _ = home
    clients = await asyncio.gather(*(Client.connect(here) for _ in range(4)))
    assert len({c.engine["pid"] for c in clients}) == 1
    for client in clients:
        await client.close()
