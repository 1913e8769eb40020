"""The interface under measurement.

    python -P -m tests.bench.harness.app tiles SHOWN    only views, a clock and an input line
    python -P -m tests.bench.harness.app deck SHOWN     the deck itself, so many tiles at most
    python -P -m tests.bench.harness.app empty          a Textual app with nothing in it

All connect to the socket of `AGENTDECK_HOME`.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.containers import Container, Vertical
from textual.screen import Screen
from textual.widgets import Input, Static

from sessions import events as ev
from sessions.places import places
from sessions.transcript import Transcript
from tui.gate import GuardedApp
from tui.view.clock import FrameClock
from tui.view.compositor import LeanScreen
from tui.view.transcript_view import TranscriptView


class Empty(App[None]):
    """Nothing but a word to wait for."""

    def compose(self) -> ComposeResult:
        yield Static("READY")


class Tiles(GuardedApp, App[None]):
    """Views in a grid, fed from the socket."""

    CSS = """
    #grid { layout: grid; height: 1fr; }
    .tile { border: round $surface; }
    Input { border: none; height: 1; }
    """
    AUTO_FOCUS: ClassVar[str] = "Input"

    def __init__(self, shown: int) -> None:
        super().__init__()
        self.shown = shown
        self.views: dict[str, TranscriptView] = {}

    def get_default_screen(self) -> Screen[None]:
        return LeanScreen()

    def compose(self) -> ComposeResult:
        with Container(id="grid"):
            for number in range(self.shown):
                self.views[f"s{number:03d}"] = TranscriptView(Transcript())
            for view in self.views.values():
                yield Vertical(view, classes="tile")
        yield Input(placeholder="READY")

    def on_mount(self) -> None:
        columns = next(n for n in range(1, 20) if n * n * 2 >= self.shown * 3)
        self.query_one("#grid").styles.grid_size_columns = columns
        self.clock = FrameClock(self)
        self.run_worker(self.connect())

    async def connect(self) -> None:
        """Watch what is shown."""
        from sessions.client import Client

        client = await Client.connect(places(), start=False)
        client.on_event = self.event
        self.client = client
        for name in self.views:
            await client.call("session.watch", session=name, from_seq=1)
        gc.collect()
        gc.freeze()

    def event(self, session: str, event: ev.Event) -> None:
        """Fold an event and wake its view."""
        view = self.views[session]
        block = view.transcript.apply(event)
        if block is not None:
            view.mark_dirty(block)
            self.clock.wake(view)


def _deck(shown: int) -> App[None]:
    from sessions.client import Client
    from tui.app import DeckApp
    from tui.options import DeckOptions

    async def connect() -> Client:
        return await Client.connect(places(), start=False)

    return DeckApp(DeckOptions(max_tiles=shown), client_factory=connect)


def main() -> None:
    """Run what was asked for."""
    kind, *more = sys.argv[1:]
    app: App[None]
    if kind == "empty":
        app = Empty()
    elif kind == "deck":
        app = _deck(int(more[0]))
    else:
        app = Tiles(int(more[0]))
    if path := os.environ.get("BENCH_PROFILE"):
        import cProfile

        profile = cProfile.Profile()
        try:
            profile.runcall(lambda: asyncio.run(app.run_async()))
        finally:
            profile.dump_stats(path)
    else:
        asyncio.run(app.run_async())


if __name__ == "__main__":
    main()
