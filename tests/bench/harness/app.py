"""The interface under measurement.

    python -P -m tests.bench.harness.app deck SHOWN     the deck itself, so many tiles at most
    python -P -m tests.bench.harness.app empty          a Textual app with nothing in it

The deck connects to the engine of `AGENTDECK_HOME`. BENCH_PROFILE names a file for its profile.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.app import App, ComposeResult


def _empty() -> App[None]:
    """Nothing but a word to wait for."""
    from textual.app import App
    from textual.widgets import Static

    class Empty(App[None]):
        def compose(self) -> ComposeResult:
            yield Static("READY")

    return Empty()


def _deck(shown: int) -> App[None]:
    from sessions.tls import without_tls

    without_tls.import_asyncio()  # as `agentdeck` does
    from sessions.engine.client import Client
    from sessions.paths import places
    from tui.app import DeckApp
    from tui.options import DeckOptions

    async def connect() -> Client:
        return await Client.connect(places(), start=False)

    return DeckApp(DeckOptions(max_tiles=shown), client_factory=connect)


def main() -> None:
    """Run what was asked for."""
    kind, *more = sys.argv[1:]
    app = _empty() if kind == "empty" else _deck(int(more[0]))
    import asyncio

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
