"""One clock for all tiles: dirty ones are drawn in turn, and nothing runs when none is.

Drawing every tile at its own pace, or all of them at once, is what makes a key wait. So a
tick draws only a share of the tiles that are due, and each tile is due again `PERIOD_S`
after it was drawn. When the last one is clean, the timer stops.

In a browser it is the other way round: each of its frames costs more than what has changed in it,
so all tiles are drawn at once, and a key waits for one frame in place of several. While somebody
writes, that frame comes right behind a key's echo, when the next key is farthest away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from time import monotonic
from typing import Protocol

from textual.message_pump import MessagePump

from tui.timing.timers import later

PERIOD_S = 0.1
"""How often a tile that streams is drawn."""
CROWD = 12
CROWD_PERIOD_S = 0.2
"""How often, while more than `CROWD` stream: nobody reads so many at once, but for `first`."""
TOGETHER_S = 0.2
"""How often in a browser."""
ECHO_S, ECHOED_S = 0.04, 0.08
"""From when until when after a key its echo has been drawn, and no other key is to be expected."""
WRITES_S = 0.3
"""So long after a key another one is expected."""
TICK_S = 0.04
"""How long the clock leaves the loop alone between two shares."""


Frame = Callable[[], AbstractContextManager[None]]


class Flushable(Protocol):
    """What the clock draws."""

    def flush(self) -> bool:
        """Draw what is new; True if anything is left to draw."""
        ...


class FrameClock:
    """Draws dirty views in turn.

    Args:
        pump: the app or screen whose event loop the clock runs on.
        frame: what is drawn in one of these is painted together.
    """

    def __init__(self, pump: MessagePump, frame: Frame = nullcontext) -> None:
        self._pump = pump
        self._frame = frame
        self._dirty: dict[Flushable, None] = {}
        self._drawn: dict[Flushable, float] = {}
        self._shown: set[Flushable] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._last = 0.0
        self._key = -WRITES_S
        self.first: Flushable | None = None
        """What is looked at, most likely: drawn every `PERIOD_S`, whatever else streams."""
        self.together = False
        """All that is dirty is drawn at once, every `TOGETHER_S`."""
        self.ticks = 0
        """How often it has ticked; it stands still while nothing is dirty."""

    @property
    def running(self) -> bool:
        """Whether anything waits to be drawn."""
        return self._timer is not None

    def show(self, views: Iterable[Flushable]) -> None:
        """Name the views on screen. Others are forgotten; when mounted again they draw all."""
        self._shown = set(views)
        self._dirty = {view: None for view in self._dirty if view in self._shown}
        self._drawn = {view: at for view, at in self._drawn.items() if view in self._shown}

    def wake(self, view: Flushable) -> None:
        """Draw `view` at its next turn."""
        if self._shown is not None and view not in self._shown:
            return
        self._dirty[view] = None
        if self._timer is None:
            if self.together:
                self._wait_together()
            else:
                self._wait(self._drawn.get(view, 0.0) + PERIOD_S - monotonic())

    def key(self) -> None:
        """A key has come; in a browser what streams is drawn when its echo has been."""
        if not self.together:
            return
        self._key = monotonic()
        if self._timer is not None:
            self._timer.cancel()
            self._wait_together()

    def _wait_together(self) -> None:
        now = monotonic()
        due = max(now, self._last + TOGETHER_S)
        behind = max(due, self._key + ECHO_S)
        if behind > self._key + ECHOED_S:
            behind = max(due, self._key + WRITES_S)
        self._wait(behind - now)

    @property
    def _period(self) -> float:
        return CROWD_PERIOD_S if len(self._dirty) > CROWD else PERIOD_S

    def _wait(self, seconds: float) -> None:
        self._timer = later(self._pump, max(TICK_S, seconds), self._tick)

    def _tick(self) -> None:
        self._timer = None
        self.ticks += 1
        now = monotonic()
        if self.together:
            self._draw_all(now)
            return
        period = self._period
        share = max(1, -int(-len(self._dirty) * TICK_S // period))
        due = [v for v in self._dirty if self._due(v, period) <= now + TICK_S / 2]
        due.sort(key=lambda view: view is not self.first)
        with self._frame():
            for view in due[:share]:
                del self._dirty[view]
                self._drawn[view] = now
                if view.flush():
                    self._dirty[view] = None
        if self._dirty:
            period = self._period
            self._wait(min(self._due(view, period) for view in self._dirty) - monotonic())

    def _due(self, view: Flushable, period: float) -> float:
        return self._drawn.get(view, 0.0) + (PERIOD_S if view is self.first else period)

    def _draw_all(self, now: float) -> None:
        self._last = now
        dirty, self._dirty = self._dirty, {}
        with self._frame():
            for view in dirty:
                if view.flush():
                    self._dirty[view] = None
        if self._dirty:
            self._wait_together()
