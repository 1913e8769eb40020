"""Who looks on at a terminal: sent what it prints from some byte on, in order, at its own speed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sessions.terminals.printed_bytes import PrintedBytes
from sessions.terminals.terminal import WINDOW, Watches

_PIECE = 45_000
"""Bytes at a time: as base64, what the system is given at once."""


@dataclass(frozen=True, slots=True)
class TerminalPiece:
    """What goes to who looks on: bytes from `at`, before which it is given that size.

    `end`: nothing follows. `lost`: what followed is not kept any more; begin anew.
    """

    at: int
    data: bytes = b""
    size: tuple[int, int] | None = None
    end: bool = False
    lost: bool = False


class OutgoingWay(Protocol):
    """How pieces go there."""

    @property
    def behind(self) -> bool:
        """Whether nothing is to be put on top of what waits."""

    async def room(self) -> None:
        """Wait until there is room again."""


class Watchable(Protocol):
    """What can be looked at: a terminal, or what is recorded of one."""

    @property
    def kept(self) -> PrintedBytes:
        """What it printed."""

    @property
    def watchers(self) -> set[Watches]:
        """Who looks on."""

    @property
    def running(self) -> bool:
        """Whether more may come."""

    def took(self) -> None:
        """Somebody who looks on has drawn something."""

    def resize(self, columns: int, rows: int) -> None:
        """Make it that large."""

    def redraw(self) -> None:
        """Have what draws the whole screen do so again."""


class Watcher:
    """One who looks on. `size`: how large its view is, None if it takes no part in that."""

    def __init__(
        self, terminal: Watchable, way: OutgoingWay, send: Callable[[TerminalPiece], None], at: int
    ) -> None:
        self.terminal = terminal
        self.size: tuple[int, int] | None = None
        self.typed = 0
        """The later it typed, the larger."""
        self.said = 0
        """The later it said how large its view is, the larger."""
        self.taken = self._at = at
        self.took_at = asyncio.get_running_loop().time()
        self._way = way
        self._send = send
        self._sized = terminal.kept.size_at(at)
        self._waiting: asyncio.Task[None] | None = None
        self._over = False
        terminal.watchers.add(self)

    def took(self, at: int) -> None:
        """It has drawn everything up to there."""
        self.took_at = asyncio.get_running_loop().time()
        self.taken = max(self.taken, min(at, self._at))
        self.pump()
        self.terminal.took()

    def pump(self) -> None:
        """Send what there is, as far as it may be ahead."""
        kept = self.terminal.kept
        while not self._over:
            if self._way.behind:
                self._wait()
                return
            if self._at < kept.start:
                self.lose()
                return
            room = min(self.taken + WINDOW - self._at, _PIECE)
            data, size = kept.since(self._at, max(0, room))
            size = size if size != self._sized else None
            if data or size:
                self._send(TerminalPiece(self._at, data, size))
                self._at += len(data)
                self._sized = size or self._sized
            elif self._at == kept.end and not self.terminal.running:
                self._last(TerminalPiece(self._at, end=True))
            else:
                return

    def lose(self) -> None:
        """What follows is not to be had: it begins anew."""
        if not self._over:
            self._last(TerminalPiece(self._at, lost=True))

    def _last(self, piece: TerminalPiece) -> None:
        self.close()
        self._send(piece)

    def _wait(self) -> None:
        if self._waiting is None:
            self._waiting = asyncio.ensure_future(self._when_room())

    async def _when_room(self) -> None:
        await self._way.room()
        self._waiting = None
        self.pump()

    def close(self) -> None:
        """It looks on no more."""
        self._over = True
        self.terminal.watchers.discard(self)
        if self._waiting is not None:
            self._waiting.cancel()
        self.terminal.took()
