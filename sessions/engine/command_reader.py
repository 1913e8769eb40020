"""A client's commands: lines, in pieces of any size, each held only until it is whole.

What a client has begun and not ended is counted with that of all others.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from sessions.engine import MAX_COMMAND
from sessions.engine.slow_clients import HeldBytes, LetGo

LIMIT = 2**16
"""What asyncio may read ahead; a piece."""
TOO_LONG = f"it takes no command of more than {MAX_COMMAND // 2**20} MB"


class Intake:
    """The lines that come from one client."""

    def __init__(self, reader: asyncio.StreamReader, ledger: HeldBytes, on_gone: LetGo) -> None:
        self._reader = reader
        self._ledger = ledger
        self._on_gone = on_gone
        self._part = bytearray()
        self._closed = False

    async def lines(self) -> AsyncIterator[bytes | bytearray]:
        """Every whole line, without its end. What comes after `close` is passed over."""
        try:
            while data := await self._reader.read(LIMIT):
                *whole, part = data.split(b"\n")
                while whole and not self._closed:
                    yield self._whole(whole.pop(0))
                if not self._closed:
                    self._more(part)
        finally:
            self.close()

    def close(self) -> None:
        """Take nothing more; read on, so that the client can end what it writes."""
        self._closed = True
        self._part = bytearray()
        self._ledger.forget(self)

    def let_go(self, reason: str) -> None:
        """Give up what was begun."""
        self.close()
        self._on_gone(reason)

    def _whole(self, end: bytes) -> bytes | bytearray:
        if not self._part:
            return end
        self._ledger.forget(self)
        line, self._part = self._part, bytearray()
        line += end
        return line

    def _more(self, part: bytes) -> None:
        """Keep the beginning of a line."""
        self._part += part
        if len(self._part) > MAX_COMMAND:
            self.let_go(TOO_LONG)
        elif self._part:
            self._ledger.moved(self)
            self._ledger.hold(self, len(part))
