"""Where the time goes in interface and engine while 24 sessions stream: `make profile`.

    python -m tests.bench.profile [--sessions N] [--seconds S] [--rows N]

Both run under cProfile, which makes Python code look dearer than it is beside C: read the shares,
not the seconds. The first table adds up each function's own time by module, the second names
the functions. Waiting is left out.
"""

from __future__ import annotations

import argparse
import os
import pstats
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.bench.harness.part import clean_end
from tests.bench.harness.stage import Stage

ROOT = Path(__file__).parents[2]
_WAITING = ("select.epoll", "'poll'", "acquire", "time.sleep")
Key = tuple[str, int, str]


def module(file: str, function: str) -> str:
    """Of which module a function is."""
    if file == "~":
        return "(built in)"
    path = Path(file)
    if path.is_relative_to(ROOT) and "site-packages" not in path.parts:
        return ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for folder in ("site-packages", "python3.11", "python3.12", "python3.13"):
        if folder in path.parts:
            after = path.parts[path.parts.index(folder) + 1 :]
            return ".".join(after).removesuffix(".py").removesuffix(".__init__")
    return path.stem


def table(title: str, path: Path, rows: int) -> str:
    """A profile's own times by module and by function, as text."""
    stats: dict[Key, tuple[int, int, float, float, object]] = pstats.Stats(str(path)).stats  # type: ignore[attr-defined]
    own = {
        key: (calls, tottime, cumulative)
        for key, (_, calls, tottime, cumulative, _callers) in stats.items()
        if not any(word in key[2] for word in _WAITING)
    }
    total = sum(tottime for _, tottime, _ in own.values()) or 1.0
    modules: Counter[str] = Counter()
    for (file, _, function), (_, tottime, _) in own.items():
        modules[module(file, function)] += tottime  # type: ignore[assignment]
    lines = [f"\n{title}: {total:.2f} s of CPU, as profiled", "\n  share  module"]
    lines += [f"  {100 * t / total:4.1f}%  {name}" for name, t in modules.most_common(rows)]
    lines.append("\n  share      calls  with callees  function")
    ordered = sorted(own.items(), key=lambda item: -item[1][1])
    for (file, line, function), (calls, tottime, cumulative) in ordered[:rows]:
        where = f"{module(file, function)}:{line} {function}" if file != "~" else function
        share, whole = 100 * tottime / total, min(100.0, 100 * cumulative / total)
        lines.append(f"  {share:4.1f}%  {calls:9,}  {whole:10.1f}%  {where}")
    return "\n".join(lines)


def main() -> None:
    """Profile both, print both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=24)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--rows", type=int, default=25)
    given = parser.parse_args()
    clean_end()
    os.environ["PYTHONPATH"] = str(ROOT)
    with tempfile.TemporaryDirectory(prefix="ad-bench-") as name:
        interface, engine = Path(name) / "interface", Path(name) / "engine"
        with Stage(given.sessions, profile=engine) as stage:
            os.environ["BENCH_PROFILE"] = str(interface)
            stage.open(given.sessions)
            del os.environ["BENCH_PROFILE"]
            stage.stream(100.0)
            time.sleep(given.seconds)
            assert stage.terminal is not None
            stage.terminal.type("\x11")  # ctrl+q: it leaves by itself and writes its profile
            stage.terminal.ended(20.0)
        for title, path in (("interface", interface), ("engine", engine)):
            print(table(title, path, given.rows))


if __name__ == "__main__":
    main()
