"""This build beside the one before the batch (commit 48c372c), both run in turn in this call.

    make bench ARGS=before

The older build is checked out beside, with libraries of its own, the first time. What takes CPU
is measured by CPU time, so that another program's load is not in it; times on a screen are those
of the clock. Journals are written by the older build: both read the same.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.harness.builds import Build, older, today
from tests.bench.harness.figure import Figure, Target
from tests.bench.harness.terminal import Terminal, cpu, rss
from tests.bench.probes.fill import OPEN
from tests.bench.start import EMPTY

COMMIT = "48c372c"
TILES = 24
MANY, WITHOUT_INDEX = 10_000, 2_500
"""Sessions in a list, and those of which there is no index."""
SETTLED_S = 15.0
PATIENCE_S = 120.0
"""So long words are waited for on a screen."""

Found = dict[str, float]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: which number of a group, and what is promised of it."""

    name: str
    key: str
    unit: str
    target: Target | None = None


@dataclass(slots=True)
class Bench:
    """Both builds, what they read, and how much is done."""

    quick: bool
    root: Path
    builds: tuple[Build, Build]
    made: dict[str, Path] = field(default_factory=dict)

    def journals(self, kind: str, count: int) -> Path:
        """A folder of journals, written by the older build, once."""
        name = f"{kind}{count}"
        if name not in self.made:
            self.made[name] = self.root / name / "data" / "sessions"
            self.builds[0].probe("fill", kind, self.made[name], count)
        return self.made[name]

    def home(self, build: Build, journals: Path) -> Path:
        """An installation of a build's own with these journals."""
        home = self.root / "homes" / f"{build.name}-{journals.parents[1].name}"
        if not home.exists():
            home.mkdir(mode=0o700, parents=True)
            shutil.copytree(journals, home / "data" / "sessions")
        return home

    def in_turn(self, rounds: int, measure: Callable[[Build], Found]) -> tuple[list[Found], ...]:
        """What both builds give, one after the other, round by round."""
        found: tuple[list[Found], ...] = ([], [])
        for _ in range(rounds):
            for build, into in zip(self.builds, found, strict=True):
                into.append(measure(build))
        return found


def figures(quick: bool) -> Iterator[Figure]:
    """Group by group; one that fails says so, and the others go on."""
    names = [name for name in os.environ.get("BENCH_ROWS", "").split(",") if name]
    groups = {n: g for n, g in GROUPS.items() if not names or n in names}
    builds = older(COMMIT, lambda told: print(told, file=sys.stderr)), today()
    with tempfile.TemporaryDirectory(prefix="ad-bench-") as folder:
        bench = Bench(quick, Path(folder), builds)
        for name, (rows, rounds, measured) in groups.items():
            try:
                yield from _told(rows, *measured(bench, 1 if quick else rounds))
            except Exception as error:
                # The boundary of a group: the table names the one that failed.
                yield Figure(name, (), "", failed=f"{type(error).__name__}: {error}"[:200])
            finally:
                for build in builds:
                    for home in (bench.root / "homes").glob(f"{build.name}-*"):
                        build.stop(home)


def _told(rows: Sequence[Row], before: list[Found], now: list[Found]) -> Iterator[Figure]:
    for row in rows:
        runs = [found[row.key] for found in now]
        theirs = [found[row.key] for found in before]
        yield Figure(row.name, runs, row.unit, row.target, COMMIT, theirs)


# -- what is measured


def _record(bench: Bench, rounds: int) -> tuple[list[Found], ...]:
    folder = bench.journals("streamed", 24)
    return bench.in_turn(rounds, lambda build: build.probe("record", folder))


def _index(bench: Bench, rounds: int) -> tuple[list[Found], ...]:
    folder = bench.journals("streamed", 60 if bench.quick else 240)
    return bench.in_turn(rounds, lambda build: build.probe("index", folder))


def _small(bench: Bench, rounds: int) -> tuple[list[Found], ...]:
    folder = bench.journals("small", 1_000 if bench.quick else 10_000)
    return bench.in_turn(rounds, lambda build: build.probe("index", folder))


def _imports(bench: Bench, rounds: int) -> tuple[list[Found], ...]:
    folder = bench.root / "others"
    bench.builds[0].probe("others", folder, 4 if bench.quick else 24)
    return bench.in_turn(rounds, lambda build: build.probe("imports", folder))


def _byproducts(bench: Bench, rounds: int) -> tuple[list[Found], ...]:
    folder = bench.journals("made", 100 if bench.quick else 1_000)
    one = bench.journals("worked", 1)
    return bench.in_turn(rounds, lambda build: build.probe("byproducts", folder, one))


