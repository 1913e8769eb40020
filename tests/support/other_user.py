"""Another user of this machine, made for a test and gone with it, who can run this agentdeck.

Made by `useradd`, as root alone can. The Python of a test may lie where nobody else can read; then
another one of the same version runs the packages that are here.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

import sessions
from sessions.ids import new_id
from sessions.paths import Places

_ROOT = Path(sessions.__file__).parent.parent
_PACKAGES = str(Path(msgspec.__file__).parents[1])  # the environment may have them of another
_PROBE = "import msgspec, sessions.cli.commands, sys; print('%d.%d' % sys.version_info[:2])"
_NOBODY = 65_534
_LONG = 120


@dataclass(frozen=True, slots=True)
class OtherUser:
    """A user with a home of its own, and a program `agentdeck` in it."""

    name: str
    uid: int
    home: Path

    @property
    def agentdeck(self) -> str:
        """What it runs."""
        return str(self.home / "bin" / "agentdeck")

    @property
    def places(self) -> Places:
        """Where its agentdeck keeps things; its runtime folder is its own affair."""
        share, state = self.home / ".local" / "share", self.home / ".local" / "state"
        return Places(
            self.home / ".config" / "agentdeck" / "config.toml", share / "agentdeck",
            state / "agentdeck", self.home / "none", self.home / ".agents" / "skills",
        )  # fmt: skip

    def write(self, path: Path, text: str, mode: int = 0o600) -> None:
        """A file of the user's, with the folders above it."""
        lacking = [folder for folder in path.parents if not folder.exists()]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        for each in (path, *lacking):
            os.chown(each, self.uid, self.uid)

    def owns(self, folder: Path) -> None:
        """All in a folder is the user's."""
        for each in (folder, *folder.rglob("*")):
            os.chown(each, self.uid, self.uid, follow_symlinks=False)

    def pids(self) -> list[int]:
        """What runs as this user."""
        return [pid for pid, uid, _ in running() if uid == self.uid]

    def kill(self, word: str = "") -> int:
        """Kill what it runs (with that word in its command); how many that were."""
        return kill(pid for pid, uid, said in running() if uid == self.uid and word in said)

    def end(self) -> None:
        """Kill all that it runs, and see it gone: a user who runs something can't be removed."""
        for _ in range(200):
            if not self.kill():
                return
            time.sleep(0.05)


def running() -> Iterator[tuple[int, int, str]]:
    """What runs on this machine: its process, whose it is, and its command."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                said = (entry / "cmdline").read_bytes().decode(errors="replace")
                yield int(entry.name), entry.stat().st_uid, said


def kill(pids: Iterable[int]) -> int:
    """Kill those; how many there were still."""
    killed = 0
    for pid in pids:
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)
            killed += 1
    return killed


def python_for_others() -> str:
    """A Python that other users can run this agentdeck with, or ""."""
    for each in dict.fromkeys((sys.executable, shutil.which("python3", path="/usr/bin") or "")):
        with suppress(OSError, subprocess.SubprocessError):
            done = subprocess.run(
                [each, "-B", "-c", _PROBE], env={"PYTHONPATH": f"{_ROOT}:{_PACKAGES}"},
                capture_output=True, text=True, cwd="/", user=_NOBODY, group=_NOBODY,
                extra_groups=[], timeout=_LONG,
            )  # fmt: skip
            if done.stdout.strip() == "%d.%d" % sys.version_info[:2]:  # noqa: UP031
                return each
    return ""


def missing() -> str:
    """Why no other user can be made here, or ""."""
    if os.geteuid() != 0:
        return "only root makes another user"
    if not shutil.which("useradd") or not shutil.which("userdel"):
        return "useradd is not here"
    return ""


@contextmanager
def other_user(home: Path, python: str) -> Iterator[OtherUser]:
    """Make one, with its home there; all that it runs ends with it."""
    name = f"deck{new_id()[-8:]}"
    made = ["useradd", "--no-log-init", "-m", "-d", str(home), "-s", "/bin/sh", "-p", "*", name]
    subprocess.run(made, check=True, capture_output=True, timeout=_LONG)
    user = OtherUser(name, pwd.getpwnam(name).pw_uid, home)
    try:
        user.write(
            Path(user.agentdeck),
            f"#!/bin/sh\nPYTHONPATH={_ROOT}:{_PACKAGES} PYTHONDONTWRITEBYTECODE=1 "
            f'exec {python} -P -m sessions.cli.main "$@"\n',
            0o755,
        )
        yield user
    finally:
        user.end()
        subprocess.run(["userdel", "-f", "-r", name], capture_output=True, timeout=_LONG)
