"""Keys that come right behind one that opens something wait until it stands there.

Textual (8.2.8) gives a key to whatever has the focus when its turn comes. A dialog that is opened
by a worker, which may ask the engine first, has it some moments later, many on a machine that is
full: what was typed for the dialog stood in the composer, or was sent.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TYPE_CHECKING, Any

from textual import events
from textual.message import Message

from tui.timing.timers import later

if TYPE_CHECKING:
    from textual.app import App
    from textual.screen import Screen
    from textual.worker import Worker

MOST_S = 1.0
"""What takes longer has the keys behind it no more: the deck is not to seem dead."""
_LOOKS_S = 0.005


class Done(Message):
    """Goes the way of the key before it, through the same queues: when it comes, that was done."""


class Typeahead:
    """One for an app. `give` is what the app does with a key or a paste, `opens` whether it may
    open something on the screen in front."""

    def __init__(
        self,
        app: App[Any],
        give: Callable[[events.Event], Awaitable[None]],
        opens: Callable[[events.Event], bool],
    ) -> None:
        self._app = app
        self._give = give
        self._opens = opens
        self.most_s = MOST_S
        self._held: deque[events.Event] = deque()
        self._waits = False
        self._done = False

    async def take(self, event: events.Event) -> None:
        """Give it on, or keep it for what the last key opens."""
        if self._waits or self._held:
            self._held.append(event)
        else:
            await self._pass(event)

    async def _pass(self, event: events.Event) -> None:
        if not self._opens(event):
            await self._give(event)
            return
        screen, before = self._app.screen, set(self._app.workers)
        self._waits, self._done = True, False
        await self._give(event)
        to = self._app.focused or self._app.screen
        self._done = not to.post_message(Done())
        self._look(screen, before, monotonic() + self.most_s)

    def done(self) -> None:
        """The key has been done; what it began may go on."""
        self._done = True

    def _look(self, screen: Screen[object], before: set[Worker[object]], end: float) -> None:
        def look() -> None:
            if monotonic() < end and not self._settled(screen, before):
                self._look(screen, before, end)
            else:
                # Behind the focus, which a dialog gives to one of its fields in the app's turn.
                self._app.call_later(self._go_on)

        later(self._app, _LOOKS_S, look)

    def _settled(self, screen: Screen[object], before: set[Worker[object]]) -> bool:
        now = self._app.screen
        if now is not screen:
            return now.is_mounted
        return self._done and not any(
            worker.node in (screen, self._app) and not worker.is_finished
            for worker in set(self._app.workers) - before
        )

    async def _go_on(self) -> None:
        self._waits = False
        while self._held and not self._waits:
            await self._pass(self._held.popleft())