def _engine(sessions: int, rate: int) -> Callable[[Bench, int], tuple[list[Found], ...]]:
    def measured(bench: Bench, rounds: int) -> tuple[list[Found], ...]:
        seconds = 4 if bench.quick else 8
        return bench.in_turn(rounds, lambda b: b.probe("engine", sessions, rate, seconds))

    return measured


def _crowd(sessions: int, rate: int, shown: int) -> Callable[[Bench, int], tuple[list[Found], ...]]:
    """The engine by itself, then with a deck before it that shows some of its sessions."""

    def measured(bench: Bench, rounds: int) -> tuple[list[Found], ...]:
        alone, typed = (4, 13) if bench.quick else (8, 26)

        def measure(build: Build) -> Found:
            found = build.probe("engine", sessions, rate, alone)
            return found | build.probe("crowd", sessions, rate, shown, typed)

        return bench.in_turn(rounds, measure)

    return measured


def _live(bench: Bench, rounds: int) -> tuple[list[Found], ...]:
    """Thirteen seconds: the half of it, of only looking, is a whole answer of each session."""
    return bench.in_turn(rounds, lambda build: build.probe("live", 13))


def _lists(bench: Bench, rounds: int) -> tuple[list[Found], ...]:
    """The command and the screen, with very many sessions: quick or not, it is them that count."""
    journals = bench.journals("small", MANY)

    def measure(build: Build) -> Found:
        home = bench.home(build, journals)
        build.cpu(home, "sessions", "list", "--json")  # the index is made
        listed = build.cpu(home, "sessions", "list", "--json")
        bare = build.cpu(home, "--version")
        terminal = build.deck(home)
        try:
            _seen(terminal, "tile05")
            time.sleep(1.5)
            terminal.tail = b""
            began = time.perf_counter()
            terminal.type("\x0c")  # ctrl+l
            key = _seen(terminal, f"All sessions ({MANY})") - began
        finally:
            terminal.close()
            build.stop(home)
        return {"list": listed / bare, "key": key}

    return bench.in_turn(rounds, measure)


def _starts(bench: Bench, rounds: int) -> tuple[list[Found], ...]:
    """The first tile with an index, and without one: half a gigabyte of journals."""
    journals = bench.journals("streamed", WITHOUT_INDEX)

    def measure(build: Build) -> Found:
        home = bench.home(build, journals)
        build.cpu(home, "sessions", "list", "--json")
        indexed = _first(build, home, "tile05")
        shutil.rmtree(home / "state", ignore_errors=True)
        try:
            bare = _first(build, home, "tile05")
        except RuntimeError:  # so long at least: the older build makes its index first
            bare = PATIENCE_S
        return {"times": bare / indexed, "seconds": bare}

    return bench.in_turn(rounds, measure)


def _frames(bench: Bench, rounds: int) -> tuple[list[Found], ...]:
    """The deck's first frame beside an empty app's, an engine at work already."""
    journals = bench.journals("small", OPEN)

    def measure(build: Build) -> Found:
        home = bench.home(build, journals)
        _engine_up(build, home)
        taken, used = _framed(build.deck(home), "agentdeck")
        empty = Terminal([str(build.python), *EMPTY[1:]], 120, 36, PYTHONPATH=str(build.root))
        return {"times": used / _framed(empty, "READY")[1], "ms": taken * 1000}

    return bench.in_turn(rounds, measure)


def _framed(terminal: Terminal, words: str) -> tuple[float, float]:
    """Seconds of the clock and of CPU until words are on the terminal."""
    try:
        return _seen(terminal, words) - terminal.started, cpu(terminal.pid)
    finally:
        terminal.close()


def _memory(bench: Bench, rounds: int) -> tuple[list[Found], ...]:
    """The interface with so many tiles, whose histories are short and long."""
    long = bench.journals("long", TILES)
    short = bench.journals("short", TILES)

    def measure(build: Build) -> Found:
        sizes = {}
        for name, journals in (("short", short), ("long", long)):
            home = bench.home(build, journals)
            _engine_up(build, home)
            terminal = build.deck(home, 240, 72, shown=TILES)
            try:
                _seen(terminal, f"tile{TILES - 1:02d}")
                sizes[name] = _settled(terminal)
            finally:
                terminal.close()
                build.stop(home)
        return {"times": sizes["long"] / sizes["short"], "mb": sizes["long"]}

    return bench.in_turn(rounds, measure)


