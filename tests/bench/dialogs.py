"""Opening dialogs over six tiles: from the key to the rows on the terminal, beside the help's.

The settings ask the engine for some four hundred keys; the help asks nobody. The first time each
loads its code and its style sheet, so it is a figure of its own.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from tests.bench.harness.figure import Figure, Target
from tests.bench.harness.stage import Stage

ALT_O, F1, CTRL_N, ESCAPE = "\x1bo", "\x1bOP", "\x0e", "\x1b"
TILES = 6
DIALOGS = (
    ("settings", ALT_O, "priming.daydream"),
    ("help", F1, "Budget of this session"),
    ("new session", CTRL_N, "How many"),
)


def figures(quick: bool) -> Iterator[Figure]:
    """The first opening and those after it."""
    before = os.environ.get("AGENTDECK_HOME")
    try:
        with Stage(TILES) as stage:
            stage.open(TILES)
            found = _opened(stage, 5 if quick else 21)
    finally:
        os.environ.pop("AGENTDECK_HOME", None)
        if before is not None:
            os.environ["AGENTDECK_HOME"] = before
    later = {name: times[1:] for name, times in found.items()}
    for name, times in found.items():
        beside = ("", ()) if name == "help" else ("the help", later["help"])
        target = Target(100) if name == "settings" else None
        yield Figure(f"{name} open", later[name], "ms", target, *beside)
        yield Figure(f"{name} open for the first time", times[:1], "ms", target)


def _opened(stage: Stage, rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each opening, by dialog; they take turns."""
    terminal = stage.terminal
    assert terminal is not None
    found: dict[str, list[float]] = {name: [] for name, _, _ in DIALOGS}
    for _ in range(rounds):
        for name, key, wanted in DIALOGS:
            taken = terminal.answer(key, wanted)
            if taken is None:
                raise RuntimeError(f"{name} did not open")
            found[name].append(taken)
            time.sleep(0.6)
            terminal.type(ESCAPE)
            time.sleep(0.9)
    return found
