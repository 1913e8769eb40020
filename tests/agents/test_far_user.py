"""Real agents on a host that is a login of another user, over a real ssh server."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sessions.engine import lifecycle
from sessions.engine.client import Client
from sessions.record import events as ev
from sessions.record.journal import NAME, read
from tests.agents.setting import AGENTS, MADE, Model, configuration
from tests.support.far_user import FarUser, far_user
from tests.support.messages_server import MessagesServer
from tests.support.rig import rig_places, until

pytestmark = [
    pytest.mark.skipif(not AGENTS, reason="run by `make agents`"),
    pytest.mark.timeout(300),
]
_LONG_S = 240.0


@asynccontextmanager
async def _setting(
    agent: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Client, FarUser]]:
    """A deck here, and the agent over there, whose model's server is on this machine."""
    folder = Path(tempfile.mkdtemp(prefix="deck-"))  # short: a socket's path is
    here = rig_places(folder / "here")
    monkeypatch.setenv("AGENTDECK_HOME", str(folder / "here"))
    try:
        async with (
            MessagesServer(Model(work=folder / "home" / "work")) as server,
            far_user(folder, "") as far,
        ):
            home = far.user.home / "agents"
            configured = configuration(server.url, home, [agent])
            far.user.owns(home)  # what an agent is configured by is where it writes too
            configured += f'[profiles.agent]\nbackend = "{agent}"\n'
            far.user.write(far.user.places.config_file, configured)
            far.user.write(far.user.home / "work" / "README", "\n")
            here.config_file.parent.mkdir(exist_ok=True)
            here.config_file.write_text(far.table())
            client = await Client.connect(here)
            try:
                await client.attach()
                yield client, far
            finally:
                await client.close()
                await asyncio.to_thread(lifecycle.stop, here)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


@pytest.mark.parametrize("agent", [a for a in AGENTS if a in ("opencode", "claude-code", "codex")])
async def test_an_agent_of_another_user_asks_here_and_works_there(
    agent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with _setting(agent, monkeypatch) as (client, far):
        async with asyncio.timeout(_LONG_S):
            while any(host["why"] for host in await client.call("deck.hosts", again=True)):
                await asyncio.sleep(0.1)
        work = far.user.home / "work"
        made = await client.call(
            "session.create", host="far", profile="agent", cwd=str(work), permission="ask"
        )
        session = str(made["id"])
        await client.call("session.send", session=session, text="please run it")
        await until(lambda: bool(client.summaries[session].asks), _LONG_S)
        (asked,) = client.summaries[session].asks
        assert f"touch {MADE}" in asked["detail"] and not (work / MADE).exists()
        allow = next(o["id"] for o in asked["options"] if o["kind"] == "allow_once")
        await client.call("session.answer", session=session, ask=asked["ask"], decision=allow)
        await until(lambda: not client.summaries[session].open, _LONG_S)
        assert client.summaries[session].status == "done", client.summaries[session].error
        assert (work / MADE).stat().st_uid == far.user.uid != os.geteuid()
        here = rig_places(Path(os.environ["AGENTDECK_HOME"])).session(session) / NAME
        said = "".join(e.text for e in read(here) if isinstance(e, ev.Text))
        assert "The tool has run." in said
