"""An actor's home has one process; the next ends one that was given up, with its record whole."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sessions.errors import AgentdeckError
from sessions.remote.cluster import home_lock

_WORKS = """
import pathlib, sys
from sessions.remote.cluster import home_lock
home_lock.taken(pathlib.Path(sys.argv[1]))
print(1, flush=True)
input()
"""


@pytest.fixture
def orphan(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that works in a home, and is asked nothing any more."""
    words = [sys.executable, "-c", _WORKS, str(tmp_path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.read(1) == b"1"
        yield process
        process.kill()


def test_who_comes_after_ends_who_was_given_up(
    tmp_path: Path, orphan: subprocess.Popen[bytes]
) -> None:
    """Nobody works there twice."""
    with pytest.raises(AgentdeckError, match="Another process works"):
        home_lock.taken(tmp_path)
    assert orphan.poll() is None
    assert home_lock.freed(tmp_path) and orphan.wait() == -9
    home_lock.taken(tmp_path)
