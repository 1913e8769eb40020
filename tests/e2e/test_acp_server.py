"""`agentdeck acp`: our own sessions for an editor, over real stdio."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.forked import begin_engine
from tests.support.messages_server import MessagesServer

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]


class Editor:
    """A minimal client of the protocol."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
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
            line = await asyncio.wait_for(self.process.stdout.readline(), 60)
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
        await asyncio.wait_for(self.process.wait(), 60)

    def _send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")

    @property
    def text(self) -> str:
        return "".join(
            u["content"]["text"]
            for u in self.updates
            if u["sessionUpdate"] == "agent_message_chunk"
        )


async def begun(home: Path, *more: str) -> Editor:
    """An editor that has started us, where the engine is there."""
    env = {**os.environ, "AGENTDECK_HOME": str(home)}
    await asyncio.to_thread(begin_engine, env)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sessions.cli.main", "acp", *more,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=env,
    )  # fmt: skip
    return Editor(process)


async def test_an_editor_prompts_answers_a_permission_and_loads_the_session(tmp_path: Path) -> None:
    home, work = tmp_path / "h", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    async with MessagesServer() as server:
        (home / "config.toml").write_text(
            f'[backends.t]\nbase_url = "{server.url}"\nmodel = "m"\n[engine]\nidle_exit_s = 1.0\n'
        )
        editor = await begun(home)
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
            "[engine]\nidle_exit_s = 1.0\n"
        )
        editor = await begun(home, "--profile", "t")
        await editor.request("initialize", protocolVersion=1, clientCapabilities={})
        made = await editor.request("session/new", cwd=str(work), mcpServers=[])
        assert editor.updates == []  # nothing is told of a session that has no id yet
        prompt = [{"type": "text", "text": "/plain-objectivity this text"}]
        await editor.request("session/prompt", sessionId=made["sessionId"], prompt=prompt)
        (told,) = [u for u in editor.updates if u["sessionUpdate"] == "available_commands_update"]
        assert [c["name"] for c in told["availableCommands"]] == ["plain-objectivity"]
        assert "skill_content" in json.dumps(server.asked[-1].body["messages"])
        await editor.end()


async def test_an_editor_is_told_at_once_that_a_turn_can_not_be_recorded(tmp_path: Path) -> None:
    """A limit on the size of files refuses what a full disk refuses."""
    home, work = tmp_path / "h", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    async with MessagesServer() as server:
        (home / "config.toml").write_text(
            f'[backends.t]\nbase_url = "{server.url}"\nmodel = "m"\n[engine]\nidle_exit_s = 1.0\n'
        )
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "sessions.cli.main", "acp",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            # Older Pythons leave cut files of bytecode under a limit.
            env={**os.environ, "AGENTDECK_HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"},
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (15_000, 15_000)),
        )  # fmt: skip
        editor = Editor(process)
        await editor.request("initialize", protocolVersion=1, clientCapabilities={})
        made = await editor.request("session/new", cwd=str(work), mcpServers=[])
        prompt = [{"type": "text", "text": "stream 3000 2000"}]
        told = await editor.request("session/prompt", sessionId=made["sessionId"], prompt=prompt)
        assert "the limit on the size of files is reached" in told["message"]
        await editor.end()
