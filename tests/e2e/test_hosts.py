"""A host over a real ssh server on loopback: an engine of its own in a home of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sessions.engine import lifecycle
from sessions.engine.client import Client
from sessions.errors import AgentdeckError
from sessions.paths import Places
from sessions.record import codec
from sessions.record.journal import NAME, read
from tests.support.far_user import FarUser, far_user
from tests.support.forked import COMMAND, SETTINGS, fork_engines, relayed
from tests.support.messages_server import MessagesServer
from tests.support.rig import rig_places, until
from tests.support.sshd import missing, sshd

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(bool(missing()), reason=missing() or "-"),
    pytest.mark.timeout(180),
]
AGENT = str(Path(__file__).parents[1] / "support" / "scripted_agent.py")


@dataclass
class Setting:
    """Two homes: the engine of `there` is the host `far` of that of `here`."""

    here: Places
    there: Places

    def whole(self, session: str) -> bool:
        """Whether the mirror is the journal, but for its first line."""
        paths = [places.session(session) / NAME for places in (self.here, self.there)]
        if not all(path.exists() for path in paths):
            return False
        ours, theirs = ([codec.line(event) for event in read(path)] for path in paths)
        return ours[1:] == theirs[1:]


@pytest.fixture
async def setting(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Setting]:
    """Configured, nothing started. Both engines will be forks."""
    fork_engines(monkeypatch)
    folder = Path(tempfile.mkdtemp(prefix="deck-"))  # short: a socket's path is
    here, there = rig_places(folder / "here"), rig_places(folder / "there")
    monkeypatch.setenv("AGENTDECK_HOME", str(folder / "here"))
    async with MessagesServer() as server, sshd(folder / "ssh") as far:
        settings = (f"{name}={text}" for name, text in SETTINGS.items())
        words = far.command("env", *settings, f"AGENTDECK_HOME={folder}/there")
        agentdeck = relayed("-P", "-m", COMMAND)
        for places in (here, there):
            places.config_file.parent.mkdir()
            places.config_file.write_text(
                f'[defaults]\nprofile = "t"\n[backends.t]\nbase_url = "{server.url}"\n'
                'model = "m"\n[profiles.t]\nbackend = "t"\n'
            )
        with here.config_file.open("a") as more:
            more.write(f"[hosts.far]\ncommand = {json.dumps(words)}\n")
            more.write(f"agentdeck = {json.dumps(agentdeck)}\n")
        yield Setting(here, there)
        for places in (here, there):
            _kill(places)
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


@pytest.fixture
async def under_another_user(
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[tuple[Setting, FarUser]]:
    """The host is a login of somebody else, whose engine is none of our forks; nothing started."""
    fork_engines(monkeypatch)
    folder = Path(tempfile.mkdtemp(prefix="deck-"))
    here = rig_places(folder / "here")
    monkeypatch.setenv("AGENTDECK_HOME", str(folder / "here"))
    async with MessagesServer() as server:
        config = (
            f'[defaults]\nprofile = "t"\n[backends.t]\nbase_url = "{server.url}"\n'
            'model = "m"\n[profiles.t]\nbackend = "t"\n'
        )
        agent = ["python3", AGENT, "--state", str(folder / "home" / "agent.json")]
        there = (
            f'{config}[backends.agent]\ntype = "acp"\ncommand = {json.dumps(agent)}\n'
            '[profiles.agent]\nbackend = "agent"\n'
        )
        async with far_user(folder, there) as far:
            here.config_file.parent.mkdir()
            here.config_file.write_text(config + far.table())
            yield Setting(here, far.user.places), far
            _kill(here)
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _kill(places: Places) -> None:
    with contextlib.suppress(AgentdeckError, ProcessLookupError):
        if pid := lifecycle.running_pid(places):
            os.kill(pid, signal.SIGKILL)


async def _reached(client: Client) -> None:
    async with asyncio.timeout(60):
        while any(host["why"] for host in await client.call("deck.hosts", again=True)):
            await asyncio.sleep(0.05)


async def test_sessions_over_ssh_outlive_the_death_of_either_engine(setting: Setting) -> None:
    client = await Client.connect(setting.here)
    await client.attach()
    await _reached(client)
    made = await client.call("session.create", host="far", title="Over there", cwd="/tmp")
    session = str(made["id"])
    assert (made["host"], made["cwd"]) == ("far", "far:/tmp")
    await client.call("session.send", session=session, text="Hello there")
    await until(lambda: client.summaries[session].status == "done")
    assert setting.whole(session)

    _kill(setting.there)  # it is started again by whoever reaches it next
    await until(lambda: client.summaries[session].status == "offline")
    await _reached(client)
    await client.call("session.send", session=session, text="Hello again")
    await until(lambda: client.summaries[session].turns == 2)
    await until(lambda: client.summaries[session].status == "done" and setting.whole(session))

    _kill(setting.here)
    await until(lambda: client.gone)
    client = await Client.connect(setting.here)
    await _reached(client)
    await client.call("session.send", session=session, text="And once more")
    await until(lambda: setting.whole(session) and _turns(setting.here, session) == 3)
    kept = [event.seq for event in read(setting.here.session(session) / NAME)]
    assert kept == list(range(1, len(kept) + 1))
    await until(lambda: client.summaries[session].seq >= len(kept))
    await client.close()


async def test_another_user_s_sessions_lose_nothing_to_connections_cut_at_random(
    under_another_user: tuple[Setting, FarUser],
) -> None:
    """Nor to their engine's death; and each is as its own user's agentdeck has it."""
    setting, far = under_another_user
    rng = random.Random(19)
    client = await Client.connect(setting.here)
    await client.attach()
    await _reached(client)
    made = await client.call("session.create", host="far", cwd=str(far.user.home))
    session = str(made["id"])
    await client.call("session.send", session=session, text="stream 300 100")
    cuts = 0
    while client.summaries[session].status != "done" or cuts < 3:
        await asyncio.sleep(rng.uniform(0.1, 1.0))
        cuts += far.cut()
        await _reached(client)
        if client.summaries[session].turns == 1 and client.summaries[session].status == "done":
            try:
                await client.call("session.send", session=session, text="stream 100 100")
            except AgentdeckError as error:  # the cut was noticed in this moment
                assert "Nothing was sent" in str(error) or "before it answered" in str(error)
        assert cuts < 100
    await until(lambda: setting.whole(session))
    seen = [event.seq for event in read(setting.here.session(session) / NAME)]
    assert seen == list(range(1, seen[-1] + 1))
    assert setting.there.session(session).stat().st_uid == far.user.uid != os.geteuid()

    assert far.kill_engine() == 1
    await until(lambda: client.summaries[session].status == "offline")
    await _reached(client)
    turns = client.summaries[session].turns
    await client.call("session.send", session=session, text="Hello again")
    await until(lambda: client.summaries[session].turns == turns + 1)
    await until(lambda: client.summaries[session].status == "done" and setting.whole(session))
    await _an_agent_of_theirs(client, far)
    await client.close()


async def _an_agent_of_theirs(client: Client, far: FarUser) -> None:
    """An agent over ACP that runs as the other user asks here, and its answer goes to a session."""
    made = await client.call("session.create", host="far", profile="agent", cwd=str(far.user.home))
    agent = str(made["id"])
    await client.call("session.send", session=agent, text="permit")
    await until(lambda: bool(client.summaries[agent].asks))
    (asked,) = client.summaries[agent].asks
    allow = next(o["id"] for o in asked["options"] if str(o["kind"]).startswith("allow"))
    await client.call("session.answer", session=agent, ask=asked["ask"], decision=allow)
    await until(lambda: client.summaries[agent].status == "done")
    here = str((await client.call("session.create", cwd="/tmp"))["id"])
    (told,) = await client.call("session.hand", session=agent, to=[here], words="Read it.")
    assert told["session"] == here
    await until(lambda: client.summaries[here].status == "done")


def _turns(places: Places, session: str) -> int:
    return sum(event.type == "turn.ended" for event in read(places.session(session) / NAME))
