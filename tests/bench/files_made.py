"""Finding what commands made: what it adds to a command in a directory of 50,000 files.

    python -m tests.bench.files_made [--quick]

A command that takes half a second and writes a file, in a git repository, run by the tool `Bash`
with and without the look behind it, in turn. The look of one goes on while the next begins, as in
a turn of many commands.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from sessions.record import events as ev
from sessions.tools import files_made
from sessions.tools.state import ToolOptions
from tests.bench.harness.figure import Figure, Target
from tests.bench.harness.table import plain
from tests.bench.worktrees import git, repository
from tests.support.toolhost import Desk, say

FILES = 50_000
_COMMAND = "sleep 0.5; echo 1,2 > made{}.csv"
_MS = 1000


def figures(quick: bool) -> Iterator[Figure]:
    """Milliseconds of a command, and of the look behind it."""
    with tempfile.TemporaryDirectory(prefix="ad-bench-") as name:
        desk = Desk(
            Path(name), mode="full", answer=say("session"), options=ToolOptions(full_confirmed=True)
        )
        desk.ws.rmdir()
        git(repository(desk.ws, FILES), "checkout", "-q", "main")
        with_it, without = asyncio.run(_commands(desk, 8 if quick else 30))
        name = f"a command in {FILES:,} files"
        yield Figure(f"{name}, with the look", with_it, "ms", Target(5, "over"), "without", without)
        yield Figure(
            "the same, as a share", with_it, "ms", Target(1.01, "ratio"), "without", without
        )
        yield Figure("the look behind it", _looks(desk.ws, 5), "ms")


async def _commands(desk: Desk, rounds: int) -> tuple[list[float], list[float]]:
    """What commands take one by one, each kind's right after one of its own kind."""
    only_looks = files_made.only_looks
    found: dict[bool, list[float]] = {True: [], False: []}
    await desk.bash(_COMMAND.format(0))
    for number in range(rounds):
        for looking in (True, False) if number % 2 else (False, True):
            files_made.only_looks = only_looks if looking else _nothing_to_find
            try:
                for each in range(2):
                    began = time.perf_counter()
                    done = await desk.bash(_COMMAND.format(f"{number}{each}"))
                    taken = (time.perf_counter() - began) * _MS
                    assert done.status == "ok", done.content
                found[looking].append(taken)
                await desk.box.state.behind.looked()
            finally:
                files_made.only_looks = only_looks
    told = desk.host.of(ev.FilesMade)
    assert len(told) >= 2 * rounds, "what each made was found"
    await desk.box.state.close()
    return found[True], found[False]


def _nothing_to_find(command: str) -> bool:
    return True


def _looks(root: Path, rounds: int) -> list[float]:
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        files_made.look(root, time.time_ns())
        taken.append((time.perf_counter() - began) * _MS)
    return taken


if __name__ == "__main__":
    print(plain("Files that commands made", list(figures("--quick" in sys.argv))))
