"""Terminals that nobody looks at, in the engine and in tmux, printing the same bytes.

    python -m tests.bench terminals [--quick]

The CPU of the engine's process and of tmux's server, in turns; what ten thousand lines take in
memory; and the echo of a key while another terminal floods a client that draws all of it.
"""

from __future__ import annotations

import asyncio
import base64
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sessions.api.terminals import TerminalOutput
from sessions.engine import lifecycle
from sessions.engine.client import Client
from tests.bench.harness.figure import Figure, Target
from tests.support.rig import rig_places

COUNT, RATE, LINES = 12, 100, 10_000
SOCKET = f"agentdeck-terminals-{os.getpid()}"
_TICKS = os.sysconf("SC_CLK_TCK")
_HELD = "tty; exec sleep 1000"


def line(number: int) -> bytes:
    """A coloured line of about a hundred bytes."""
    words = (
        f"\x1b[3{number % 8}mline {number}\x1b[0m of a \x1b[1mprogram\x1b[0m that says something"
    )
    return f"{words} \x1b[38;5;{number % 256}mand more of it\x1b[0m, to its end\r\n".encode()


def write(rate: float, lines: int, ttys: list[str]) -> None:
    """Print on terminals: `rate` lines a second on each, or `lines` as fast as they are read."""
    files = [os.open(tty, os.O_WRONLY | os.O_NOCTTY) for tty in ttys]
    for number in range(lines):
        for file in files:
            os.write(file, line(number))
    began, number = time.monotonic(), 0
    while rate:
        while number < (time.monotonic() - began) * rate:
            for file in files:
                os.write(file, line(number))
            number += 1
        time.sleep(0.002)


def _writing(rate: float, lines: int, ttys: list[str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.bench.terminals", str(rate), str(lines), *ttys]
    return subprocess.Popen(command)


def cpu(pid: int) -> float:
    """Seconds that a process has computed."""
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / _TICKS


def memory(pid: int) -> float:
    """Megabytes that a process holds alone."""
    told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(n) for n in re.findall(r"^Private_\w+:\s+(\d+)", told, re.MULTILINE)) / 1024


def _tmux(*words: str) -> str:
    command = ["tmux", "-L", SOCKET, "-f", "/dev/null", *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


class Panes:
    """The same in tmux: windows that no client shows."""

    def __init__(self, count: int) -> None:
        _tmux("start-server", ";", "set", "-g", "history-limit", str(LINES), ";",
              "new-session", "-d", "-x", "120", "-y", "36", "exec sleep 1000")  # fmt: skip
        for _ in range(count - 1):
            _tmux("new-window", "-d", "exec sleep 1000")
        self.pid = int(_tmux("display-message", "-p", "#{pid}"))
        self.ttys = _tmux("list-panes", "-s", "-F", "#{pane_tty}").split()

    def close(self) -> None:
        """End it."""
        _tmux("kill-server")


@asynccontextmanager
async def engine(root: Path) -> AsyncIterator[Client]:
    """An engine of its own."""
    os.environ["AGENTDECK_HOME"] = str(root)
    places = rig_places(root)
    await asyncio.to_thread(lifecycle.ensure_running, places)
    client = await Client.connect(places, start=False)
    try:
        yield client
    finally:
        await client.close()
        await asyncio.to_thread(lifecycle.stop, places)


async def terminals(client: Client, count: int) -> list[str]:
    """New ones; their devices."""
    ttys: dict[str, str] = {}

    def on_output(session: str, output: TerminalOutput) -> None:
        if found := re.search(rb"/dev/\S+", output.data):
            ttys[session] = found[0].decode()

    client.on_terminal = on_output
    for _ in range(count):
        made = await client.call("terminal.new", argv=["sh", "-c", _HELD], columns=120, rows=36)
        await client.call("terminal.watch", session=made["id"])
    while len(ttys) < count:
        await asyncio.sleep(0.01)
    for session in ttys:
        await client.call("terminal.unwatch", session=session)
    return list(ttys.values())


async def _share(pid: int, ttys: list[str], seconds: float) -> float:
    """Per cent of a core that a process takes while they print."""
    writer = await asyncio.to_thread(_writing, RATE, 0, ttys)
    try:
        await asyncio.sleep(1.0)
        before, began = cpu(pid), time.monotonic()
        await asyncio.sleep(seconds)
        return 100 * (cpu(pid) - before) / (time.monotonic() - began)
    finally:
        writer.kill()
        writer.wait()


async def _held(pid: int, ttys: list[str]) -> float:
    """Megabytes that ten thousand lines in each of them take, for one."""
    before = memory(pid)
    writer = await asyncio.to_thread(_writing, 0, LINES, ttys)
    await asyncio.to_thread(writer.wait)
    await asyncio.sleep(2.0)
    return (memory(pid) - before) / len(ttys)


async def _echo(client: Client, keys: int) -> list[float]:
    """Milliseconds until a key comes back, while another terminal floods this client."""
    flood = await client.call("terminal.new", argv=["yes", line(1).decode().strip()])
    typed = await client.call("terminal.new", argv=["cat"])
    came = asyncio.Event()
    taking: set[asyncio.Task[None]] = set()
    told = [0]

    def on_output(session: str, output: TerminalOutput) -> None:
        if session == typed["id"]:
            if output.data:
                came.set()
        elif output.at - told[0] > 2**16:
            told[0] = output.at
            taking.add(
                task := asyncio.ensure_future(
                    client.call("terminal.took", session=session, at=output.at)
                )
            )
            task.add_done_callback(taking.discard)

    client.on_terminal = on_output
    for each in (flood, typed):
        await client.call("terminal.watch", session=each["id"])
    took = []
    data = base64.b64encode(b"x").decode()
    for _ in range(keys):
        await asyncio.sleep(0.02)
        came.clear()
        began = time.perf_counter()
        await client.call("terminal.input", session=typed["id"], data=data)
        await came.wait()
        took.append((time.perf_counter() - began) * 1000)
    for each in (flood, typed):
        await client.call("terminal.kill", session=each["id"])
    return took


async def _measure(quick: bool) -> list[Figure]:
    rounds, seconds = (2, 5.0) if quick else (3, 15.0)
    root = Path(tempfile.mkdtemp(prefix="deck-"))
    try:
        async with engine(root) as client:
            pid = client.engine["pid"]
            panes = Panes(COUNT)
            try:
                ttys = await terminals(client, COUNT)
                held = await _held(pid, ttys), await _held(panes.pid, panes.ttys)
                ours, theirs = [], []
                for _ in range(rounds):
                    ours.append(await _share(pid, ttys, seconds))
                    theirs.append(await _share(panes.pid, panes.ttys, seconds))
            finally:
                panes.close()
            echo = sorted(await _echo(client, 200 if quick else 500))
    finally:
        shutil.rmtree(root, ignore_errors=True)
    return [
        Figure(f"{COUNT} hidden, {RATE} lines/s each: CPU of the engine", ours, "%",
               Target(2.0, of="ratio"), "tmux's server", theirs),
        Figure(f"a terminal with {LINES:,} lines: memory of the engine", [held[0]], "MB",
               Target(4.0), "tmux's server", [held[1]]),
        Figure("a key's echo while another floods, p99", [echo[int(len(echo) * 0.99)]], "ms",
               Target(30.0), "its median", [echo[len(echo) // 2]]),
    ]  # fmt: skip


def figures(quick: bool) -> list[Figure]:
    """The figures of this part."""
    return asyncio.run(_measure(quick))


if __name__ == "__main__":
    write(float(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
