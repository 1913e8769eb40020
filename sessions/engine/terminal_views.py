"""What one client does with terminals: it looks on at them, and types."""

from __future__ import annotations

import asyncio
import base64
import binascii
import itertools
from collections.abc import Callable
from typing import Any

from sessions.api.terminals import TerminalWatched
from sessions.engine.outbox import Outbox
from sessions.engine.whole_deck import WholeDeck
from sessions.errors import UsageError
from sessions.runtime.session import Session
from sessions.terminals.printed_bytes import MOST
from sessions.terminals.watching import TerminalPiece, Watchable, Watcher

_later = itertools.count(1).__next__


class TerminalViews:
    """The terminals that a client looks at."""

    def __init__(self, deck: WholeDeck, outbox: Outbox) -> None:
        self._deck = deck
        self._outbox = outbox
        self._watching: dict[str, Watcher] = {}

    async def watch(
        self, session: str, columns: int = 0, rows: int = 0, history: int = MOST
    ) -> TerminalWatched:
        """What a terminal prints from here on, at most `history` bytes of the past first.

        `columns` and `rows`: how large the view is (see `terminal.size`).
        """
        terminal = await self._shown(await self._deck.get(session))
        kept = terminal.kept
        start = max(kept.start, kept.end - max(0, history)) if kept.start else 0
        told: TerminalWatched = {
            "columns": kept.size_at(start)[0],
            "rows": kept.size_at(start)[1],
            "start": start,
            "end": kept.end,
            "preamble": base64.b64encode(kept.preamble()).decode(),
            "whole": start == 0,
            "running": terminal.running,
        }
        watcher = Watcher(terminal, self._outbox, lambda piece: self._send(session, piece), start)
        self._unwatch(session)
        self._watching[session] = watcher
        # Behind the answer, which says where it begins.
        asyncio.get_running_loop().call_soon(self._begin, session, watcher, columns, rows)
        return told

    def _begin(self, session: str, watcher: Watcher, columns: int, rows: int) -> None:
        if self._watching.get(session) is not watcher:
            return
        if columns and rows:
            self._size(watcher, columns, rows)
        watcher.pump()
        if not watcher.terminal.kept.whole:
            watcher.terminal.redraw()

    async def unwatch(self, session: str) -> None:
        """Look at a terminal no more."""
        self._unwatch(session)

    async def took(self, session: str, at: int) -> None:
        """Everything up to byte `at` is drawn: no more than 256 KB are sent ahead of it."""
        if (watcher := self._watching.get(session)) is not None:
            watcher.took(at)

    async def size(self, session: str, columns: int, rows: int) -> None:
        """How large this client's view of a terminal is.

        The terminal is as large as the view that typed last, or, before, as the newest.
        """
        self._size(self._watcher(session), columns, rows)

    async def input(self, session: str, data: str, reply: bool = False) -> None:
        """Type into a terminal (base64): keys, and what the mouse does. Never recorded.

        `reply`: what an emulator answers to a question of the program. It is no typing, and only
        that of the view which decides the size arrives: the program asked once.
        """
        try:
            typed = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError) as error:
            raise UsageError("Wrong arguments: data is no base64.") from error
        found = await self._deck.get(session)
        watcher = self._watching.get(session)
        if reply and (watcher is None or _first(watcher.terminal) is not watcher):
            return
        if host := found.summary.host:
            self._has_typed(watcher, reply)
            there = self._deck.elsewhere.on(host)
            await there.call("terminal.input", session=session, data=data, reply=reply)
            return
        live = self._deck.features.terminals.of(found)
        self._has_typed(watcher, reply)
        live.terminal.write(typed)
        if not reply:
            live.typed()

    @staticmethod
    def _has_typed(watcher: Watcher | None, reply: bool) -> None:
        if watcher is not None and not reply:
            watcher.typed = _later()
            _decide(watcher.terminal)

    def close(self) -> None:
        """The client goes."""
        for session in list(self._watching):
            self._unwatch(session)

    async def _shown(self, session: Session) -> Watchable:
        """What there is to be seen of a terminal, wherever it is."""
        if host := session.summary.host:
            return await self._deck.elsewhere.terminal(host, session.id)
        return await self._deck.features.terminals.shown(session)

    def _watcher(self, session: str) -> Watcher:
        watcher = self._watching.get(session)
        if watcher is None:
            raise UsageError("This client does not look at that terminal.")
        return watcher

    def _size(self, watcher: Watcher, columns: int, rows: int) -> None:
        watcher.size = columns, rows
        if not any(other.typed > 0 for other in _views(watcher.terminal)):
            watcher.said = _later()
        _decide(watcher.terminal)

    def _unwatch(self, session: str) -> None:
        if (watcher := self._watching.pop(session, None)) is not None:
            watcher.close()
            _decide(watcher.terminal)

    def _send(self, session: str, piece: TerminalPiece) -> None:
        self._outbox.send(line(session, piece))
        if piece.lost:
            self._unwatch(session)


def line(session: str, piece: TerminalPiece) -> bytes:
    """A piece as it goes to a client."""
    told = b'{"terminal":"%s","at":%d' % (session.encode(), piece.at)
    if piece.data:
        told += b',"data":"' + base64.b64encode(piece.data) + b'"'
    if piece.size is not None:
        told += b',"size":[%d,%d]' % piece.size
    if piece.end or piece.lost:
        told += b',"end":true' if piece.end else b',"lost":true'
    return told + b"}\n"


def _views(terminal: Watchable) -> list[Watcher]:
    """Those who look on and have a size."""
    return [w for w in terminal.watchers if isinstance(w, Watcher) and w.size is not None]


def _first(terminal: Watchable) -> Watcher | None:
    """The view of whoever typed last, or, before anybody has, of who said its size last."""
    return max(_views(terminal), key=lambda w: (w.typed, w.said), default=None)


def _decide(terminal: Watchable) -> None:
    """Make it as large as that."""
    first = _first(terminal)
    if first is not None and first.size is not None:
        terminal.resize(*first.size)


COMMANDS: dict[str, Callable[..., Any]] = {
    "terminal.input": TerminalViews.input,
    "terminal.size": TerminalViews.size,
    "terminal.took": TerminalViews.took,
    "terminal.unwatch": TerminalViews.unwatch,
    "terminal.watch": TerminalViews.watch,
}
"""What a client does as this client, and not as any other."""
