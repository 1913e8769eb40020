"""All benchmarks, by hand: `make bench`, or `make bench ARGS="tiles echo"`.

Every module of this folder with a function `measure() -> dict` is one. The figures are those
of the machine they ran on: compare ratios, and run nothing else meanwhile.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from pathlib import Path

import tests.bench


def main() -> None:
    """Run the benchmarks named on the command line, by default all."""
    root = str(Path(__file__).parents[2])
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    )
    names = sorted(each.name for each in pkgutil.iter_modules(tests.bench.__path__))
    wanted = sys.argv[1:]
    for name in names:
        if name == "__main__" or (wanted and name not in wanted):
            continue
        module = importlib.import_module(f"tests.bench.{name}")
        if not hasattr(module, "measure"):
            continue
        print(f"\n{name}: {(module.__doc__ or '').strip().splitlines()[0]}")
        for key, value in module.measure().items():
            print(f"  {key:28} {_said(value)}")


def _said(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.2f}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_said(each)}" for key, each in value.items())
    return str(value)


if __name__ == "__main__":
    main()
