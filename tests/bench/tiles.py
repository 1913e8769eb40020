"""A tile: what one more token costs with little and with much history; opening a session.

    python -m tests.bench.tiles

No terminal: the view is driven as the clock drives it, and asked for its strips as the
compositor asks. CPU time, medians.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from typing import Any
from unittest import mock

from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.screen import Screen

from sessions.record import events as ev
from sessions.record.transcript import Transcript
from tests.bench.harness.figure import Figure, Target
from tests.bench.harness.table import plain
from tests.bench.harness.words import answer, tokens
from tui.terminal.output_guard import GuardedApp
from tui.view.compositor import LeanScreen
from tui.view.transcript_view import TranscriptView

SIZE = (100, 40)
TOKENS = 600
LENGTHS = (10_000, 100_000, 1_000_000)


class One(GuardedApp, App[None]):
    """A single view."""

    def __init__(self, transcript: Transcript) -> None:
        super().__init__()
        self.view = TranscriptView(transcript)

    def get_default_screen(self) -> Screen[Any]:
        return LeanScreen()

    def compose(self) -> ComposeResult:
        yield self.view


class Teller:
    """Numbers events."""

    def __init__(self) -> None:
        self.seq = 0

    def __call__(self, kind: type[ev.Event], /, **fields: Any) -> ev.Event:
        self.seq += 1
        return kind(seq=self.seq, at="", **fields)


def history(characters: int, tell: Teller, single: bool) -> Transcript:
    """Many turns, or (`single`) one answer, of about so many characters."""
    transcript = Transcript()
    written = turn = 0
    while written < characters:
        text = answer(turn % 100)
        written += len(text)
        if not single:
            turn += 1
            transcript.apply(tell(ev.UserMessage, turn=turn, text="and then?"))
        transcript.apply(tell(ev.Text, turn=turn, text=text))
    return transcript


async def token(characters: int, single: bool = False) -> float:
    """Microseconds of CPU per token when so many characters are there already."""
    tell = Teller()
    transcript = history(characters, tell, single)
    app = One(transcript)
    turn = transcript.blocks[-1].turn
    stream = tokens(7)
    whole = Region(0, 0, *SIZE)
    times = []
    async with app.run_test(size=SIZE):
        view = app.view
        view.flush()
        for _ in range(TOKENS):
            text = next(stream)
            start = time.process_time()
            block = transcript.apply(tell(ev.Text, turn=turn, text=text))
            assert block is not None
            view.mark_dirty(block)
            view.flush()
            view.render_lines(whole)
            times.append(time.process_time() - start)
    return statistics.fmean(sorted(times)[: int(TOKENS * 0.95)]) * 1e6


async def opening(messages: int) -> float:
    """Milliseconds until a session of so many messages has its last screen laid out."""
    tell = Teller()
    transcript = Transcript()
    for turn in range(messages // 2):
        transcript.apply(tell(ev.UserMessage, turn=turn, text="and then?"))
        transcript.apply(tell(ev.Text, turn=turn, text=answer(turn % 100)))
    app = One(Transcript())
    async with app.run_test(size=SIZE):
        start = time.perf_counter()
        app.view.show_transcript(transcript)
        app.view.render_lines(Region(0, 0, *SIZE))
        return (time.perf_counter() - start) * 1000


def figures(quick: bool) -> Iterator[Figure]:
    """A token's cost at three lengths, in turns and in one answer; opening a session."""
    rounds = 1 if quick else 3
    with (
        tempfile.TemporaryDirectory() as home,
        mock.patch.dict(os.environ, AGENTDECK_HOME=home),
    ):
        asyncio.run(token(1000))  # imports, caches
        for name, single in (("turns", False), ("one answer", True)):
            yield from _lengths(name, single, rounds)
        for messages in (20, 2_000, 10_000):
            taken = [asyncio.run(opening(messages)) for _ in range(rounds)]
            yield Figure(f"open a session of {messages:,} messages", taken, "ms")


def _lengths(name: str, single: bool, rounds: int) -> Iterator[Figure]:
    costs: dict[int, list[float]] = {size: [] for size in LENGTHS}
    for _ in range(rounds):
        for size in LENGTHS:
            costs[size].append(asyncio.run(token(size, single)))
    least = LENGTHS[0]
    yield Figure(f"a token after {least:,} characters, {name}", costs[least], "µs")
    for size in LENGTHS[1:]:
        yield Figure(f"a token after {size:,} characters, {name}", costs[size], "µs",
                     Target(1.5, "ratio"), f"after {least:,}", costs[least])  # fmt: skip


if __name__ == "__main__":
    print(plain("Tiles", list(figures(quick=False))))
