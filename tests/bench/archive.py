"""Listing and searching 10,000 sessions, against reading every journal's first line.

Sessions are small (20 messages); what is timed is the index as commands use it.
"""

from __future__ import annotations

import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sessions import events as ev
from sessions.archive.index import Index
from sessions.ids import new_id

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


def _ms(work: Callable[[], object], runs: int = 7) -> float:
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        times.append((time.perf_counter() - began) * 1000)
    return round(statistics.median(times), 2)


def measure() -> dict[str, Any]:
    """Milliseconds, medians of seven."""
    with tempfile.TemporaryDirectory(prefix="ad-bench-") as name:
        folder = Path(name) / "sessions"
        _fill(folder)
        began = time.perf_counter()
        index = Index.open(Path(name) / "state" / "index.db", folder)
        index.refresh()
        rebuild = time.perf_counter() - began

        def first_lines() -> None:
            for journal in folder.glob("*/journal.jsonl"):
                with journal.open("rb") as file:
                    json.loads(file.readline())

        found = {
            "rebuild_s": round(rebuild, 1),
            "refresh_ms": _ms(index.refresh, 3),
            "list_ms": _ms(index.summaries),
            "search_two_words_ms": _ms(lambda: index.search("tide17 gate3")),
            "search_one_word_ms": _ms(lambda: index.search("weir7")),
            "anchor_first_lines_ms": _ms(first_lines, 3),
            "target_search_ms": 50,
        }
        index.close()
        return found


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
