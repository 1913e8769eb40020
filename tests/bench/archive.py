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

from sessions.archive.index import Index
from sessions.engine import lifecycle
from sessions.ids import new_id
from sessions.paths import places
from sessions.record import codec
from sessions.record import events as ev
from tests.bench.harness.figure import Figure, Target, timed
from tests.bench.harness.terminal import Terminal

SESSIONS, MESSAGES, OPEN = 10_000, 20, 6
WORDS = [f"{a}{b}" for a in ("tide", "gate", "lock", "weir", "dam") for b in range(200)]


def _fill(folder: Path) -> None:
    rng = random.Random(1)
    for session_number in range(SESSIONS):
        session = new_id()
        (folder / session).mkdir(parents=True)
        events: list[ev.Event] = [
            ev.SessionCreated(id=session, title=rng.choice(WORDS), model="scripted")
        ]
        for turn in range(1, MESSAGES // 2 + 1):
            text = " ".join(rng.choices(WORDS, k=12))
            events += [
                ev.UserMessage(turn=turn, text=text),
                ev.Text(turn=turn, text=text[::-1]),
                ev.TurnEnded(turn=turn, reason="end_turn"),
            ]
        if session_number >= OPEN:
            events.append(ev.SessionSet(closed=True))
        lines = [codec.line(ev.stamp(e, n, ev.now())) for n, e in enumerate(events, 1)]
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
        yield from _deck(home, 1 if quick else 3)


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


def _deck(home: Path, rounds: int) -> Iterator[Figure]:
    """On the deck's screen: from the key to the first row."""
    environment = {"AGENTDECK_HOME": str(home)}
    os.environ |= environment
    deck = [sys.executable, "-P", "-m", "sessions.cli.main"]
    opened, listed, searched, echoed = [], [], [], []
    try:
        for _ in range(rounds):
            lifecycle.stop(places())
            terminal = Terminal(deck, 120, 36)
            try:
                opened.append((_seen(terminal, "scripted") - terminal.started) * 1000)
                time.sleep(1.0)  # what it does once after its start is not what is measured
                listed.append(_key(terminal, "\x0c", f"All sessions ({SESSIONS})"))  # ctrl+l
                terminal.type("\x1b")
                time.sleep(0.5)
                terminal.type("\x06")  # ctrl+f
                _seen(terminal, "Type what you remember")
                searched.append(_key(terminal, "w", "found ·"))
                terminal.type("\x1b")
                time.sleep(0.5)
                echoed.append(terminal.echo(3.0).p99)
            finally:
                terminal.close()
    finally:
        lifecycle.stop(places())
        del os.environ["AGENTDECK_HOME"]
    yield Figure("deck with 10,000 recorded sessions, engine and tiles", opened, "ms")
    yield Figure("key to the list of all sessions on screen", listed, "ms")
    yield Figure("a letter of a search to what was found on screen", searched, "ms", Target(250))
    yield Figure("key echo p99 with 10,000 recorded sessions", echoed, "ms", Target(30))


def _seen(terminal: Terminal, words: str) -> float:
    seen = terminal.wait(words)
    if seen is None:
        raise RuntimeError(f"{words!r} did not come on the screen")
    return seen


def _key(terminal: Terminal, keys: str, words: str) -> float:
    """Milliseconds from keys to words."""
    terminal.tail = b""
    began = time.perf_counter()
    terminal.type(keys)
    return (_seen(terminal, words) - began) * 1000
