"""`agentdeck acp`: our own sessions for an editor, over real stdio."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from sessions.engine import lifecycle
from sessions.errors import AgentdeckError
from tests.support.forked import SETTINGS, Forked, begin_engine
from tests.support.messages_server import MessagesServer
from tests.support.rig import rig_places

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]


class Editor:
    """A minimal client of the protocol."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.updates: list[dict[str, Any]] = []
        self.asked: list[dict[str, Any]] = []
        self._number = 0

    async def request(self, method: str, **params: Any) -> Any:
        self._number += 1
        number = self._number
        self._send({"id": number, "method": method, "params": params})
        assert self.process.stdout is not None
        while True:
            line = await asyncio.wait_for(asyncio.to_thread(self.process.stdout.readline), 60)
            message = json.loads(line)
            if message.get("id") == number and "method" not in message:
                return message.get("result", message.get("error"))
            if message.get("method") == "session/update":
                self.updates.append(message["params"]["update"])
            elif message.get("method") == "session/request_permission":
                self.asked.append(message["params"])
                outcome = {"outcome": {"outcome": "selected", "optionId": "once"}}
                self._send({"id": message["id"], "result": outcome})

    async def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        await asyncio.to_thread(self.process.wait, 60)

    def _send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self.process.stdin.flush()

    @property
    def text(self) -> str:
        return "".join(
            u["content"]["text"]
            for u in self.updates
            if u["sessionUpdate"] == "agent_message_chunk"
        )


@asynccontextmanager
async def begun(
    home: Path, *more: str, fresh: bool = False, limits: Mapping[int, int] | None = None
) -> AsyncIterator[Editor]:
    """An editor that has started us; the engine is there, but under limits.

    `fresh`: we begin with an interpreter, as for a user's editor.
    """
    env = {**os.environ, "AGENTDECK_HOME": str(home), "LC_ALL": SETTINGS["LC_ALL"]}
    if not limits:
        await asyncio.to_thread(begin_engine, env)
    process = Forked(
        [sys.executable, "-P", "-m", "sessions.cli.main", "acp", *more],
        fresh=fresh, limits=limits or {},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env,
    )  # fmt: skip
    try:
        with process:
            try:
                yield Editor(process)
            finally:
                process.kill()  # which has ended, where all went well
    finally:
        with contextlib.suppress(AgentdeckError):
            await asyncio.to_thread(lifecycle.stop, rig_places(home))


async def test_an_editor_prompts_answers_a_permission_and_loads_the_session(tmp_path: Path) -> None:
    home, work = tmp_path / "h", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    async with MessagesServer() as server:
        (home / "config.toml").write_text(f'[backends.t]\nbase_url = "{server.url}"\nmodel = "m"\n')
        async with begun(home) as editor:
            hello = await editor.request("initialize", protocolVersion=1, clientCapabilities={})
            assert hello["agentInfo"]["name"] == "agentdeck"
            made = await editor.request("session/new", cwd=str(work), mcpServers=[])
            session = made["sessionId"]
            prompt = [{"type": "text", "text": 'tool Bash {"command": "touch made"}'}]
            ended = await editor.request("session/prompt", sessionId=session, prompt=prompt)
            assert ended["stopReason"] == "end_turn"
            assert len(editor.asked) == 1 and (work / "made").exists()
            assert "Let me look." in editor.text
            kinds = [u["sessionUpdate"] for u in editor.updates]
            assert kinds.index("tool_call") < kinds.index("tool_call_update")
            editor.updates.clear()
            await editor.request("session/load", sessionId=session, cwd=str(work), mcpServers=[])
            assert "Let me look." in editor.text
            assert any(u["sessionUpdate"] == "user_message_chunk" for u in editor.updates)
            listed = await editor.request("session/list")
            assert [s["sessionId"] for s in listed["sessions"]] == [session]
            unknown = await editor.request("session/fly")
            assert unknown["code"] == -32601
            await editor.end()


async def test_skills_that_are_on_are_the_editors_slash_commands(tmp_path: Path) -> None:
    home, work = tmp_path / "h", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    async with MessagesServer() as server:
        (home / "config.toml").write_text(
            f'[backends.t]\nbase_url = "{server.url}"\nmodel = "m"\n'
            '[profiles.t]\nbackend = "t"\nskills = ["plain-objectivity"]\n'
        )
        async with begun(home, "--profile", "t", fresh=True) as editor:
            await editor.request("initialize", protocolVersion=1, clientCapabilities={})
            made = await editor.request("session/new", cwd=str(work), mcpServers=[])
            assert editor.updates == []  # nothing is told of a session that has no id yet
            prompt = [{"type": "text", "text": "/plain-objectivity this text"}]
            await editor.request("session/prompt", sessionId=made["sessionId"], prompt=prompt)
            (told,) = [
                u for u in editor.updates if u["sessionUpdate"] == "available_commands_update"
            ]
            assert [c["name"] for c in told["availableCommands"]] == ["plain-objectivity"]
            assert "skill_content" in json.dumps(server.asked[-1].body["messages"])
            await editor.end()


async def test_an_editor_is_told_at_once_that_a_turn_can_not_be_recorded(tmp_path: Path) -> None:
    """A limit on the size of files refuses what a full disk refuses."""
    home, work = tmp_path / "h", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    async with MessagesServer() as server:
        (home / "config.toml").write_text(f'[backends.t]\nbase_url = "{server.url}"\nmodel = "m"\n')
        async with begun(home, limits={resource.RLIMIT_FSIZE: 15_000}) as editor:
            await editor.request("initialize", protocolVersion=1, clientCapabilities={})
            made = await editor.request("session/new", cwd=str(work), mcpServers=[])
            prompt = [{"type": "text", "text": "stream 3000 2000"}]
            told = await editor.request(
                "session/prompt", sessionId=made["sessionId"], prompt=prompt
            )
            assert "the limit on the size of files is reached" in told["message"]
            await editor.end()
