"""All settings as the engine tells them: asked before their screen is there, kept for the next."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from sessions.errors import AgentdeckError

if TYPE_CHECKING:
    from pathlib import Path

    from sessions.api.answers import SettingsShown
    from tui.deck.client import DeckClient


class AskedSettings:
    """One for a deck. `last`: what was told last; it may be old, and what changes is compared."""

    def __init__(self) -> None:
        self.last: SettingsShown | None = None
        self._asked: asyncio.Task[SettingsShown] | None = None
        self._taken: tuple[int, int] | None = None

    async def begin(self, client: DeckClient) -> None:
        """Ask, and come back as soon as the engine has the question."""
        if self._asked is None:
            self._asked = asyncio.create_task(_ask(client))
            self._asked.add_done_callback(_looked_at)
            await asyncio.sleep(0)

    async def answer(self, client: DeckClient) -> SettingsShown:
        """What the engine says to the question that was begun, or to one more."""
        asked, self._asked = self._asked, None
        self.last = await (asked if asked is not None else _ask(client))
        return self.last

    def changed(self, path: Path) -> bool:
        """Whether the file is another one than when this was asked last."""
        found = (0, 0)
        with suppress(OSError):
            told = path.stat()
            found = (told.st_mtime_ns, told.st_size)
        before, self._taken = self._taken, found
        return found != before


async def _ask(client: DeckClient) -> SettingsShown:
    return await client.call("config.settings")


def _looked_at(asked: asyncio.Task[SettingsShown]) -> None:
    """Who asked may have gone meanwhile: then a refusal is no news."""
    with suppress(AgentdeckError, asyncio.CancelledError):
        asked.exception()
