"""The deck as `agentdeck` opens it, which says on SIGUSR1 what it holds.

    python -P -m tests.soak.app FILE

Into FILE, as JSON: `tasks` (of its event loop), `threads`, and which tasks there are most of.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

from sessions.engine.client import Client
from sessions.paths import places
from tui.app import DeckApp
from tui.options import DeckOptions


async def main(file: Path) -> None:
    """Run the deck."""

    said: Counter[str] = Counter()

    async def connect() -> Client:
        return await Client.connect(places(), start=False)

    def tell() -> None:
        tasks = asyncio.all_tasks()
        kinds = Counter(f"{t.get_coro().__qualname__} {t.get_name()[:60]}" for t in tasks)  # type: ignore[union-attr]
        held = {
            "tasks": len(tasks),
            "notices": dict(said.most_common(10)),
            "threads": threading.active_count(),
            "kinds": dict(kinds.most_common(20)),
        }
        beside = file.with_suffix(".new")
        beside.write_text(json.dumps(held))
        beside.rename(file)

    class Soaked(DeckApp):
        """Counts its notices."""

        def notify(self, message: str, **how: Any) -> None:
            said[message[:60]] += 1
            super().notify(message, **how)

    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, tell)
    await Soaked(DeckOptions(max_tiles=24), client_factory=connect).run_async()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
