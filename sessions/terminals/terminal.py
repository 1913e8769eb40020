"""One terminal: its program read, what it printed kept, recorded and handed to who looks on.

The pty is read in pieces with pauses between them: a program that floods gets its share and no
more, and one that trickles costs a few reads a second, fewer where nobody looks on. Whoever looks
on is sent no more than a window ahead of what it has drawn; the program is read no faster than the
slowest of them draws, but for one that draws nothing at all for a while.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Protocol

from sessions.errors import UsageError
from sessions.terminals import terminal_queries
from sessions.terminals.escape_sequences import Marks, TerminalMark
from sessions.terminals.modes import ALTERNATE, BRACKETED, Modes
from sessions.terminals.printed_bytes import PrintedBytes
from sessions.terminals.pty import GRACE_S, Pty

log = logging.getLogger("agentdeck.terminals")

WINDOW = 2**18
"""Bytes that are sent to a watcher ahead of what it has drawn."""
HOLD = 2**19
"""Bytes that a watcher may be behind before the program waits for it."""
STALL_S = 1.0
"""A watcher that draws nothing for so long holds up nobody any more."""
SHOWN_S, HIDDEN_S, FLOOD_S = 0.01, 0.05, 0.01
"""Pauses between two reads: with a watcher, without one, and where much came at once."""
SHARE, LEAST_SHARE = 2**16, 2**10
"""Bytes that are read at a time; fewer of a program whose output takes long to read."""
TURN_S = 0.01
"""What is read at a time shall take no longer: others have their turn."""
_SIZES_S = 0.05
_LAST = 2**20
"""Bytes that are still read once the program has ended and its time is over."""
_LEAST, _MOST_CELLS = 2, 1000


class Watches(Protocol):
    """Who looks on, as the terminal knows it."""

    taken: int
    """Up to here it has drawn."""
    took_at: float
    """When it last said so."""
    size: tuple[int, int] | None
    """How large its view is, None if it takes no part in that: such a one answers nothing."""

    def pump(self) -> None:
        """There is more, or an end."""

    def lose(self) -> None:
        """What follows is not to be had: it begins anew."""


class Hears(Protocol):
    """Who is told what happens on a terminal."""

    def marked(self, mark: TerminalMark) -> None:
        """The program said something of itself."""

    def drawn(self, data: bytes) -> None:
        """It printed all that, marks too; piece by piece it is told next."""

    def printed(self, raw: bytes, mark: bool) -> None:
        """A piece of it; `mark`: one of the marks that `marked` is told of next."""

    def sized(self, columns: int, rows: int) -> None:
        """It draws at that size from here on."""

    def ended(self, code: int | None) -> None:
        """It is over, and everything that it printed was told."""


class LiveTerminal:
    """A program's terminal, from its beginning to its end. `start` begins it."""

    def __init__(self, hears: Hears, size: tuple[int, int]) -> None:
        self.kept = PrintedBytes(size)
        self.modes = Modes()
        self.watchers: set[Watches] = set()
        self.running = False
        self._hears = hears
        self._marks = Marks()
        self._pty: Pty | None = None
        self._code: int | None = None
        self._exited = False
        self._again: asyncio.TimerHandle | None = None
        self._sizing: asyncio.TimerHandle | None = None
        self._wanted = size
        self._share = SHARE
        self._loop = asyncio.get_running_loop()

    def start(self, make: Callable[[Callable[[int | None], None]], Pty]) -> None:
        """Begin: `make` is given whom to tell of the program's exit. Raises UsageError."""
        self._pty = make(self._exit)
        self.running = True
        self._arm()

    @property
    def pid(self) -> int:
        """The program's process, 0 before there is one."""
        return self._pty.pid if self._pty is not None else 0

    @property
    def bracketed(self) -> bool:
        """Whether what is pasted shall come between marks."""
        return self.modes.on(BRACKETED)

    @property
    def alternate(self) -> bool:
        """Whether the program draws the whole screen."""
        return self.modes.on(*ALTERNATE)

    # -- read

    def _arm(self) -> None:
        """Read when there is something, or at once where the program has ended."""
        self._again = None
        if self._pty is None or not self.running:
            return
        if (wait := self._held_up()) > 0:
            self._again = self._loop.call_later(wait, self._arm)
        elif self._exited:
            self._read()
        else:
            self._loop.add_reader(self._pty.fd, self._read)

    def _held_up(self) -> float:
        """How long the program waits for who looks on, 0 if it does not."""
        now, wait = self._loop.time(), 0.0
        for watcher in self.watchers:
            if self.kept.end - watcher.taken > HOLD:
                wait = max(wait, watcher.took_at + STALL_S - now)
        return wait

    def took(self) -> None:
        """A watcher has drawn something: the program may go on."""
        self._soon()

    def _soon(self) -> None:
        """Read without the rest of a pause, unless the program waits for who looks on."""
        if self._again is not None and not self._held_up():
            self._again.cancel()
            self._arm()

    def _read(self) -> None:
        pty = self._pty
        if pty is None or not self.running:
            return
        self._loop.remove_reader(pty.fd)
        share, spent = self._share, 0.0
        data, over = _read_from(pty, share)
        if data:
            spent = self._took_in(data)
            self._share = max(LEAST_SHARE, share // 2) if spent > TURN_S else min(SHARE, share * 2)
        if self._exited and (over or (len(data) < share and not pty.others)):
            self._finish()
            return
        if over:
            return  # it was hung up; the program's end is awaited
        pause = FLOOD_S if len(data) >= share else SHOWN_S if self.watchers else HIDDEN_S
        self._again = self._loop.call_later(max(pause, 2 * spent), self._arm)

    def _took_in(self, data: bytes) -> float:
        """Take in what was printed; how many seconds that took."""
        began = self._loop.time()
        try:
            self._take_in(data)
        except Exception:  # whatever it was about, the program is read on
            log.exception("what a program on a terminal printed")
        self._tell()
        return self._loop.time() - began

    def _take_in(self, data: bytes) -> None:
        pieces = self._marks.feed(data)
        if shown := b"".join(raw for raw, _ in pieces):
            self.kept.add(shown)
            self.modes.read(shown)
            if b"\x1b[" in shown and not any(each.size for each in self.watchers):
                self._answer(terminal_queries.answer(shown))
            self._hears.drawn(shown)
        for raw, mark in pieces:
            if raw:
                self._hears.printed(raw, mark is not None)
            if mark is not None:
                self._hears.marked(mark)

    def _answer(self, data: bytes) -> None:
        """Nobody looks on whose emulator would: a program that waits for it would wait long."""
        with contextlib.suppress(UsageError):
            if data:
                self._going().write(data)

    def _tell(self) -> None:
        for watcher in tuple(self.watchers):
            watcher.pump()

    # -- written

    def write(self, data: bytes) -> None:
        """Type something. Raises UsageError."""
        self._going().write(data)
        self._soon()  # what it answers is shown at once

    def resize(self, columns: int, rows: int) -> None:
        """Make it that large; of many sizes in a moment only the last one is told."""
        size = bounded(columns, rows)
        if size == self._wanted:
            return
        self._wanted = size
        if self._sizing is None:
            self._size()
            self._sizing = self._loop.call_later(_SIZES_S, self._sized)

    def _sized(self) -> None:
        self._sizing = None
        if self._wanted != self.kept.size:
            self._size()
            self._sizing = self._loop.call_later(_SIZES_S, self._sized)

    def _size(self) -> None:
        if self._pty is None or not self.running:
            return
        self._pty.resize(*self._wanted)
        self.kept.resized(*self._wanted)
        self._hears.sized(*self._wanted)
        self._tell()

    def redraw(self) -> None:
        """Have a program that draws the whole screen do so again: it is told of two sizes."""
        if self._pty is not None and self.running and self.alternate:
            columns, rows = self.kept.size
            self._pty.resize(columns, rows + 1)
            self._loop.call_later(_SIZES_S, self._size_again)

    def _size_again(self) -> None:
        if self._pty is not None and self.running:
            self._pty.resize(*self.kept.size)

    def _going(self) -> Pty:
        if self._pty is None or not self.running:
            raise UsageError("The program has ended.", "Start it again, or open another terminal.")
        return self._pty

    # -- ended

    def hang_up(self) -> None:
        """End the program and all that it started."""
        self._going().hang_up()
        self._soon()

    def _exit(self, code: int | None) -> None:
        """The program has ended; what it printed last, and who holds its terminal, follow."""
        self._exited, self._code = True, code
        assert self._pty is not None
        self._pty.hang_up()
        self._loop.call_later(GRACE_S + 0.5, self._finish)
        if self._again is not None:
            self._again.cancel()
        self._arm()

    def _finish(self) -> None:
        if not self.running or self._pty is None:
            return
        last, _ = _read_from(self._pty, _LAST)
        if last:
            self._took_in(last)
        self.running = False
        if rest := self._marks.rest():
            self.kept.add(rest)
            self._hears.drawn(rest)
            self._hears.printed(rest, False)
        for timer in (self._again, self._sizing):
            if timer is not None:
                timer.cancel()
        self._pty.close()
        self._hears.ended(self._code)
        self._tell()

    def close(self) -> None:
        """End everything now; nobody is told."""
        self.watchers.clear()
        self.running = False
        if self._pty is not None:
            self._pty.close()


def bounded(columns: int, rows: int) -> tuple[int, int]:
    """The size nearest to that which a terminal may have."""
    wide, high = (max(_LEAST, min(cells, _MOST_CELLS)) for cells in (columns, rows))
    return wide, high


def _read_from(pty: Pty, share: int) -> tuple[bytes, bool]:
    """What waits there, no more than a reading beyond the share; and whether that is the end."""
    parts: list[bytes] = []
    size = 0
    while size < share:
        data = pty.read()
        if not data:
            return b"".join(parts), data is None
        parts.append(data)
        size += len(data)
    return b"".join(parts), False
