"""Agents' own interfaces on terminals, which say by their hooks that they work, ask, are done."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sessions.api.terminals import TerminalOutput
from sessions.engine import lifecycle
from sessions.engine.client import Client
from sessions.record.closed_sets import Status
from sessions.record.summary import Summary
from tests.agents.setting import BY_NPM, FOLDER, _codex
from tests.support.messages_server import MessagesServer
from tests.support.rig import rig_places, until
from tui.terminals import emulator_choice
from tui.terminals.emulator import Emulator

CODEX = Path(FOLDER, BY_NPM, "codex")
HOOK = f"{Path(sys.executable).parent / 'agentdeck'} notify --hook"
ASKED = {
    "cmd": "echo of the hook",
    "sandbox_permissions": "require_escalated",
    "justification": "to see it",
}
pytestmark = [
    pytest.mark.skipif(not FOLDER or not CODEX.exists(), reason="run by `make agents`"),
    pytest.mark.timeout(240),
]


class Tile:
    """What a tile does for a terminal: an emulator that is fed, and answers what is asked."""

    def __init__(self, client: Client, session: str) -> None:
        self.client, self.session = client, session
        self.emulator: Emulator = emulator_choice.make(120, 36)
        self.rows: dict[int, str] = {}
        self._sending: asyncio.Task[None] | None = None
        client.on_terminal = self.came

    def came(self, _: str, output: TerminalOutput) -> None:
        """It printed that."""
        self.emulator.feed(output.data)
        for y, row in self.emulator.changed().items():
            self.rows[y] = "".join(stretch.text for stretch in row)
        if answers := self.emulator.replies():
            self._sending = asyncio.ensure_future(self.type(answers, reply=True))

    async def type(self, data: bytes, reply: bool = False) -> None:
        """Keys."""
        typed = base64.b64encode(data).decode()
        await self.client.call("terminal.input", session=self.session, data=typed, reply=reply)

    async def shows(self, words: str) -> None:
        """Wait until that is on its screen."""
        await until(lambda: any(words in row for row in self.rows.values()), 90)

    async def leaves(self, words: str, *keys: bytes) -> None:
        """Press one key after the other until that is not on its screen any more."""
        for data in keys * 10:
            await self.type(data)
            with contextlib.suppress(TimeoutError):
                await until(lambda: not any(words in row for row in self.rows.values()), 3)
                return

    async def insist(self, data: bytes, status: Status) -> None:
        """Type something, now and then once more, until that is its status."""
        for _ in range(20):
            await self.type(data)
            with contextlib.suppress(TimeoutError):
                await until(lambda: self.client.summaries[self.session].status == status, 4)
                return

    async def says(self, status: Status) -> Summary:
        """Wait until that is its status."""
        known = self.client.summaries
        await until(lambda: known[self.session].status == status, 90)
        return known[self.session]


@asynccontextmanager
async def shown(folder: Path, argv: list[str], work: Path) -> AsyncIterator[Tile]:
    """A program on a terminal of an engine of its own."""
    places = rig_places(folder)
    places.config_file.parent.mkdir(parents=True, exist_ok=True)
    await asyncio.to_thread(lifecycle.ensure_running, places)
    client = await Client.connect(places, start=False)
    try:
        await client.attach()
        made = await client.call("terminal.new", argv=argv, cwd=str(work))
        tile = Tile(client, made["id"])
        await client.call("terminal.watch", session=made["id"], columns=120, rows=36)
        yield tile
        tile.emulator.close()
    finally:
        await client.close()
        await asyncio.to_thread(lifecycle.stop, places)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A deck's home, whose path is short: a socket lies in it."""
    made = Path(tempfile.mkdtemp(prefix="deck-"))
    monkeypatch.setenv("AGENTDECK_HOME", str(made))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def codex_home(tmp_path: Path) -> Iterator[Path]:
    """Codex leaves a daemon of its own behind, which runs out of its home: it ends with it."""
    home = tmp_path / ".codex"
    yield home
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str(home).encode() in (process / "cmdline").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)


async def test_codex_says_by_its_hooks_what_it_does(
    tmp_path: Path, short: Path, codex_home: Path
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    async with MessagesServer() as server:
        env = _codex(server.url, tmp_path)
        with (codex_home / "config.toml").open("a") as more:
            more.write(f'[projects.{json.dumps(str(work))}]\ntrust_level = "trusted"\n')
        hook = [{"hooks": [{"type": "command", "command": f"AGENTDECK_HOME={short} {HOOK}"}]}]
        hooks = {name: hook for name in ("UserPromptSubmit", "PermissionRequest", "Stop")}
        (codex_home / "hooks.json").write_text(json.dumps({"hooks": hooks}))
        words = [f"{name}={value}" for name, value in env.items()]
        argv = ["env", *words, str(CODEX), "-a", "on-request", "-s", "read-only"]
        async with shown(short, argv, work) as tile:
            await tile.shows("Trust all")
            await tile.leaves("Trust all", b"2", b"\r")
            await tile.shows("for shortcuts")
            await tile.type(f"tool exec_command {json.dumps(ASKED)}".encode())
            await tile.shows("tool exec_command")
            await tile.insist(b"\r", "needs-you")  # a key right behind a text is taken for a paste
            summary = await tile.says("needs-you")
            assert summary.terminal is not None
            assert "Bash" in summary.terminal["said"]["message"]
            await tile.shows("Yes, proceed")
            await tile.type(b"y")
            summary = await tile.says("done")
            assert summary.terminal is not None
            assert "of the hook" in summary.terminal["said"]["message"]
