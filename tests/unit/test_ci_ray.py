"""What CI does with Ray's tests: a failure is one, slowness is none."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

_SCRIPT = Path(__file__).parents[2] / ".ci" / "ray"
_TIMEOUT = """#!/bin/sh
echo "$@" >> "$ASKED"
case "$*" in *stamp) exit "$STAMP";; *) exit "$TESTS";; esac
"""


@pytest.mark.parametrize(
    ("gone", "stamp", "tests", "ended", "told"),
    [
        ("0", 0, 0, 0, ""),
        ("699", 0, 2, 2, ""),
        ("0", 0, 124, 0, "did not end within 300 seconds"),
        ("0", 124, 0, 0, "can't be had here"),
        ("700", 0, 2, 0, "700 seconds are gone"),
    ],
)
def test_slowness_is_told_and_is_no_failure(
    tmp_path: Path, gone: str, stamp: int, tests: int, ended: int, told: str
) -> None:
    """A stand-in for `timeout` ends as make would have."""
    (tmp_path / "timeout").write_text(_TIMEOUT)
    (tmp_path / "timeout").chmod(0o755)
    asked = tmp_path / "asked"
    path = f"{tmp_path}:{os.environ['PATH']}"
    given = {"PATH": path, "ASKED": str(asked), "STAMP": str(stamp), "TESTS": str(tests)}
    done = subprocess.run([_SCRIPT, gone], env=given, capture_output=True, text=True)
    assert done.returncode == ended and told in done.stdout, done.stderr
    said = asked.read_text().splitlines() if asked.exists() else []
    assert all(int(line.split()[2]) <= 300 for line in said) and bool(said) == (gone != "700")
