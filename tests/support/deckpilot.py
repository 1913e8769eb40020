"""The deck under a pilot, on a fake engine."""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from textual.pilot import Pilot
from textual.screen import Screen

from sessions.errors import AgentdeckError
from sessions.features import file_names
from tests.support.fake_client import FakeClient
from tests.support.idle import write
from tui.app import DeckApp
from tui.deck.composer import Composer
from tui.deck.memory import Memory
from tui.deck.screen import DeckScreen
from tui.options import DeckOptions
from tui.widgets.clickable_line import ClickableLine

S = TypeVar("S", bound=Screen[Any])


def _read_but_temporary_files(folder: Path) -> list[str]:
    """The directory of a fake session is the one that is everywhere, whatever lies in it.

    A deck reads what is in it as soon as something is written in the composer.
    """
    return [] if folder == Path("/tmp") else _read(folder)


_read = file_names.names_under
file_names.names_under = _read_but_temporary_files


@dataclass
class Opened:
    """An open deck and what drives it."""

    app: DeckApp
    pilot: Pilot[None]
    client: FakeClient

    @property
    def deck(self) -> DeckScreen:
        """The deck's screen."""
        return self.app.deck

    @property
    def composer(self) -> Composer:
        """The composer."""
        return self.deck.composer

    def line(self, which: str) -> str:
        """What the status line, the tabs or the footer say."""
        return self.deck.query_one(f"#{which}", ClickableLine).words

    def notices(self) -> list[str]:
        """The notices on screen, the newest last."""
        return [n.message for n in self.app._notifications]

    async def press(self, *keys: str) -> None:
        """Press keys and let what follows happen."""
        await self.pilot.press(*keys)
        await self.settle()

    async def type(self, text: str) -> None:
        """Type text."""
        await write(self.pilot, text)
        await self.settle()

    async def settle(self) -> None:
        """Let everything that is under way be drawn."""
        for _ in range(2):
            await self.pilot.pause()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds, or fail."""
        async with asyncio.timeout(60):
            while not condition():
                await self.pilot.pause()
                await asyncio.sleep(0.01)

    async def screen(self, kind: builtins.type[S]) -> S:
        """The screen of this kind, once it is in front."""
        await self.until(lambda: isinstance(self.app.screen, kind))
        screen = self.app.screen
        assert isinstance(screen, kind)
        return screen

    async def resize(self, width: int, height: int) -> None:
        """Another size of the terminal."""
        await self.pilot.resize_terminal(width, height)
        await self.settle()


@asynccontextmanager
async def opened(
    sessions: int = 0,
    size: tuple[int, int] = (120, 36),
    *,
    options: DeckOptions | None = None,
    memory: Memory | None = None,
    client: FakeClient | None = None,
    down: AgentdeckError | None = None,
) -> AsyncIterator[Opened]:
    """An open deck with so many sessions; `down`: what connecting fails with at first."""
    client = client or FakeClient()
    for number in range(sessions):
        client.add(f"task {number + 1}")
    fails = [down] if down else []

    async def connect() -> Any:
        if fails:
            raise fails.pop()
        return client

    app = DeckApp(options, connect, memory)
    async with app.run_test(size=size, notifications=True) as pilot:
        here = Opened(app, pilot, client)
        if not down:
            await here.until(lambda: app.deck.link.up)
        await here.settle()
        try:
            yield here
        except Exception as missed:  # what the deck died of says more than what a test then misses
            if app._exception is not None:
                raise app._exception from missed
            raise
        if app.faults:
            raise app.faults[0]
