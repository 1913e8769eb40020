"""What can wait until nobody does anything, above all garbage.

A dialog is thousands of objects, most of them in cycles, and Textual (8.2.8) keeps more than ten
for every row that it has drawn. By Python's own counts nearly every dialog that opened was met by
a full collection, which stopped the deck for 15 to 80 ms between its key and its rows.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from tui.timing.timers import later

if TYPE_CHECKING:
    from textual.app import App

IDLE_S = 2.0
"""Without a key."""
_SELDOM = (5_000, 20, 100)
"""Young ones are looked at as often as a dialog opens; all of them when nobody waits, or late."""
_littered: WeakSet[App[Any]] = WeakSet()
"""Apps whose garbage is collected as soon as nobody does anything."""


def started() -> None:
    """What lives now lives on, and need not be looked through again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_SELDOM)


def when_idle(app: App[Any], do: Callable[[], object], seconds: float | None = None) -> None:
    """Do something as soon as no key has come for `seconds`."""
    still = IDLE_S if seconds is None else seconds

    def look() -> None:
        rest = getattr(app, "key_at", 0.0) + still - monotonic()
        if rest > 0:
            later(app, rest, look)
        else:
            do()

    later(app, still, look)


def collect_when_idle(app: App[Any]) -> None:
    """Collect garbage then: once, however many dialogs have left some."""
    if app in _littered:
        return
    _littered.add(app)

    def collect() -> None:
        _littered.discard(app)
        gc.collect()

    when_idle(app, collect)
