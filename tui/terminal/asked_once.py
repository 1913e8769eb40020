"""What a key asks is asked once, however often it was pressed before the dialog stood there.

A dialog is opened by a worker, which may ask the engine first. On a machine that is full this takes
longer than keys and clicks are kept for it (`typeahead`): the second press of an impatient hand
began a second worker, and one dialog stood upon the other.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from textual.worker import Worker, active_worker

if TYPE_CHECKING:
    from textual.app import App
    from textual.screen import Screen

    _App = App[Any]
else:
    _App = object

ACTIONS = "action-"
"""How the groups of the workers begin that do an action of the deck, one group for each."""


class AskedOnce(_App):
    """Opens no second dialog for what has one already."""

    _asked_by: WeakKeyDictionary[Screen[Any], Worker[Any]] | None = None

    def push_screen(self, *given: Any, **how: Any) -> Any:
        """As in Textual; a worker that would ask again is cancelled instead."""
        screen = given[0] if given else how.get("screen")
        worker = _worker()
        if worker is None or screen is None or isinstance(screen, str):
            return super().push_screen(*given, **how)
        asked = self._asked_by = self._asked_by or WeakKeyDictionary()
        there = asked.get(self.screen)
        again = there is not None and there is not worker and _same_place(there, worker)
        if again and _what(self.screen) == _what(screen):
            raise asyncio.CancelledError
        asked[screen] = worker
        if worker.group.startswith(ACTIONS):
            for other in self.workers:
                if other is not worker and not other.is_finished and _same_place(other, worker):
                    other.cancel()
        return super().push_screen(*given, **how)


def _worker() -> Worker[Any] | None:
    """The worker that is running now; what it has opened inherits it and is none."""
    worker = active_worker.get(None)
    return worker if worker is not None and worker._task is asyncio.current_task() else None


def _same_place(one: Worker[Any], other: Worker[Any]) -> bool:
    return one.node is other.node and one.group == other.group


def _what(screen: object) -> tuple[type, object]:
    return type(screen), getattr(screen, "heading", None)
