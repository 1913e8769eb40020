"""Between a terminal's tile and the engine: in order, and no faster than it is drawn."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from dataclasses import dataclass

from sessions.api.terminals import TerminalWatched
from sessions.errors import AgentdeckError
from tui.deck.client import DeckClient

TAKEN_EVERY = 64 * 1024
"""The engine is told how much is drawn this often; it sends four times as much ahead of that."""


@dataclass
class _Typed:
    data: bytes
    reply: bool


class TerminalLink:
    """What a view says to its terminal: one thing after the other, never waiting for an answer."""

    def __init__(self, session: str, client: DeckClient, failed: Callable[[str], None]) -> None:
        self.session = session
        self.client = client
        self._failed = failed
        self._typed: list[_Typed] = []
        self._size: tuple[int, int] | None = None
        self._took = 0
        self._told = 0
        self._due = asyncio.Event()

    async def watch(self, columns: int, rows: int, past: bool) -> TerminalWatched:
        """Look on, from what is kept (`past`) or from now; the client's `on_terminal` is told."""
        if past:
            return await self.client.call(
                "terminal.watch", session=self.session, columns=columns, rows=rows
            )
        return await self.client.call(
            "terminal.watch", session=self.session, columns=columns, rows=rows, history=0
        )

    def type(self, data: bytes, reply: bool = False) -> None:
        """Keys, what the mouse does, or (`reply`) an answer to what the program asked."""
        if not data:
            return
        if self._typed and self._typed[-1].reply == reply:
            self._typed[-1].data += data
        else:
            self._typed.append(_Typed(data, reply))
        self._due.set()

    def size(self, columns: int, rows: int) -> None:
        """How large the view is."""
        self._size = columns, rows
        self._due.set()

    def began(self, at: int) -> None:
        """What comes begins there."""
        self._took = self._told = at

    def took(self, at: int) -> None:
        """Everything up to there is fed to the emulator."""
        self._took = at
        if at - self._told >= TAKEN_EVERY:
            self._due.set()

    async def send(self) -> None:
        """Send what there is, until cancelled: typing before sizes before receipts."""
        while True:
            await self._due.wait()
            self._due.clear()
            try:
                await self._send()
            except AgentdeckError as error:
                self._failed(str(error))

    async def _send(self) -> None:
        while self._typed:
            typed = self._typed.pop(0)
            data = base64.b64encode(typed.data).decode()
            await self.client.call(
                "terminal.input", session=self.session, data=data, reply=typed.reply
            )
        if self._size is not None:
            (columns, rows), self._size = self._size, None
            await self.client.call(
                "terminal.size", session=self.session, columns=columns, rows=rows
            )
        if self._took - self._told >= TAKEN_EVERY:
            self._told = self._took
            await self.client.call("terminal.took", session=self.session, at=self._took)
