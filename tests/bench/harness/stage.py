"""The real thing under measurement: engine, sessions that stream, and the deck on a terminal."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from sessions.engine import lifecycle
from sessions.engine.client import Client
from sessions.paths import Places, places
from tests.bench.harness.terminal import Echo, Terminal, cpu, rss

_PATIENCE_S = 30.0
_HOME = "AGENTDECK_HOME="
_AGENTDECK = str(Path(sys.executable).parent / "agentdeck")


@dataclass(frozen=True, slots=True)
class Load:
    """What some seconds took: shares of a core, seconds per megabyte of streamed text."""

    interface: float
    engine: float
    interface_per_mb: float
    engine_per_mb: float
    characters: int


class Stage:
    """An installation of its own with so many sessions; ends with all that it started.

    `far`: they live in another engine of this machine, which is its host.
    """

    def __init__(self, sessions: int, profile: Path | None = None, *, far: bool = False) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="ad-bench-"))
        self.terminal: Terminal | None = None
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.harness.server"], stdout=subprocess.PIPE, text=True
        )
        assert self._server.stdout is not None
        self.url = self._server.stdout.readline().strip()
        work, home = self.root / "work", self.root / "home"
        work.mkdir()
        home.mkdir(mode=0o700)
        config = (
            '[defaults]\nprofile = "b"\n'
            f'[backends.b]\ntype = "anthropic"\nbase_url = "{self.url}"\nmodel = "scripted"\n'
            f'[profiles.b]\nbackend = "b"\n[limits]\nturns_at_once = {max(100, sessions)}\n'
        )
        self._far = self.root / "far" if far else None
        for each in [home, self._far] if self._far else [home]:
            each.mkdir(mode=0o700, exist_ok=True)
            (each / "config.toml").write_text(config)
            (each / "config.toml").chmod(0o600)
        if self._far:
            with (home / "config.toml").open("a") as more:
                more.write(
                    f"[hosts.far]\ncommand = {json.dumps(['env', _HOME + str(self._far)])}\n"
                )
                more.write(f"agentdeck = {json.dumps([_AGENTDECK])}\n")
        self._environ = mock.patch.dict(os.environ, AGENTDECK_HOME=str(home))
        self._environ.start()
        self.places: Places = places()
        self._profiled = _profiled(profile) if profile is not None else None
        self.engine = lifecycle.ensure_running(self.places)
        self.ids: list[str] = asyncio.run(self._create(sessions, str(work)))

    async def _create(self, count: int, work: str) -> list[str]:
        made = []
        async with _client() as client:
            while self._far and any(h["why"] for h in await client.call("deck.hosts", again=True)):
                await asyncio.sleep(0.05)
            host = "far" if self._far else ""
            for number in range(count):
                title = f"tile{number:02d}"
                made.append(await client.call("session.create", host=host, cwd=work, title=title))
        return [summary["id"] for summary in made]

    def open(self, shown: int) -> None:
        """Open the deck with so many tiles at most, and wait until all are drawn."""
        command = [sys.executable, "-P", "-m", "tests.bench.harness.app", "deck", str(shown)]
        self.terminal = Terminal(command)
        last = f"tile{min(shown, len(self.ids)) - 1:02d}" if self.ids else "starts it with"
        if self.terminal.wait(last) is None:
            raise RuntimeError(f"the deck did not show {last}")
        time.sleep(2.0)  # what it does once after its start is not what is measured

    def stream(self, rate: float) -> None:
        """All sessions stream."""

        async def begin() -> None:
            async with _client() as client:
                for session in self.ids:
                    await client.call("session.send", session=session, text=f"bench {rate:g}")

        before, end = self.characters, time.monotonic() + _PATIENCE_S
        asyncio.run(begin())
        time.sleep(2.5)  # the SDK is imported with the first turn
        while self.characters == before:
            if time.monotonic() > end:
                raise RuntimeError(f"nothing streams; the engine's log: {self._log()}")
            time.sleep(0.5)

    def _log(self) -> str:
        try:
            return " ".join(self.places.log.read_text("utf-8").split()[-30:])
        except OSError as error:
            return str(error)

    def stop(self) -> None:
        """All turns end."""

        async def end() -> None:
            async with _client() as client:
                for session in self.ids:
                    await client.call("session.interrupt", session=session)

        asyncio.run(end())
        time.sleep(1.0)

    @property
    def characters(self) -> int:
        """How much text has been streamed."""
        with urllib.request.urlopen(f"{self.url}/bench/stats") as answer:
            return int(json.load(answer)["characters"])

    @property
    def memory(self) -> tuple[float, float]:
        """Resident megabytes of interface and engine."""
        assert self.terminal is not None
        return rss(self.terminal.pid), rss(self.engine)

    def typed(self, seconds: float) -> tuple[Echo, Load]:
        """Type for so long: the echo, and what it all took."""
        assert self.terminal is not None
        terminal = self.terminal
        return self._during(lambda: terminal.echo(seconds))

    def watched(self, seconds: float) -> Load:
        """Only look: what streaming alone takes."""
        return self._during(lambda: time.sleep(seconds))[1]

    def _during(self, work: Callable[[], Any]) -> tuple[Any, Load]:
        assert self.terminal is not None
        pids = (self.terminal.pid, self.engine)
        characters, began = self.characters, time.perf_counter()
        before = [cpu(pid) for pid in pids]
        found = work()
        used = [cpu(pid) - b for pid, b in zip(pids, before, strict=True)]
        seconds, characters = time.perf_counter() - began, self.characters - characters
        per_mb = [1e6 * u / characters if characters else 0.0 for u in used]
        shares = [100 * u / seconds for u in used]
        return found, Load(shares[0], shares[1], per_mb[0], per_mb[1], characters)

    def close_deck(self) -> None:
        """Close the terminal."""
        if self.terminal is not None:
            self.terminal.close()
            self.terminal = None

    def close(self) -> None:
        """End everything."""
        self.close_deck()
        with contextlib.suppress(Exception):  # it is to be gone, whatever it says
            lifecycle.stop(self.places)
        if self._far:
            with (
                contextlib.suppress(Exception),
                mock.patch.dict(os.environ, AGENTDECK_HOME=str(self._far)),
            ):
                lifecycle.stop(places())
        if self._profiled is not None:
            self._profiled.wait()
        self._server.kill()
        self._server.wait()
        self._environ.stop()
        shutil.rmtree(self.root, ignore_errors=True)

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _profiled(into: Path) -> subprocess.Popen[bytes]:
    """The engine under cProfile, ready; what it found is written when it ends."""
    ready, child = os.pipe()
    command = [sys.executable, "-P", "-m", "cProfile", "-o", str(into), "-m"]
    command += ["sessions.engine.main", "--ready-fd", str(child)]
    process = subprocess.Popen(command, pass_fds=(child,), stderr=subprocess.DEVNULL)
    os.close(child)
    os.read(ready, 100)
    os.close(ready)
    return process


@contextlib.asynccontextmanager
async def _client() -> Any:
    client = await Client.connect(places(), start=False)
    try:
        yield client
    finally:
        await client.close()
