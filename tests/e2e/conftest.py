"""A home of its own, a scripted server, and terminals that end with the test."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sessions.engine import lifecycle
from sessions.paths import Places, places
from tests.e2e.terminal import Terminal
from tests.support.messages_server import served


@dataclass
class House:
    """An installation under a folder of its own."""

    root: Path
    url: str
    terminals: list[Terminal] = field(default_factory=list)

    @property
    def env(self) -> dict[str, str]:
        """The environment of everything that runs here: no key of anybody's, no size of theirs."""
        foreign = ("ANTHROPIC", "TMUX", "COLUMNS", "LINES")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
        kept |= {"EDITOR": "true", "VISUAL": ""}  # a key lends it the terminal
        return {**kept, "AGENTDECK_HOME": str(self.root / "home"), "LC_ALL": "C.UTF-8"}

    @property
    def work(self) -> Path:
        """The working directory."""
        return self.root / "work"

    @property
    def places(self) -> Places:
        """Where things are kept."""
        before = os.environ.get("AGENTDECK_HOME")
        os.environ["AGENTDECK_HOME"] = str(self.root / "home")
        try:
            return places()
        finally:
            if before is None:
                del os.environ["AGENTDECK_HOME"]
            else:
                os.environ["AGENTDECK_HOME"] = before

    def deck(self, columns: int = 120, rows: int = 36, *, fresh: bool = False) -> Terminal:
        """Open the deck in a terminal; `fresh` where the beginning is what counts."""
        command = [sys.executable, "-P", "-m", "sessions.cli.main"]
        terminal = Terminal(
            command, cwd=self.work, env=self.env, columns=columns, rows=rows, fresh=fresh
        )
        self.terminals.append(terminal)
        terminal.wait_for("agentdeck")
        return terminal

    def engine(self) -> int:
        """The engine's process."""
        pid = lifecycle.running_pid(self.places)
        assert pid is not None
        return pid

    def kill_engine(self) -> None:
        """As `kill -9` does."""
        os.kill(self.engine(), signal.SIGKILL)

    def journal(self) -> list[dict[str, Any]]:
        """The events of the one session."""
        paths = list(self.places.sessions.glob("*/journal.jsonl"))
        assert len(paths) == 1
        return [json.loads(line) for line in paths[0].read_bytes().splitlines()]

    def close(self) -> None:
        """End everything that was started."""
        for terminal in self.terminals:
            terminal.close()
        with contextlib.suppress(Exception):
            lifecycle.stop(self.places)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A scripted Messages API server; its address."""
    with served() as url:
        yield url


@pytest.fixture
def house(server: str) -> Iterator[House]:
    """An installation whose default profile is the scripted server."""
    root = Path(tempfile.mkdtemp(prefix="deck-"))
    made = House(root, server)
    made.work.mkdir()
    home = root / "home"
    home.mkdir(mode=0o700)
    config = home / "config.toml"
    config.write_text(
        '[defaults]\nprofile = "test"\n'
        f'[backends.test]\ntype = "anthropic"\nbase_url = "{server}"\nmodel = "scripted"\n'
        '[profiles.test]\nbackend = "test"\n'
    )
    config.chmod(0o600)
    made.places.state.mkdir(mode=0o700)
    (made.places.state / "deck.json").write_text('{"toured": true}')
    try:
        yield made
    finally:
        made.close()
        shutil.rmtree(root, ignore_errors=True)
