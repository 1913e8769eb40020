"""Opening dialogs over six tiles: from the key to the rows on the terminal, beside the help's.

The settings ask the engine for some four hundred keys; the help asks nobody. The first time each
loads its code and its style sheet, so it is a figure of its own.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from tests.bench.harness.figure import Figure, Target
from tests.bench.harness.stage import Stage
from tests.bench.harness.terminal import cpu

ALT_O, F1, CTRL_N, ESCAPE = "\x1bo", "\x1bOP", "\x0e", "\x1b"
TILES = 6
LAST = f"tile{TILES - 1:02d}"
DIALOGS = (
    ("settings", ALT_O, "priming.daydream"),
    ("help", F1, "Budget of this session"),
    ("new session", CTRL_N, "How many"),
)


Times = dict[str, list[float]]


def figures(quick: bool) -> Iterator[Figure]:
    """The first opening and those after it, and what opening and leaving takes of a core."""
    with Stage(TILES) as stage:
        stage.open(TILES)
        found, taken = _opened(stage, 5 if quick else 21)
    for name, times in found.items():
        target = Target(100) if name == "settings" else None
        yield Figure(f"{name} open", times[1:], "ms", target, *_beside(name, found, 1))
        yield Figure(f"{name} open for the first time", times[:1], "ms", target)
        yield Figure(f"{name} opened and left, CPU of the interface", taken[name], "ms", None,
                     *_beside(name, taken, 0))  # fmt: skip


def _beside(name: str, found: Times, since: int) -> tuple[str, list[float]]:
    return ("", []) if name == "help" else ("the help", found["help"][since:])


def _opened(stage: Stage, rounds: int) -> tuple[Times, Times]:
    """Milliseconds of each opening, by dialog, and mean CPU; the dialogs take turns."""
    terminal = stage.terminal
    assert terminal is not None
    found: Times = {name: [] for name, _, _ in DIALOGS}
    spent = dict.fromkeys(found, 0.0)
    for number in range(rounds):
        for name, key, wanted in DIALOGS:
            began = cpu(terminal.pid)
            taken = terminal.answer(key, wanted)
            if taken is None:
                raise RuntimeError(f"{name} did not open")
            found[name].append(taken)
            time.sleep(0.6)
            terminal.answer(ESCAPE, LAST)  # the tiles are painted anew
            time.sleep(0.6)
            if number:  # the first one loads its code
                spent[name] += (cpu(terminal.pid) - began) * 1000
    return found, {name: [total / (rounds - 1)] for name, total in spent.items()}
