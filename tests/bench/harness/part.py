"""One part of the benchmark in a process of its own: what it leaves in memory slows no other.

    python -m tests.bench.harness.part NAME [quick]

Prints one figure a line, as JSON, behind a mark; whatever else is printed is left as it is.
"""

from __future__ import annotations

import importlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from tests.bench.harness.figure import Figure
from tests.bench.harness.rows import of_measure

MARK = "\x1efigure "
ROOT = Path(__file__).parents[3]
TIMEOUT_S = 1_800.0


def run(name: str, quick: bool) -> Iterator[Figure]:
    """The figures of a part as they come; a part that dies says so with its last one."""
    command = [sys.executable, "-m", "tests.bench.harness.part", name, "quick" if quick else "full"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert child.stdout is not None
    try:
        for line in child.stdout:
            if line.startswith(MARK):
                yield Figure.from_json(json.loads(line.removeprefix(MARK)))
            else:
                print(line, end="", file=sys.stderr)
        if code := child.wait(TIMEOUT_S):
            yield Figure(name, (), "", failed=f"its process ended with {code}")
    finally:
        if child.poll() is None:
            child.terminate()
            child.wait(30)


def _figures(module: ModuleType, name: str, quick: bool) -> Iterator[Figure]:
    try:
        if hasattr(module, "figures"):
            yield from module.figures(quick)
        else:
            yield from of_measure("", module.measure())
    except Exception as error:
        # The boundary of a part: the others go on, and the table names the one that failed.
        yield Figure(name, (), "", failed=f"{type(error).__name__}: {error}"[:200])


def clean_end() -> None:
    """Told to end, unwind: engines, servers and terminals that were started end too."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(130))


def main() -> None:
    """Run the part that is named."""
    clean_end()
    name, *more = sys.argv[1:]
    module = importlib.import_module(f"tests.bench.{name}")
    for figure in _figures(module, name, "quick" in more):
        print(MARK + json.dumps(figure.to_json()), flush=True)


if __name__ == "__main__":
    main()
