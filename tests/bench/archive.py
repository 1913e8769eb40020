"""Listing and searching 10,000 sessions, beside reading their journals.

Sessions are small (20 messages); what is timed is the index as commands use it.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sessions import events as ev
from sessions.archive.index import Index
from sessions.ids import new_id
from tests.bench.harness.figure import Figure, Target, timed

SESSIONS, MESSAGES = 10_000, 20
WORDS = [f"{a}{b}" for a in ("tide", "gate", "lock", "weir", "dam") for b in range(200)]


def _fill(folder: Path) -> None:
    rng = random.Random(1)
    for _ in range(SESSIONS):
        session = new_id()
        (folder / session).mkdir(parents=True)
        events: list[ev.Event] = [ev.SessionCreated(id=session, title=rng.choice(WORDS))]
        for turn in range(1, MESSAGES // 2 + 1):
            text = " ".join(rng.choices(WORDS, k=12))
            events += [
                ev.UserMessage(turn=turn, text=text),
                ev.Text(turn=turn, text=text[::-1]),
                ev.TurnEnded(turn=turn, reason="end_turn"),
            ]
        lines = [ev.encode(ev.to_json(ev.stamp(e, n, ev.now()))) for n, e in enumerate(events, 1)]
        (folder / session / "journal.jsonl").write_bytes(b"".join(lines))


def figures(quick: bool) -> Iterator[Figure]:
    """Building, bringing up to date, listing, searching; the whole command."""
    rounds = 3 if quick else 9
    with tempfile.TemporaryDirectory(prefix="ad-bench-") as name:
        home = Path(name)
        folder = home / "data" / "sessions"
        _fill(folder)
        size = sum(f.stat().st_size for f in folder.glob("*/journal.jsonl")) / 1e6
        began = time.perf_counter()
        index = Index.open(home / "state" / "index.db", folder)
        index.refresh()
        took = time.perf_counter() - began
        yield Figure("build the index", [size / took], "MB/s")
        yield from _asked(index, folder, rounds)
        index.close()
        yield from _commands(home, rounds)


def _asked(index: Index, folder: Path, rounds: int) -> Iterator[Figure]:
    def first_lines() -> None:
        for journal in folder.glob("*/journal.jsonl"):
            with journal.open("rb") as file:
                json.loads(file.readline())

    def scan(words: bytes) -> Callable[[], object]:
        return lambda: [f for f in folder.glob("*/journal.jsonl") if words in f.read_bytes()]

    lines = timed(first_lines, 3)
    first = "reading first lines"
    yield Figure("list", timed(index.rows, rounds), "ms", Target(50), first, lines)
    yield Figure("whole summaries", timed(index.summaries, rounds), "ms", None, first, lines)
    yield Figure("see what changed", timed(index.refresh, rounds), "ms", Target(100), first, lines)
    scanned = timed(scan(b"tide17"), 1 if rounds < 5 else 3)
    for what, words in (
        ("two words", "tide17 gate3"),
        ("one word", "weir7"),
        ("a beginning", "gat"),
        ("a word of every session", "tide"),
    ):
        taken = timed(lambda words=words: index.search(words), rounds)  # type: ignore[misc]
        yield Figure(f"search, {what}", taken, "ms", Target(50), "scanning all bytes", scanned)


def _commands(home: Path, rounds: int) -> Iterator[Figure]:
    """As a user runs them: a process each, the index opened and brought up to date."""

    def run(*arguments: str) -> Callable[[], object]:
        command = [sys.executable, "-P", "-m", "sessions.cli.main", *arguments]
        environment = {**os.environ, "AGENTDECK_HOME": str(home)}
        return lambda: subprocess.run(command, env=environment, capture_output=True, check=True)

    bare = timed(run("--version"), rounds)
    for name, command in (
        ("agentdeck sessions list --json", ("sessions", "list", "--json")),
        ("agentdeck sessions search", ("sessions", "search", "tide17 gate3")),
    ):
        yield Figure(name, timed(run(*command), rounds), "ms", None, "agentdeck --version", bare)
