"""Terminals in view beside sessions that stream: the real deck, beside tmux showing the same bytes.

    python -m tests.bench terminals_shown [--quick]

Twelve terminals each print a hundred coloured lines a second, six sessions stream; keys are typed
into a thirteenth terminal and timed until their echo is on the outer one. Then one of the twelve
floods, as fast as it is read.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import time

from sessions.api.terminals import TerminalOutput
from tests.bench import terminals
from tests.bench.harness import tmux
from tests.bench.harness.figure import Figure, Target
from tests.bench.harness.stage import Stage, _client
from tests.bench.harness.terminal import Echo, cpu
from tests.bench.terminals import COUNT, RATE, _writing

SESSIONS = 6
STREAM = 50.0
"""Tokens a second of each session."""
TO_THE_LAST, KEYS = "\x1b[1;3D", "\x1b[24~"
"""alt+left, from the first tile; f12."""


async def _begin() -> list[str]:
    """The terminals that print, and last the one that is typed into; the devices of the first."""
    ttys: dict[str, str] = {}

    def on_output(session: str, output: TerminalOutput) -> None:
        if found := re.search(rb"/dev/\S+", output.data):
            ttys[session] = found[0].decode()

    async with _client() as client:
        client.on_terminal = on_output
        for _ in range(COUNT):
            made = await client.call("terminal.new", argv=["sh", "-c", terminals._HELD])
            await client.call("terminal.watch", session=made["id"])
        while len(ttys) < COUNT:
            await asyncio.sleep(0.01)
        await client.call("terminal.new", argv=["cat"], title="typed-into")
    return list(ttys.values())


def _ours(stage: Stage, ttys: list[str], seconds: float) -> tuple[Echo, float]:
    writer = _writing(RATE, 0, ttys)
    try:
        time.sleep(1.5)
        echo, load = stage.typed(seconds)
        return echo, load.interface
    finally:
        writer.kill()
        writer.wait()


def _tmuxs(seconds: float) -> tuple[Echo, float]:
    shown = tmux.Tmux(COUNT, 0)
    told = tmux._tmux("list-panes", "-s", "-F", "#{pane_tty}").split()[:COUNT]
    writer: subprocess.Popen[bytes] | None = _writing(RATE, 0, told)
    try:
        time.sleep(1.5)
        before, began = cpu(shown.pid), time.perf_counter()
        echo = shown.terminal.echo(seconds)
        return echo, 100 * (cpu(shown.pid) - before) / (time.perf_counter() - began)
    finally:
        if writer is not None:
            writer.kill()
            writer.wait()
        shown.close()


def _flooded(stage: Stage, tty: str, seconds: float) -> Echo:
    writer = _writing(0, 1_000_000_000, [tty])
    try:
        time.sleep(1.5)
        return stage.typed(seconds)[0]
    finally:
        writer.kill()
        writer.wait()


def figures(quick: bool) -> list[Figure]:
    """The figures of this part."""
    rounds, seconds = (1, 6.0) if quick else (3, 20.0)
    echo: list[Echo] = []
    shares: list[float] = []
    theirs: list[tuple[Echo, float]] = []
    floods: list[Echo] = []
    with Stage(SESSIONS) as stage:
        ttys = asyncio.run(_begin())
        stage.open(SESSIONS + COUNT + 1)
        assert stage.terminal is not None
        time.sleep(2.0)
        stage.terminal.type(TO_THE_LAST)
        time.sleep(0.5)
        stage.terminal.type(KEYS)
        time.sleep(1.0)
        stage.stream(STREAM)
        for _ in range(rounds):
            found, share = _ours(stage, ttys, seconds)
            echo.append(found)
            shares.append(share)
            floods.append(_flooded(stage, ttys[0], seconds / 2))
            theirs.append(_tmuxs(seconds))
        stage.stop()
    name = f"{COUNT} in view, {RATE} lines/s each, {SESSIONS} sessions streaming"
    return [
        Figure(f"{name}: a key's echo, p99", [e.p99 for e in echo], "ms", Target(30.0),
               "tmux", [e.p99 for e, _ in theirs]),
        Figure(f"{name}: its median", [e.p50 for e in echo], "ms", None,
               "tmux", [e.p50 for e, _ in theirs]),
        Figure(f"{name}: CPU of the interface", shares, "%", Target(3.0, of="ratio"),
               "tmux's server, without sessions", [share for _, share in theirs]),
        Figure("one of them floods: a key's echo in another, p99", [e.p99 for e in floods], "ms",
               Target(30.0)),
    ]  # fmt: skip
