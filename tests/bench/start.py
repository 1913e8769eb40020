"""Starting: the first painted frame of the deck beside that of an empty Textual app.

The deck is the real command with an engine at work already; both are started in turn, on a
terminal of 120 by 36. A deck that was opened before shows a frame that it has kept (`kept`); in the
other rows none is. Without an engine the deck starts one behind its first frame; *sessions on
screen* ends when a session of last time stands there.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from unittest import mock

from sessions.engine import lifecycle
from sessions.engine.client import Client
from sessions.paths import places
from tests.bench.harness.figure import Figure, Target
from tests.bench.harness.terminal import Terminal

DECK = [sys.executable, "-P", "-m", "sessions.cli.main"]
TITLE = "from-last-time"
FRAMES = "first-frames"
EMPTY = [sys.executable, "-P", "-m", "tests.bench.harness.app", "empty"]


def frame(command: Sequence[str], word: str) -> float:
    """Milliseconds from the start of the process until `word` is on the terminal."""
    terminal = Terminal(command, 120, 36)
    try:
        seen = terminal.wait(word)
        if seen is None:
            raise RuntimeError(f"{word} did not come")
        return (seen - terminal.started) * 1000
    finally:
        terminal.close()


async def _session() -> None:
    client = await Client.connect(places())
    try:
        await client.call("session.create", title=TITLE, cwd=str(places().data))
    finally:
        await client.close()


def _forget() -> None:
    """The next deck finds no frame that was kept."""
    shutil.rmtree(places().state / FRAMES, ignore_errors=True)


def _keep() -> None:
    """It finds one."""
    terminal = Terminal(DECK, 120, 36)
    until = time.monotonic() + 60
    try:
        while not any((places().state / FRAMES).glob("*.json")):
            if time.monotonic() > until:
                raise RuntimeError("no frame was kept")
            time.sleep(0.05)
    finally:
        terminal.close()


def _ran(*command: str) -> float:
    began = time.perf_counter()
    subprocess.run([*DECK, *command], capture_output=True, check=True)
    return (time.perf_counter() - began) * 1000


def figures(quick: bool) -> Iterator[Figure]:
    """First frame with an engine and without one; a command's whole run."""
    rounds = 3 if quick else 9
    with (
        tempfile.TemporaryDirectory(prefix="ad-bench-") as home,
        mock.patch.dict(os.environ, AGENTDECK_HOME=home),
    ):
        try:
            yield from _figures(rounds)
        finally:
            with contextlib.suppress(Exception):  # it is to be gone, whatever it says
                lifecycle.stop(places())


def _figures(rounds: int) -> Iterator[Figure]:
    asyncio.run(_session())
    frame(DECK, TITLE)  # compiled, in the disk's cache
    cold, usable, warm, kept, shown, empty, bare, version = [], [], [], [], [], [], [], []
    for _ in range(rounds):
        lifecycle.stop(places())
        _forget()
        cold.append(frame(DECK, "agentdeck"))
        lifecycle.stop(places())
        usable.append(frame(DECK, TITLE))
        lifecycle.ensure_running(places())
        _forget()
        warm.append(frame(DECK, "agentdeck"))
        _keep()
        kept.append(frame(DECK, "agentdeck"))
        shown.append(frame(DECK, TITLE))
        empty.append(frame(EMPTY, "READY"))
        version.append(_ran("--version"))
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import click"], check=True)
        bare.append((time.perf_counter() - began) * 1000)
    app = "empty Textual app"
    yield Figure("first frame", warm, "ms", Target(1.3, "ratio"), app, empty)
    yield Figure("first frame, kept", kept, "ms", None, app, empty)
    yield Figure("sessions on screen", shown, "ms", None, app, empty)
    yield Figure("first frame, no engine yet", cold, "ms", None, app, empty)
    yield Figure("sessions on screen, no engine yet", usable, "ms", None, app, empty)
    yield Figure("agentdeck --version", version, "ms", None, "python, import click", bare)
