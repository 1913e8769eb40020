"""Completion by `@` over 50,000 files: from a key to the file on the terminal, beside a plain echo.

Six tiles. The file that is wanted is not among those that were offered before its last letter.
The first `@` asks for the names; those after it have them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from string import ascii_lowercase

from tests.bench.harness.figure import Figure, Target
from tests.bench.harness.stage import Stage

FILES, FOLDERS, TILES = 50_000, 250, 6
BACKSPACE = "\x7f"
LAST = ascii_lowercase[12:]
"""Letters whose files come after those that are offered before one is typed."""


def fill(folder: Path) -> None:
    """So many files, and one for each letter."""
    for number in range(FOLDERS):
        below = folder / f"part_{number:03d}"
        below.mkdir()
        for each in range(FILES // FOLDERS):
            (below / f"module_{number}_{each}.py").touch()
    for letter in ascii_lowercase:
        (folder / f"wanted_{letter}.py").touch()


def figures(quick: bool) -> Iterator[Figure]:
    """The first offer, and each letter's."""
    with Stage(TILES) as stage:
        fill(stage.root / "work")
        stage.open(TILES)
        terminal = stage.terminal
        assert terminal is not None
        terminal.type("see ")
        time.sleep(1.0)
        first = terminal.answer("@", "wanted_a.py")
        times: list[float] = []
        terminal.type("wanted_")
        for letter in LAST[:6] if quick else LAST:
            time.sleep(0.6)
            taken = terminal.answer(letter, f"wanted_{letter}.py")
            if taken is None:
                raise RuntimeError(f"wanted_{letter}.py was not offered")
            times.append(taken)
            time.sleep(0.3)
            terminal.type(BACKSPACE)
        terminal.type("\x15")
        echo, _ = stage.typed(4.0 if quick else 10.0)
    plain = [echo.p50]
    yield Figure(f"completion over {FILES:,} files", times, "ms", Target(30), "plain echo", plain)
    if first is not None:
        yield Figure("the first @ there, its names asked for", [first], "ms")
