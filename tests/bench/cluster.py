"""Tasks on two Ray nodes beside bare actors of Ray that sleep and send as much; actors taken up.

Both run on one machine with two nodes on loopback addresses, one after the other. Needs the
environment of `make cluster`.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.bench.harness.figure import Figure, Target

ROOT = Path(__file__).parents[2]


def figures(quick: bool = False) -> Iterator[Figure]:
    """The plan's time, and that of taking running actors up."""
    python = ROOT / ".cluster" / "bin" / "python"
    if not python.exists():
        yield Figure("a plan on Ray", [], "s", failed="there is no .cluster: run `make cluster`")
        return
    words = [str(python), "-m", "tests.bench.probes.cluster", *(["--quick"] if quick else [])]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        yield Figure("a plan on Ray", [], "s", failed=done.stderr.strip().splitlines()[-1][:300])
        return
    found = json.loads(done.stdout.splitlines()[-1])
    yield Figure(
        f"{found['tasks']} tasks of {found['seconds']:g} s, {found['at_once']} at once",
        [found["plan"]], "s", Target(1.15, "ratio"),
        f"bare actors: {found['bare']:.1f} s", [found["bare"]],
    )  # fmt: skip
    actors = f"{found['actors']} running actors taken up by the next engine"
    yield Figure(
        actors, [found["taken"]], "s", Target(2.0),
        f"of that, until it is connected: {found['taken_connected']:.1f} s",
    )  # fmt: skip
    yield Figure(
        f"{actors}, when what speaks with Ray is gone too", [found["taken_cold"]], "s",
        anchor=f"of that, until Ray has let us in: {found['taken_cold_connected']:.1f} s",
    )  # fmt: skip
