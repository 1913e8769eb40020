"""What a client is sent: at its own speed, and never more in memory than a little.

While the client keeps up, the lines of one round of the loop go out together at its end: sessions
that stream are read at shared moments, and to write for each costs a third of an engine's CPU. What
the client does not read waits here, counted; summaries that wait are replaced by newer ones of the
same session.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sessions.engine.slow_clients import LetGo, PatientLedger
from sessions.record import codec

PIECE = 2**16
"""The system is given this much at a time, so that what waits can be taken back."""
BEHIND = 2**20
"""A client that has more than this waiting for it is behind: it is sent no event on top."""
MOST = 8 * 2**20
"""Answers and notices that wait beyond this, the largest apart, let the client go."""
LINGERS_S = 60.0
"""How long a client that was let go may take to read why."""
TOO_MUCH = "it let this client go, which did not read what it asked for"


class Outbox:
    """The lines on their way to one client. `on_gone` is told why it was let go."""

    def __init__(self, writer: asyncio.StreamWriter, ledger: PatientLedger, on_gone: LetGo) -> None:
        self._writer = writer
        self._ledger = ledger
        self._on_gone = on_gone
        self._round: list[bytes] = []
        """Lines that go out at the end of this round of the loop."""
        self._round_size = 0
        self._lines: deque[bytes] = deque()
        self._latest: dict[str, bytes] = {}
        self._largest = 0
        """Of the lines since all was read."""
        self._within = False
        """A line is written in part."""
        self._pumping: asyncio.Task[None] | None = None
        self._room, self._empty = asyncio.Event(), asyncio.Event()
        self._room.set()
        self._empty.set()
        self._lingering: asyncio.TimerHandle | None = None
        self._gone = False
        self.waiting = 0
        """Bytes that wait here for the client to read."""

    @property
    def gone(self) -> bool:
        """Whether nothing more is sent."""
        return self._gone

    @property
    def behind(self) -> bool:
        """Whether nothing is to be put on top of what the client has to read."""
        return self.waiting > (0 if self._ledger.full else BEHIND)

    async def room(self) -> None:
        """Wait until the client has read most of what it was sent, or is gone."""
        await self._room.wait()
        if self._ledger.full:
            await self._empty.wait()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for room, and for the turn to fill it: one client has it at a time."""
        await self.room()
        async with self._ledger.turn:
            yield
            if self._ledger.full:
                await self._empty.wait()

    def send(self, line: bytes) -> None:
        """Send a line after all others."""
        if self._gone or self._writer.is_closing():
            return
        if self._keeps_up(line):
            if not self._round:
                asyncio.get_running_loop().call_soon(self._write_round)
            self._round.append(line)
            self._round_size += len(line)
            return
        self._write_round()  # what is sent later follows it
        if self.waiting - self._largest > MOST:
            self.let_go(TOO_MUCH)
        else:
            self._lines.append(line)
            self._hold(len(line))

    def _keeps_up(self, line: bytes) -> bool:
        """Whether a line may be given to the system now, with those of this round."""
        if self.waiting or len(line) > PIECE:
            return False
        if self._round_size > PIECE:
            self._write_round()
        return self._unsent() <= PIECE

    def _write_round(self) -> None:
        lines, self._round, self._round_size = self._round, [], 0
        if lines and not self._writer.is_closing():
            self._writer.write(lines[0] if len(lines) == 1 else b"".join(lines))

    def send_latest(self, key: str, line: bytes) -> None:
        """Send a line that makes one of the same key needless, if that still waits."""
        old = self._latest.get(key)
        if old is None and not self.behind:
            self.send(line)
        elif not self._gone:
            self._latest[key] = line
            self._hold(len(line))
            self._free(len(old or b""))

    def let_go(self, reason: str) -> None:
        """Drop what waits, say why, and hang up: the client may still read what it was sent."""
        if self._gone:
            return
        self._write_round()
        self._end()
        if not self._writer.is_closing():
            cut = b"\n" if self._within else b""
            self._writer.write(cut + codec.encode({"bye": reason}))
            self._writer.write_eof()
            loop = asyncio.get_running_loop()
            self._lingering = loop.call_later(LINGERS_S, self._writer.transport.abort)
        self._on_gone(reason)

    def close(self) -> None:
        """The client has gone."""
        self._write_round()
        self._end()
        if self._lingering is not None:
            self._lingering.cancel()
        self._writer.close()

    def _end(self) -> None:
        self._gone = True
        self._round.clear()
        self._lines.clear()
        self._latest.clear()
        self.waiting = 0
        self._ledger.forget(self)
        self._room.set()
        self._empty.set()
        if self._pumping is not None:
            self._pumping.cancel()

    def _unsent(self) -> int:
        return self._writer.transport.get_write_buffer_size()

    def _hold(self, size: int) -> None:
        self.waiting += size
        self._largest = max(self._largest, size)
        self._empty.clear()
        if self.waiting > BEHIND:
            self._room.clear()
        if self._pumping is None:
            self._pumping = asyncio.ensure_future(self._pump())
        self._ledger.hold(self, size)

    def _free(self, size: int) -> None:
        self.waiting -= size
        self._ledger.free(self, size)
        if self.waiting <= BEHIND // 2:
            self._room.set()
        if not self.waiting:
            self._largest = 0
            self._empty.set()

    async def _pump(self) -> None:
        """Hand what waits to the system, as fast as the client reads."""
        try:
            while self.waiting:
                data = self._next()
                for start in range(0, len(data), PIECE):
                    await self._writer.drain()
                    self._ledger.moved(self)
                    self._writer.write(data[start : start + PIECE])
                    self._within = start + PIECE < len(data)
                self._free(len(data))
        except ConnectionError:
            self._pumping = None
            self._end()  # whoever reads from this client sees its end, too
        finally:
            self._pumping = None

    def _next(self) -> bytes:
        """The lines to be sent next, about a piece of them; they still count as waiting."""
        found, size = [], 0
        while size < PIECE:
            if self._latest:
                line = self._latest.pop(next(iter(self._latest)))
            elif self._lines:
                line = self._lines.popleft()
            else:
                break
            found.append(line)
            size += len(line)
        return found[0] if len(found) == 1 else b"".join(found)
