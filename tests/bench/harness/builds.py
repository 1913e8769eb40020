"""Two builds of agentdeck: this one, and an older one from the history with libraries of its own.

The older one is checked out beside, in `.bench/` (ignored), once; so is its virtual environment.
Today's probes (`tests/bench/probes`) run in both.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.bench.harness.terminal import Terminal

ROOT = Path(__file__).parents[3]
PROBES = Path("tests/bench/probes")
TIMEOUT_S = 900.0


@dataclass(frozen=True, slots=True)
class Build:
    """Where a build stands, and the Python that has its libraries."""

    name: str
    root: Path
    python: Path

    def environment(self, **more: str) -> dict[str, str]:
        """This process's, with this build's modules."""
        return {**os.environ, "PYTHONPATH": str(self.root), **more}

    def probe(self, name: str, *arguments: object) -> dict[str, float]:
        """What one of the probes finds in this build. Raises RuntimeError when it fails."""
        command = [str(self.python), "-m", f"tests.bench.probes.{name}", *map(str, arguments)]
        ran = subprocess.run(
            command, cwd=self.root, env=self.environment(), capture_output=True, text=True,
            timeout=TIMEOUT_S,
        )  # fmt: skip
        if ran.returncode:
            said = ran.stderr.strip().splitlines() or [f"ended with {ran.returncode}"]
            raise RuntimeError(f"{self.name}, {name}: {said[-1]}"[:300])
        lines = ran.stdout.strip().splitlines()
        return {str(k): float(v) for k, v in json.loads(lines[-1]).items()} if lines else {}

    def command(self, *arguments: str) -> list[str]:
        """`agentdeck` of this build."""
        return [str(self.python), "-P", "-m", "sessions.cli.main", *arguments]

    def cpu(self, home: Path, *arguments: str) -> float:
        """Seconds of CPU that a command takes. Raises CalledProcessError."""
        environment = self.environment(AGENTDECK_HOME=str(home))
        child = subprocess.Popen(
            self.command(*arguments), env=environment, stdout=subprocess.DEVNULL
        )
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise subprocess.CalledProcessError(child.returncode, arguments)
        return used.ru_utime + used.ru_stime

    def deck(
        self, home: Path, columns: int = 120, rows: int = 36, shown: int | None = None
    ) -> Terminal:
        """Its deck on a terminal; with `shown`, so many tiles at most and no start of an engine."""
        command = self.command()
        if shown is not None:
            command[-1:] = ["tests.bench.harness.app", "deck", str(shown)]
        return Terminal(command, columns, rows, PYTHONPATH=str(self.root), AGENTDECK_HOME=str(home))

    def stop(self, home: Path) -> None:
        """Stop its engine, if one runs."""
        environment = self.environment(AGENTDECK_HOME=str(home))
        command = self.command("engine", "stop")
        subprocess.run(command, env=environment, capture_output=True, timeout=60)


def today() -> Build:
    """This build."""
    return Build("today", ROOT, Path(sys.executable))


def older(commit: str, tell: Callable[[str], None]) -> Build:
    """The build of a commit, made ready. Raises CalledProcessError, OSError."""
    root = ROOT / ".bench" / commit
    if not (root / "pyproject.toml").exists():
        tell(f"{commit} is checked out in {root.relative_to(ROOT)}")
        _run("git", "-C", str(ROOT), "worktree", "prune")
        _run("git", "-C", str(ROOT), "worktree", "add", "--detach", str(root), commit)
    python, ready = root / ".venv" / "bin" / "python", root / ".venv" / "bench.ready"
    if not ready.exists():
        tell(f"the libraries of {commit} are installed, once")
        venv.create(root / ".venv", with_pip=True, clear=True)
        _run(str(python), "-m", "pip", "install", "--quiet", "--editable", str(root))
        ready.touch()
    shutil.copytree(ROOT / PROBES, root / PROBES, dirs_exist_ok=True)
    return Build(commit, root, python)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)
