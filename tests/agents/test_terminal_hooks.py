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
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from sessions.api.terminals import TerminalOutput
from sessions.engine import lifecycle
from sessions.engine.client import Client
from sessions.record.closed_sets import Status
from tests.agents.setting import BY_NPM, FOLDER, MADE, Model, _claude, _codex
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
CLAUDE = next(Path(FOLDER, "node_modules/@anthropic-ai").glob("claude-agent-sdk-*/claude"), None)
TOLD = {
    "hasCompletedOnboarding": True,
    "customApiKeyResponses": {"approved": ["local"], "rejected": []},
}
"""What Claude Code knows of its user, who is not asked for it again."""
pytestmark = [
    pytest.mark.skipif(not FOLDER, reason="run by `make agents`"),
    pytest.mark.timeout(240),
]


class Tile:
    """What a tile does for a terminal: an emulator that is fed, and answers what is asked."""

    def __init__(self, client: Client, session: str) -> None:
        self.client, self.session = client, session
        self.emulator: Emulator = emulator_choice.make(120, 36)
        self.rows: dict[int, str] = {}
        self._told: set[asyncio.Task[None]] = set()
        client.on_terminal = self.came

    def came(self, _: str, output: TerminalOutput) -> None:
        """It printed that."""
        self.emulator.feed(output.data)
        for y, row in self.emulator.changed().items():
            self.rows[y] = "".join(stretch.text for stretch in row)
        at = output.at + len(output.data)
        self._tell(self.client.call("terminal.took", session=self.session, at=at))
        if answers := self.emulator.replies():
            self._tell(self.type(answers, reply=True))

    def _tell(self, telling: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(telling)
        self._told.add(task)
        task.add_done_callback(self._told.discard)

    def close(self) -> None:
        """It is looked at no more."""
        self.client.on_terminal = lambda _session, _output: None
        for task in self._told:
            task.cancel()
        self.emulator.close()

    async def type(self, data: bytes, reply: bool = False) -> None:
        """Keys."""
        typed = base64.b64encode(data).decode()
        await self.client.call("terminal.input", session=self.session, data=typed, reply=reply)

    async def shows(self, words: str) -> None:
        """Wait until that is on its screen."""
        try:
            await until(lambda: self.has(words), 90)
        except TimeoutError:
            raise AssertionError(f"no {words!r} in\n{self.screen()}") from None

    def has(self, words: str) -> bool:
        """Whether that is on its screen."""
        return any(words in row for row in self.rows.values())

    def screen(self) -> str:
        """What it shows."""
        return "\n".join(self.rows[y] for y in sorted(self.rows))

    async def insist(self, key: bytes, until_so: Callable[[], bool]) -> None:
        """Press a key, now and then once more, until that is so: one that comes early is lost."""
        for _ in range(30):
            await self.type(key)
            with contextlib.suppress(TimeoutError):
                await until(until_so, 5)
                return
        raise AssertionError(f"{key!r} does nothing in\n{self.screen()}")

    def busy(self) -> bool:
        """Whether it says that it works or asks: another Enter would answer it."""
        return self.client.summaries[self.session].status in ("working", "needs-you")

    async def says(self, status: Status, words: str) -> None:
        """Wait until that is its status, and that in what it says."""

        def so() -> bool:
            summary = self.client.summaries[self.session]
            said = summary.terminal["said"] if summary.terminal is not None else {}
            return summary.status == status and words in said.get("message", "")

        await until(so, 90)


@asynccontextmanager
async def shown(
    folder: Path, env: Mapping[str, str], argv: Sequence[str], work: Path
) -> AsyncIterator[Tile]:
    """A program on a terminal of an engine of its own."""
    argv = ["env", *(f"{name}={value}" for name, value in env.items()), *argv]
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
        tile.close()
    finally:
        await client.close()
        await asyncio.to_thread(lifecycle.stop, places)


def hooks(home: Path, *more: str) -> str:
    """Hooks as both agents have them: at these, and at `more`, the deck of that home is told."""
    hook = [{"hooks": [{"type": "command", "command": f"AGENTDECK_HOME={home} {HOOK}"}]}]
    names = ("UserPromptSubmit", "PermissionRequest", "Stop", *more)
    return json.dumps({"hooks": {name: hook for name in names}})


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


@pytest.mark.skipif(not CODEX.exists(), reason="Codex is not installed")
async def test_codex_says_by_its_hooks_what_it_does(
    tmp_path: Path, short: Path, codex_home: Path
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    async with MessagesServer() as server:
        env = _codex(server.url, tmp_path)
        with (codex_home / "config.toml").open("a") as more:
            more.write(f'[projects.{json.dumps(str(work))}]\ntrust_level = "trusted"\n')
        (codex_home / "hooks.json").write_text(hooks(short))
        argv = [str(CODEX), "-a", "on-request", "-s", "read-only"]
        argv += ["--dangerously-bypass-hook-trust"]  # they are this test's own
        async with shown(short, env, argv, work) as tile:
            await tile.shows("for shortcuts")
            await tile.type(f"tool exec_command {json.dumps(ASKED)}".encode())
            await tile.shows("tool exec_command")
            # Right behind a text it is a part of what is pasted.
            await tile.insist(b"\r", tile.busy)
            await tile.says("needs-you", "Bash")
            await tile.shows("Yes, proceed")
            await tile.insist(b"y", lambda: not tile.has("Yes, proceed"))
            await tile.says("done", "of the hook")


@pytest.mark.skipif(CLAUDE is None, reason="Claude Code is not installed")
async def test_claude_code_says_by_its_hooks_what_it_does(tmp_path: Path, short: Path) -> None:
    work, settings = tmp_path / "work", tmp_path / ".claude"
    work.mkdir()
    settings.mkdir()
    trusted = {str(work): {"hasTrustDialogAccepted": True}}
    (settings / ".claude.json").write_text(json.dumps(TOLD | {"projects": trusted}))
    (settings / "settings.json").write_text(hooks(short, "Notification"))
    async with MessagesServer(Model(work=work)) as server:
        env = {"HOME": str(tmp_path), **_claude(server.url, tmp_path)}
        argv = [str(CLAUDE), "--permission-mode", "default"]
        async with shown(short, env, argv, work) as tile:
            await tile.shows("for shortcuts")
            await tile.type(b"please run")
            await tile.shows("please run")
            await tile.insist(b"\r", tile.busy)
            await tile.says("needs-you", "Bash")
            await tile.shows("Do you want")
            assert not (work / MADE).exists()
            await tile.insist(b"1", lambda: not tile.has("Do you want"))
            await tile.says("done", "The tool has run.")
            assert (work / MADE).exists()
