"""An agent that is given MCP servers with its command: each set of them has a process."""

from __future__ import annotations

import json
import stat
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sessions.backends.acp.backend import AcpBackend, AgentConfig
from sessions.backends.acp.conversation import AcpConversation
from sessions.backends.acp.process_per_servers import ServedConversation
from sessions.record import events as ev
from tests.support.host import FakeHost
from tests.support.known_agent import called

AGENT = str(Path(__file__).parents[2] / "support" / "scripted_agent.py")
PROGRAM: ev.JSON = {
    "name": "db",
    "command": "/usr/bin/db",
    "args": ["--read"],
    "env": [{"name": "DB_KEY", "value": "k-1"}],
}
ADDRESS: ev.JSON = {"type": "http", "name": "web", "url": "http://127.0.0.1:9/mcp", "headers": []}


async def test_a_session_goes_over_to_the_process_that_has_its_servers_and_back(
    tmp_path: Path,
) -> None:
    backend, host = called(tmp_path, "copilot"), FakeHost(tmp_path)
    talk = await backend.open(host.session_id, host.cwd, {})
    assert isinstance(talk, ServedConversation)
    host.say("say")
    await talk.turn(host)
    one = backend._process

    host.settings = replace(host.settings, mcp=[PROGRAM, ADDRESS])
    for _ in range(2):
        host.say("about")
        await talk.turn(host)
        assert host.text().endswith('"servers": ["web"]}')
    (child,) = backend._serving.values()
    assert child._process is not None and child._process is not one
    first, second = (tmp_path / "words").read_text().splitlines()
    option, named = second.split()
    assert (first, option, named[0]) == ("", "--additional-mcp-config", "@")
    file = Path(named[1:])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and "k-1" not in second
    told = {"type": "local", "command": "/usr/bin/db", "args": ["--read"], "tools": ["*"]}
    assert json.loads(file.read_text()) == {
        "mcpServers": {"db": {**told, "env": {"DB_KEY": "k-1"}}}
    }

    host.settings = replace(host.settings, mcp=[])
    host.say("say")
    await talk.turn(host)
    assert host.text().endswith(" in mode default") and backend._process is one
    assert len(opened_as(host)) == 1
    assert not any(isinstance(e, ev.Error) for e in host.events), (
        "it has its conversation everywhere"
    )
    await talk.close()
    await backend.close()
    assert not file.exists() and child._process is None


@pytest.mark.parametrize(
    ("before", "why"),
    [
        (("ssh", "host"), "it would have to run on the agent's machine"),
        (("env", "A=1"), ""),
        (("sh", "-c", "exec /opt/copilot --acp"), "Copilot CLI takes programs only"),
    ],
)
async def test_where_a_command_can_t_be_added_to_it_is_said(
    tmp_path: Path, before: tuple[str, ...], why: str
) -> None:
    command = list(before) if "sh" in before else [*before, "copilot", "--acp"]
    backend = AcpBackend(AgentConfig("g", command, state=tmp_path))
    said = backend.servers.unusable(None, PROGRAM)  # type: ignore[arg-type]
    assert said.startswith(why) and bool(said) == bool(why)
    opened = await backend.open("s", tmp_path, {})
    assert isinstance(opened, AcpConversation if why else ServedConversation)


@pytest.mark.parametrize("busy", [False, True])
async def test_an_agent_that_keeps_its_servers_is_started_again_when_they_change(
    tmp_path: Path, busy: bool
) -> None:
    backend, host = AcpBackend(scripted(tmp_path)), FakeHost(tmp_path)
    talk = await backend.open(host.session_id, host.cwd, {})
    host.say("say")
    await talk.turn(host)
    first = backend._process
    if busy:
        backend.remember("other", Busy())
    host.settings = replace(host.settings, mcp=[ADDRESS])
    host.say("about")
    await talk.turn(host)
    assert host.text().endswith('"servers": ["web"]}')
    assert (backend._process is first) == busy
    told = [e.message for e in host.events if isinstance(e, ev.Notice)]
    assert any("keeps the MCP servers" in message for message in told) == busy
    await talk.close()
    await backend.close()


async def test_a_session_whose_servers_stay_until_it_is_closed_is_closed_and_opened_again(
    tmp_path: Path,
) -> None:
    backend, host = called(tmp_path, "vibe-acp", "--keeps"), FakeHost(tmp_path)
    talk = await backend.open(host.session_id, host.cwd, {})
    host.say("say")
    await talk.turn(host)
    first = backend._process
    backend.remember("other", Busy())
    for servers, names in (([PROGRAM], ["db"]), ([], [])):
        host.settings = replace(host.settings, mcp=servers)
        host.say("about")
        await talk.turn(host)
        assert host.text().endswith(f'"servers": {json.dumps(names)}}}')
        assert backend._process is first
    assert len(opened_as(host)) == 1
    await talk.close()
    await backend.close()


def opened_as(host: FakeHost) -> set[str]:
    """The agent's own names of the session, as it was opened again and again."""
    states = [e.data for e in host.events if isinstance(e, ev.BackendState)]
    return {data["session_id"] for data in states if "owner" in data}


class Busy:
    """Another session, in which a turn runs."""

    working = True

    def on_update(self, update: ev.JSON) -> None:
        """See Party."""

    def on_fault(self, words: str) -> None:
        """See Party."""

    async def on_request(self, method: str, params: ev.JSON) -> object:
        """See Party."""
        return NotImplemented


def scripted(tmp_path: Path) -> AgentConfig:
    """The scripted agent, which is none that is known."""
    command = [sys.executable, AGENT, "--state", str(tmp_path / "agent.json")]
    return AgentConfig("scripted", command, state=tmp_path, sleep_s=0)