def _settled(terminal: Terminal) -> float:
    """Its memory once that grows no more: histories are read behind the first frame."""
    most, since = rss(terminal.pid), time.monotonic()
    while time.monotonic() - since < SETTLED_S:
        time.sleep(0.5)
        now = rss(terminal.pid)
        if now > most + 0.3:
            most, since = now, time.monotonic()
    return rss(terminal.pid)


def _engine_up(build: Build, home: Path) -> None:
    """It reads all its sessions first: with much history, longer than a command waits."""
    for attempt in range(6):
        try:
            build.cpu(home, "engine", "start")
            return
        except subprocess.CalledProcessError:
            if attempt == 5:
                raise


def _first(build: Build, home: Path, words: str) -> float:
    """Seconds from the start of the process, no engine at work, to words on its terminal."""
    build.stop(home)
    terminal = build.deck(home)
    try:
        return _seen(terminal, words) - terminal.started
    finally:
        terminal.close()
        build.stop(home)


def _seen(terminal: Terminal, words: str) -> float:
    seen = terminal.wait(words, PATIENCE_S)
    if seen is None:
        raise RuntimeError(f"{words!r} did not come on the screen")
    return seen


def _times(bound: float, least: bool = False) -> Target:
    return Target(bound, "ratio", least)


Measured = Callable[[Bench, int], tuple[list[Found], ...]]
GROUPS: dict[str, tuple[Sequence[Row], int, Measured]] = {
    "record": (
        (
            Row("read a journal, typed", "read", "MB/s", _times(8, least=True)),
            Row("read and fold to a transcript", "fold", "MB/s", _times(5, least=True)),
            Row("json.loads of the same lines", "loads", "MB/s"),
            Row("append an event", "append", "µs", _times(0.7)),
        ),
        5,
        _record,
    ),
    "index": (
        (
            Row("build the index", "build", "MB/s", _times(4, least=True)),
            Row("size of the index", "share", "of the journals", Target(0.25)),
        ),
        3,
        _index,
    ),
    "small": (
        (
            Row("build the index, small sessions", "build", "MB/s"),
            Row("search, small sessions", "search", "ms", _times(1.1)),
        ),
        3,
        _small,
    ),
    "starts": (
        (
            Row("start with 2,500 sessions and no index", "times", "× with one", Target(1.2)),
            Row("their first tile without an index", "seconds", "s"),
        ),
        3,
        _starts,
    ),
    "imports": (
        tuple(
            Row(f"import {name}", key, "of a bare parse", Target(0.6, least=True))
            for name, key in (("Claude Code", "claude"), ("Codex", "codex"), ("Gemini", "gemini"))
        ),
        3,
        _imports,
    ),
    "byproducts": (
        (
            Row("byproducts of 2,000 events", "one", "ms", _times(0.5)),
            Row("byproducts of many sessions", "seconds", "s", _times(0.4)),
        ),
        3,
        _byproducts,
    ),
    "engine": (
        (
            Row("engine CPU per streamed event", "per_event", "µs", _times(0.6)),
            Row("engine, 24 sessions × 100 tokens/s", "share", "% of a core"),
        ),
        3,
        _engine(24, 100),
    ),
    "engine64": (
        (
            Row("engine, 64 sessions × 100 tokens/s", "share", "% of a core", Target(35)),
            Row("its memory, 64 sessions", "memory", "MB"),
        ),
        3,
        _engine(64, 100),
    ),
    "engine128": (
        (
            Row("engine, 128 sessions × 20 events/s", "share", "% of a core", Target(25)),
            Row("its memory, 128 sessions", "memory", "MB"),
            Row("key echo p99, 12 of them in view", "echo", "ms", Target(30)),
            Row("events a watcher of all missed", "missing", "events", Target(0)),
        ),
        3,
        _crowd(128, 20, 12),
    ),
    "lists": (
        (
            Row("sessions list --json, 10,000 sessions", "list", "× --version", Target(2.5)),
            Row("key to the list of all 10,000 sessions", "key", "s", Target(0.15)),
        ),
        5,
        _lists,
    ),
    "live": (
        (
            Row("interface CPU, 24 tiles × 100 tokens/s", "times", "× tmux", Target(2)),
            Row("key echo p99, 24 tiles", "echo", "ms", Target(30)),
        ),
        3,
        _live,
    ),
    "memory": (
        (
            Row("interface memory, 20 million characters", "times", "× at 100,000", Target(1.15)),
            Row("the same", "mb", "MB"),
        ),
        1,
        _memory,
    ),
    "frames": (
        (
            Row("first frame, CPU", "times", "× an empty app", Target(1.25)),
            Row("first frame", "ms", "ms", Target(10, "over")),
        ),
        9,
        _frames,
    ),
}
"""`BENCH_ROWS=record,index` runs some of them."""
