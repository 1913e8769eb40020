"""A child that has ended has ended, though what it started holds its pipes open."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest

from sessions import child_process
from sessions.backends.acp import process as acp_process
from sessions.backends.local import LocalBackend
from sessions.config.model import BackendConfig
from sessions.errors import BackendError
from sessions.remote import host_transport
from sessions.remote.relay import HELLO
from sessions.tools import mcp_wire
from tests.support.rig import alive

LONG_S = 60.0


class Holder:
    """What holds a child's pipes open: in a session of its own, where nothing ends it."""

    def __init__(self, folder: Path) -> None:
        self._noted = folder / "holder"
        self.begins = (
            f"setsid sh -c 'echo $$ > {self._noted}; exec sleep 100' & "
            f"until [ -s {self._noted} ]; do sleep 0.01; done"
        )

    def command(self, then: str) -> list[str]:
        return ["sh", "-c", f"{self.begins}; {then}"]

    async def child(self) -> child_process.ChildProcess:
        """One that ends when its stdin does, or by a line."""
        return await child_process.start(
            *self.command("read line; exit 3"), stdin=PIPE, stdout=PIPE, start_new_session=True
        )

    @property
    def lives(self) -> bool:
        return alive(int(self._noted.read_text()))

    def end(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            os.kill(int(self._noted.read_text()), signal.SIGKILL)


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[Holder]:
    holder = Holder(tmp_path)
    yield holder
    holder.end()


async def test_its_end_is_told_and_its_pipes_are_let_go(holder: Holder) -> None:
    child = await holder.child()
    assert child.stdin is not None and child.stdout is not None
    waiting = asyncio.create_task(child.wait())
    await asyncio.sleep(0)
    child.stdin.write(b"\n")
    async with asyncio.timeout(LONG_S):
        assert await waiting == 3 == await child.wait()
        assert holder.lives
        child.let_go()
        assert await child.stdout.read() == b""


async def test_what_it_prints_is_read_as_ever() -> None:
    child = await child_process.start("sh", "-c", "cat; exit 1", stdin=PIPE, stdout=PIPE)
    assert (await child.communicate(b"words"))[0] == b"words"
    assert child.returncode == 1


async def test_an_mcp_server_is_not_waited_for(
    holder: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcp_wire, "_ENDS_S", 10 * LONG_S)
    async with asyncio.timeout(LONG_S):
        await mcp_wire._end(await holder.child())
    assert holder.lives


async def test_the_local_models_server_is_not_waited_for(holder: Holder, tmp_path: Path) -> None:
    backend = LocalBackend("local", BackendConfig(type="local"), tmp_path)
    backend._process = await holder.child()
    async with asyncio.timeout(LONG_S):
        await backend.close()
    assert holder.lives


async def test_the_way_to_a_host_is_not_waited_for(
    holder: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_transport, "_LAST_WORDS_S", 0.01)
    command = holder.command(f"echo '{HELLO.decode()}1.0'; read line")
    wire = await host_transport.HostWire.open(command, os.environ)
    async with asyncio.timeout(LONG_S):
        await wire.end()
        assert await wire.reader.read() == b""
    assert holder.lives


async def test_a_deck_in_a_browser_is_not_waited_for(holder: Holder) -> None:
    pytest.importorskip("textual_serve")
    from tui.web.server import Tab

    tab = Tab(False, Mock(), lambda why: None)
    tab._argv = tuple(holder.command("read line"))
    await tab._open_app_process()
    async with asyncio.timeout(LONG_S):
        await tab.stop()
    assert holder.lives


async def test_an_agent_that_ended_answers_no_more(
    holder: Holder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acp_process, "CLOSE_S", 0.05)
    greeted = '{"jsonrpc": "2.0", "id": 0, "result": {"protocolVersion": 1}}'
    agent = await acp_process.AgentProcess.start(
        "held",
        holder.command(f"read line; echo '{greeted}'; read line; exit 3"),
        os.environ,
        stderr=tmp_path / "stderr",
        pids=tmp_path / "pids",
        on_update=lambda session, update: None,
        on_fault=lambda session, words: None,
        on_request=lambda method, params: asyncio.sleep(0),
        client_capabilities={},
    )
    async with asyncio.timeout(LONG_S):
        with pytest.raises(BackendError) as error:
            await agent.request("session/new", {}, None)
        assert error.value.kind == "agent_ended"
        assert (agent.exit_code, agent.alive, holder.lives) == (3, False, True)
        await agent.close()
