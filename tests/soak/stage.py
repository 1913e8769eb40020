"""Engine, server and deck under the soak, and what the system says of them."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
from dataclasses import dataclass
from pathlib import Path

from sessions.engine import lifecycle
from sessions.paths import places
from tests.bench.harness.terminal import COLUMNS, ROWS, Terminal, cpu, rss


@dataclass(frozen=True, slots=True)
class Held:
    """What a process holds: resident MB, open descriptors, tasks of its loop, processes below.

    `cpu_s`: seconds of CPU that it has used since it began.
    """

    rss: float
    fds: int
    tasks: int
    children: int
    cpu_s: float


class Stage:
    """An installation of its own; ends with all that it started."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="ad-soak-"))
        self.work = self.root / "work"
        self._said = self.root / "deck.json"
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.soak.server"], stdout=subprocess.PIPE, text=True
        )
        assert self._server.stdout is not None
        url = self._server.stdout.readline().strip()
        home = self.root / "home"
        self.work.mkdir()
        (self.work / "notes.txt").write_text("one\ntwo\nthree\n" * 100)
        home.mkdir(mode=0o700)
        config = home / "config.toml"
        config.write_text(
            '[defaults]\nprofile = "s"\n'
            f'[backends.s]\ntype = "anthropic"\nbase_url = "{url}"\nmodel = "scripted"\n'
            '[profiles.s]\nbackend = "s"\npermission = "full"\n'
            "[limits]\nturns_at_once = 100\n"
        )
        config.chmod(0o600)
        os.environ["AGENTDECK_HOME"] = str(home)
        self.places = places()
        self.engine = lifecycle.ensure_running(self.places)
        self.terminal = Terminal([sys.executable, "-P", "-m", "tests.soak.app", str(self._said)])
        if self.terminal.wait("starts it with") is None:
            raise RuntimeError("the deck did not come up")

    def size(self, columns: int = COLUMNS, rows: int = ROWS) -> None:
        """Another size of the deck's terminal."""
        window = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self.terminal.master, termios.TIOCSWINSZ, window)
        os.kill(self.terminal.pid, signal.SIGWINCH)

    @property
    def deck_ended(self) -> bool:
        """Whether the deck's process has ended."""
        how = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self.terminal.pid, how) is not None

    def ask_deck(self) -> None:
        """Ask the deck to say what it holds; `deck` has the answer a moment later."""
        os.kill(self.terminal.pid, signal.SIGUSR1)

    def kinds(self) -> dict[str, int]:
        """Which tasks the deck said it has most of."""
        with contextlib.suppress(OSError, ValueError):
            told = json.loads(self._said.read_bytes())
            return {**told["kinds"], **{f"notices: {k}": n for k, n in told["notices"].items()}}
        return {}

    def deck(self) -> Held:
        """What the deck holds."""
        tasks = 0
        with contextlib.suppress(OSError, ValueError):
            tasks = json.loads(self._said.read_bytes())["tasks"]
        return held(self.terminal.pid, tasks)

    def close(self) -> None:
        """End everything."""
        self.terminal.close()
        with contextlib.suppress(Exception):  # it is to be gone, whatever it says
            lifecycle.stop(self.places)
        self._server.kill()
        self._server.wait()
        shutil.rmtree(self.root, ignore_errors=True)

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def held(pid: int, tasks: int) -> Held:
    """What a process holds, by /proc; `tasks` only it knows."""
    return Held(rss(pid), len(os.listdir(f"/proc/{pid}/fd")), tasks, len(_children(pid)), cpu(pid))


def _children(pid: int) -> list[str]:
    found: list[str] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            found += (task / "children").read_text().split()
    return found
