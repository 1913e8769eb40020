"""The deck under a pilot on a real engine in the same process, its model a scripted server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

from textual.content import Content
from textual.dom import DOMNode
from textual.pilot import Pilot
from textual.widgets import Static

from sessions.backends import throttle
from sessions.engine.client import Client
from sessions.engine.commands import find
from sessions.engine.server import Server
from sessions.paths import private_folder
from sessions.runtime.session import Session
from tests.support.idle import write
from tests.support.messages_server import MessagesServer, Script
from tests.support.nativerig import NativeRig
from tests.support.rig import until
from tui.app import DeckApp
from tui.deck.screen import DeckScreen
from tui.options import DeckOptions
from tui.panels.base import Panel
from tui.widgets.rows import Rows

P = TypeVar("P", bound=Panel)


@dataclass
class PanelRig:
    """An open deck, the engine behind it, and what drives it."""

    app: DeckApp
    pilot: Pilot[None]
    native: NativeRig
    sessions: list[Session]

    @property
    def deck(self) -> DeckScreen:
        """The deck's screen."""
        return self.app.deck

    @property
    def session(self) -> Session:
        """The first session, which is the current one."""
        return self.sessions[0]

    @property
    def server(self) -> MessagesServer:
        """What answers."""
        return self.native.server

    def panel(self, kind: type[P]) -> P:
        """The open panel."""
        return self.deck.query_one(kind)

    def rows(self) -> list[str]:
        """The rows on the screen in front, as text."""
        here: DOMNode = self.app.screen
        if here is self.deck and self.deck.side.panel is not None:
            here = self.deck.side.panel
        return [row.content().plain for row in here.query_one(Rows).rows]

    def text(self, selector: str) -> str:
        """What a text of the screen in front says."""
        content = self.app.screen.query_one(selector, Static).content
        return content.plain if isinstance(content, Content) else str(content)

    def notices(self) -> list[str]:
        """The notices on screen, the newest last."""
        return [n.message for n in self.app._notifications]

    async def press(self, *keys: str) -> None:
        """Press keys and let what follows happen."""
        await self.pilot.press(*keys)
        for _ in range(3):
            await self.pilot.pause()

    async def type(self, text: str) -> None:
        """Type text."""
        await write(self.pilot, text)
        await self.press()

    async def until(self, condition: Callable[[], bool], seconds: float = 60) -> None:
        """Wait until something holds, or fail."""
        async with asyncio.timeout(seconds):
            while not condition():
                await self.pilot.pause()
                await asyncio.sleep(0.01)

    async def quiet(self) -> None:
        """Wait until no session works."""
        await until(lambda: not any(s.working for s in self.sessions), 60)


@asynccontextmanager
async def panel_rig(
    root: Path,
    script: Script,
    *,
    sessions: int = 1,
    size: tuple[int, int] = (140, 40),
    extra: str = "",
    permission: str = "ask",
    confirmed_full: bool = False,
) -> AsyncIterator[PanelRig]:
    """An open deck with so many sessions, all answered by the script."""
    throttle._GATES.clear()
    async with MessagesServer(script) as messages:
        native = await NativeRig.make(root, messages, extra, permission)
        engine = Server(native.deck, find, lambda: None)
        private_folder(native.deck.places.run)
        await engine.listen(str(native.deck.places.socket))
        made = [
            await native.deck.create(
                cwd=str(root / "work"), title=f"task {n + 1}", confirmed_full=confirmed_full
            )
            for n in range(sessions)
        ]

        async def connect() -> Client:
            # Lines as long as the deck's own client takes: all settings are one of 64 KB.
            path, most = str(native.deck.places.socket), 2**26
            reader, writer = await asyncio.open_unix_connection(path, limit=most)
            client = Client(reader, writer)
            client.engine = await client.call("hello", version="test")
            return client

        app = DeckApp(DeckOptions(), connect)
        # However fast they come, a test's keys are commands, unless it says that it writes.
        one_by_one = patch("tui.panels.accidental_typing.WRITTEN_S", 0.0)
        try:
            with one_by_one:
                async with app.run_test(size=size, notifications=True) as pilot:
                    rig = PanelRig(app, pilot, native, made)
                    await rig.until(lambda: app.deck.link.up)
                    await rig.press()
                    # The first that was made is the first tile.
                    app.deck.go(made[0].id)
                    await rig.press()
                    yield rig
        finally:
            await engine.close()
            await native.close()
