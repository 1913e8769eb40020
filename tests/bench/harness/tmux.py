"""tmux showing the same streams: what a terminal multiplexer needs for it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.harness.terminal import COLUMNS, ROWS, Terminal
from tests.bench.harness.words import tokens

SOCKET = f"agentdeck-bench-{os.getpid()}"
TICK_S = 0.002


def _tmux(*arguments: str) -> str:
    command = ["tmux", "-L", SOCKET, "-f", "/dev/null", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


class Tmux:
    """A tmux session with `count` panes that stream and one to type into."""

    def __init__(self, count: int, rate: float, columns: int = COLUMNS, rows: int = ROWS) -> None:
        size = ["-x", str(columns), "-y", str(rows)]
        _tmux("new-session", "-d", *size, "exec sleep 1000")
        for _ in range(count - 1):
            _tmux("split-window", "exec sleep 1000")
            _tmux("select-layout", "tiled")
        _tmux("split-window", "exec cat")
        _tmux("select-layout", "tiled")
        self.pid = int(_tmux("display-message", "-p", "#{pid}"))
        self.socket = Path(_tmux("display-message", "-p", "#{socket_path}").strip())
        panes = [
            row.split()
            for row in _tmux("list-panes", "-F", "#{pane_tty} #{pane_id}").split("\n")
            if row
        ]
        self.terminal = Terminal(["tmux", "-L", SOCKET, "attach"], columns, rows)
        time.sleep(1.0)
        ttys = [tty for tty, _ in panes[:count]]
        self.writer: subprocess.Popen[bytes] | None = None
        if rate:
            command = [sys.executable, "-m", "tests.bench.harness.tmux", str(rate), *ttys]
            self.writer = subprocess.Popen(command)

    @property
    def characters(self) -> int:
        """How much text the panes were given, which is ASCII."""
        assert self.writer is not None
        counts = dict(
            row.split(": ") for row in Path(f"/proc/{self.writer.pid}/io").read_text().splitlines()
        )
        return int(counts["wchar"])

    def close(self) -> None:
        """End all of it."""
        if self.writer is not None:
            self.writer.kill()
            self.writer.wait()
        _tmux("kill-server")
        self.terminal.close()
        self.socket.unlink(missing_ok=True)  # tmux leaves it


def write(rate: float, ttys: list[str]) -> None:
    """Print the streams on the panes' terminals, token by token as programs do."""
    files = [os.open(tty, os.O_WRONLY | os.O_NOCTTY) for tty in ttys]
    streams = [tokens(seed) for seed in range(len(files))]
    start = time.monotonic()
    written = [0.0] * len(files)
    while True:
        time.sleep(TICK_S)
        due = (time.monotonic() - start) * rate
        for number, file in enumerate(files):
            while written[number] < due - number / len(files):
                os.write(file, next(streams[number]).encode())
                written[number] += 1


if __name__ == "__main__":
    write(float(sys.argv[1]), sys.argv[2:])
