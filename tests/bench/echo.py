"""Keys, CPU and memory of the interface while sessions stream, beside tmux doing the same.

    python -m tests.bench.echo [--seconds S] [--bare]

`--bare` measures views and an input line without the rest of the deck.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.bench.harness.terminal import Echo, Terminal, cpu, rss
from tests.bench.harness.tmux import Tmux

RATE = 100.0


@dataclass(frozen=True, slots=True)
class Figure:
    """What one run gave. CPU in percent of a core, memory in MB, echo in ms."""

    echo: Echo
    cpu: float
    rss: float


class Deck:
    """The interface on a terminal, with an engine that only streams."""

    def __init__(self, sessions: int, shown: int, rate: float, kind: str, history: int = 0) -> None:
        self.home = tempfile.TemporaryDirectory(prefix="deckbench")
        run = Path(self.home.name) / "run"
        run.mkdir(mode=0o700)
        self.socket = run / "engine.sock"
        engine = [sys.executable, "-m", "tests.bench.harness.engine", str(self.socket)]
        engine += [str(sessions), str(rate), str(history)]
        self.engine = subprocess.Popen(engine)
        while not self.socket.exists():
            time.sleep(0.02)
        app = [sys.executable, "-m", "tests.bench.harness.app", kind, str(shown)]
        self.terminal = Terminal(app, AGENTDECK_HOME=self.home.name)
        time.sleep(4.0)

    def say(self, command: str) -> None:
        """Tell the engine something."""

        async def tell() -> None:
            from sessions import events as ev

            reader, writer = await asyncio.open_unix_connection(str(self.socket), limit=2**26)
            writer.write(ev.encode({"id": 1, "do": command, "args": {}}))
            await writer.drain()
            await reader.readline()
            writer.close()

        asyncio.run(tell())

    def measure(self, seconds: float) -> Figure:
        """Type for a while."""
        pid = self.terminal.pid
        before, start = cpu(pid), time.perf_counter()
        echo = self.terminal.echo(seconds)
        used = (cpu(pid) - before) / (time.perf_counter() - start) * 100
        return Figure(echo, used, rss(pid))

    def close(self) -> None:
        """End both."""
        self.terminal.close()
        self.engine.kill()
        self.engine.wait()
        self.home.cleanup()


def deck(sessions: int, shown: int, seconds: float, kind: str, idle: bool = False) -> Figure:
    """One run of the interface."""
    run = Deck(sessions, shown, RATE, kind)
    try:
        if not idle:
            run.say("bench.go")
            time.sleep(2.0)
        return run.measure(seconds)
    finally:
        run.close()


def tmux(count: int, seconds: float) -> Figure:
    """One run of tmux."""
    run = Tmux(count, RATE)
    try:
        time.sleep(2.0)
        before, start = cpu(run.pid), time.perf_counter()
        echo = run.terminal.echo(seconds)
        used = (cpu(run.pid) - before) / (time.perf_counter() - start) * 100
        return Figure(echo, used, rss(run.pid))
    finally:
        run.close()


def first_frame(kind: str, runs: int = 5) -> float:
    """Median ms from the start of the process to the first frame with its word in it."""
    times = []
    word = "READY" if kind != "deck" else "agentdeck"
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as home:
            app = [sys.executable, "-m", "tests.bench.harness.app", kind, "6"]
            terminal = Terminal(app, AGENTDECK_HOME=home)
            seen = terminal.wait(word)
            times.append(((seen or float("nan")) - terminal.started) * 1000)
            terminal.close()
    return statistics.median(times)


def measure(seconds: float = 15.0, kind: str = "deck") -> dict[str, Any]:
    """All figures of this benchmark."""
    shown = {
        "idle24": deck(24, 24, seconds, kind, idle=True),
        "stream24": deck(24, 24, seconds, kind),
        "tmux24": tmux(24, seconds),
        "stream6": deck(6, 6, seconds, kind),
        "stream6hidden58": deck(64, 6, seconds, kind),
    }
    empty, full = first_frame("empty"), first_frame(kind)
    return {
        **{name: asdict(figure) for name, figure in shown.items()},
        "first_frame_ms": {"empty": empty, kind: full, "ratio": full / empty},
        "cpu_to_tmux": shown["stream24"].cpu / max(shown["tmux24"].cpu, 0.1),
        "hidden_ratio": shown["stream6hidden58"].cpu / max(shown["stream6"].cpu, 0.1),
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--bare", action="store_true")
    arguments = parser.parse_args()
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[2])
    found = measure(arguments.seconds, "tiles" if arguments.bare else "deck")
    for name, value in found.items():
        print(f"{name:18}", value if not isinstance(value, float) else round(value, 2))


if __name__ == "__main__":
    main()
