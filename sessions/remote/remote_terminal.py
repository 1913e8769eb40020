"""A terminal of another machine, looked at from here: what it prints is kept here too while it is.

However many look on here, it is looked at over there once, as by one more deck of that machine:
it is sent no more than is drawn here, and has the size of who typed last, there or here.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
from typing import Any, Protocol, runtime_checkable

from sessions.api.terminals import TerminalOutput
from sessions.errors import AgentdeckError, EngineError
from sessions.record import events as ev
from sessions.terminals.printed_bytes import PrintedBytes
from sessions.terminals.terminal import Watches, bounded

log = logging.getLogger("agentdeck.remote")

_TAKEN_EVERY = 2**16
"""It is told over there how much is drawn here this often; it sends four times as much ahead."""
_MOST_BEFORE = 2**14
"""Bytes of what sets the modes from before the first that is kept."""
_ALONE_S = 5.0
"""Who asked for it has looked on by then, or will not."""
_SIZES_S = 0.1
"""Two sizes that come sooner after each other are one over there."""


class HearsPrinted(Protocol):
    """Who is told what a terminal over there prints."""

    def came(self, output: TerminalOutput) -> None:
        """That came."""

    def lose(self) -> None:
        """Its machine is away: nothing follows."""


@runtime_checkable
class ShowsTerminals(Protocol):
    """A site whose terminals can be looked at."""

    hears: dict[str, HearsPrinted]
    """By session: who looks on. What comes for others is passed over."""

    async def call(self, command: str, args: ev.JSON) -> Any:
        """A command of the engine, done over there."""


class FarTerminal:
    """One that is looked at (`begin`) for as long as somebody here does."""

    def __init__(self, site: ShowsTerminals, session: str) -> None:
        self.kept = PrintedBytes((80, 24))
        self.watchers: set[Watches] = set()
        self.running = True
        self.over = False
        """It is looked at no more: who wants to see it begins anew."""
        self._site = site
        self._session = session
        self._early: list[TerminalOutput] | None = []
        """What came before the answer that says where it begins."""
        self._told = 0
        """Up to here it is known over there to be drawn."""
        self._wanted: tuple[int, int] | None = None
        self._begun_at = 0.0
        self._beginning: asyncio.Task[None] | None = None
        self._asking: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()
        """What is said over there arrives in order."""

    async def begin(self) -> None:
        """Look on, if that is not so yet, from the first byte that is kept over there.

        Raises AgentdeckError.
        """
        if self._beginning is None:
            self._beginning = asyncio.get_running_loop().create_task(self._begin())
        await asyncio.shield(self._beginning)

    async def _begin(self) -> None:
        self._site.hears[self._session] = self
        try:
            self._began(await self._site.call("terminal.watch", {"session": self._session}))
        except BaseException:
            self._leave()
            raise

    def _began(self, told: ev.JSON) -> None:
        try:
            start, size = int(told["start"]), _bound(told["columns"], told["rows"])
            before = base64.b64decode(told["preamble"], validate=True)[:_MOST_BEFORE]
        except (KeyError, TypeError, ValueError, binascii.Error) as error:
            raise EngineError("What was answered over there is no terminal.") from error
        self.kept = PrintedBytes(size)
        self.kept.begin(max(0, start), before)
        self._told = self.kept.start
        self._begun_at = asyncio.get_running_loop().time()
        early, self._early = self._early or [], None
        for output in early:
            self.came(output)

    def came(self, output: TerminalOutput) -> None:
        """It printed that, has another size, or nothing follows."""
        if self._early is not None:
            self._early.append(output)
            return
        if output.lost or output.at != self.kept.end:
            self.lose()
            return
        if output.size is not None:
            self.kept.resized(*_bound(*output.size))
        if output.data:
            self.kept.add(output.data)
        if output.end:
            self.running = False
        for watcher in tuple(self.watchers):
            watcher.pump()
        if output.end:
            self._leave()
        elif asyncio.get_running_loop().time() - self._begun_at > _ALONE_S:
            self.took()

    def lose(self) -> None:
        """More was printed than came, or its machine is away: all who look on begin anew."""
        self._leave()
        for watcher in tuple(self.watchers):
            watcher.lose()

    def took(self) -> None:
        """Somebody has drawn something, or looks on no more: with the last, all is over."""
        if self.over:
            return
        if not self.watchers:
            self._leave()
            self._say("terminal.unwatch")
            return
        taken = min(watcher.taken for watcher in self.watchers)
        if taken - self._told >= _TAKEN_EVERY:
            self._told = taken
            self._say("terminal.took", at=taken)

    def resize(self, columns: int, rows: int) -> None:
        """So large is the view here that decides; whether it does over there, is said there."""
        if not self.over and self._wanted != (columns, rows):
            self._wanted = columns, rows
            self._say("terminal.size", columns=columns, rows=rows)

    def redraw(self) -> None:
        """Done over there for who looks on first; for others by two sizes."""
        if len(self.watchers) > 1 and self._wanted is not None and not self.over:
            columns, rows = self._wanted
            self._say("terminal.size", columns=columns, rows=rows + 1)
            self._say("terminal.size", after=_SIZES_S, columns=columns, rows=rows)

    def _leave(self) -> None:
        self.over = True
        if self._site.hears.get(self._session) is self:
            del self._site.hears[self._session]

    def _say(self, command: str, after: float = 0.0, **args: Any) -> None:
        task = asyncio.get_running_loop().create_task(self._said(command, after, args))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _said(self, command: str, after: float, args: ev.JSON) -> None:
        async with self._turn:
            try:
                await asyncio.sleep(after)
                await self._site.call(command, {"session": self._session, **args})
            except AgentdeckError as error:
                log.info("terminal %s: %s", self._session, error.message)


def _bound(columns: object, rows: object) -> tuple[int, int]:
    """A size as it was told from outside. Raises ValueError, TypeError."""
    return bounded(int(str(columns)), int(str(rows)))
