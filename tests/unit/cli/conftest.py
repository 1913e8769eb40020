"""The command as users call it: a process of its own, a home of its own, a scripted server."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sessions.engine import lifecycle
from sessions.errors import AgentdeckError
from sessions.paths import Places
from tests.support.forked import Forked
from tests.support.rig import rig_places

ROOT = Path(__file__).parents[3]
COMMAND = (sys.executable, "-P", "-m", "sessions.cli.main")


@dataclass
class Home:
    """An installation under a folder of its own. Every command is a real process."""

    root: Path
    url: str = ""
    extra_env: dict[str, str] = field(default_factory=dict)
    file_limit: int | None = None
    """The size in bytes that no file may outgrow, as `ulimit -f` has it."""
    descriptor_limit: int | None = None
    """How many files a process may have open, as `ulimit -n` has it."""
    memory_limit: int | None = None
    """The bytes of addresses that a process may have, as `ulimit -v` has it."""
    fresh: bool = False
    """Whether commands begin with a fresh interpreter, as users' do, where how they begin counts:
    else they are forked from one that has imported the program."""

    @property
    def home(self) -> Path:
        """What AGENTDECK_HOME says."""
        return self.root / "h"

    @property
    def work(self) -> Path:
        """The working directory of the commands."""
        return self.root / "work"

    @property
    def places(self) -> Places:
        """Where things are kept."""
        return rig_places(self.home)

    @property
    def env(self) -> dict[str, str]:
        """No key of anybody's, and a home that is not the user's."""
        foreign: tuple[str, ...] = ("ANTHROPIC", "TMUX", "COLUMNS", "LINES")
        if self.file_limit is not None:  # what coverage would write is over the limit
            foreign += ("COV",)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
        mine = {"AGENTDECK_HOME": str(self.home), "HOME": str(self.root), "LC_ALL": "C.UTF-8"}
        if self._begins and self.file_limit is not None:
            # Older Pythons leave cut files of bytecode under a limit.
            mine["PYTHONDONTWRITEBYTECODE"] = "1"
        return {**kept, **mine, **self.extra_env}

    def configure(self, more: str = "") -> None:
        """A configuration whose default profile is the scripted server."""
        self.home.mkdir(mode=0o700, exist_ok=True)
        file = self.places.config_file
        file.write_text(
            '[defaults]\nprofile = "test"\n'
            f'[backends.test]\nbase_url = "{self.url}"\nmodel = "scripted"\nretries = 0\n'
            f'[profiles.test]\nbackend = "test"\n{more}'
        )
        file.chmod(0o600)

    def call(self, *args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run the command to its end. Whatever happens, no traceback may be shown."""
        with self.popen(*args, stdin=subprocess.PIPE) as process:
            try:
                out, err = process.communicate(stdin, timeout=110)
            except BaseException:
                process.kill()
                raise
        assert "Traceback" not in out + err, err
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def out(self, *args: str, stdin: str = "") -> str:
        """What a command prints that must succeed."""
        done = self.call(*args, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def data(self, *args: str) -> Any:
        """The JSON document of a command that must succeed."""
        return json.loads(self.out(*args, "--json"))

    def popen(self, *args: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
        """Begin a command."""
        return Forked(
            [*COMMAND, *args],
            fresh=self._begins,
            limits=self._limits,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.work,
            env=self.env,
        )

    @property
    def _begins(self) -> bool:
        """Whether commands begin with an interpreter; memory is limited from its beginning."""
        return self.fresh or self.memory_limit is not None or sys.platform != "linux"

    @property
    def _limits(self) -> dict[int, int]:
        limits = {
            resource.RLIMIT_FSIZE: self.file_limit,
            resource.RLIMIT_NOFILE: self.descriptor_limit,
            resource.RLIMIT_AS: self.memory_limit,
        }
        return {which: most for which, most in limits.items() if most is not None}

    def ids(self) -> list[str]:
        """The sessions, newest first."""
        return [row["id"] for row in self.data("sessions", "list")]

    def close(self) -> None:
        """Leave no engine behind, by force if need be."""
        try:
            lifecycle.stop(self.places)
        except AgentdeckError:
            pid = lifecycle.running_pid(self.places)
            if pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A scripted Messages API server; its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.messages_server"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


@contextlib.contextmanager
def installed() -> Iterator[Home]:
    """An installation without a configuration, while it is needed."""
    # Not tmp_path: a socket's path must be short.
    root = Path(tempfile.mkdtemp(prefix="deck-"))
    made = Home(root)
    made.work.mkdir()
    try:
        yield made
    finally:
        made.close()
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def bare() -> Iterator[Home]:
    """An installation without a configuration."""
    with installed() as made:
        yield made


@pytest.fixture
def home(bare: Home, server: str) -> Home:
    """An installation that answers from the scripted server."""
    bare.url = server
    bare.configure()
    return bare
