"""Strips without the caches that Textual's begin with.

One of Textual's (8.2.8) makes seven before it holds a cell: most of what it costs to make, and a
kilobyte and a half for each row that is kept. A row of a transcript is painted whole, and needs
them at most under a dialog; what Textual makes of it, with a tile's edges and without, needs one or
two. With 24 tiles it keeps 1,900 of those.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.segment import Segment
from textual.cache import FIFOCache
from textual.strip import Strip

TEXTUALS = Strip.__init__
"""How its own begin."""
_EMPTY = Strip([])
CACHES = frozenset(n for n in Strip.__slots__ if isinstance(getattr(_EMPTY, n), FIFOCache))


class LightStrip(Strip):
    """A strip that makes a cache when it is looked into."""

    __slots__ = ()

    def __init__(self, segments: Iterable[Segment], cell_length: int | None = None) -> None:
        self._segments = list(segments)
        self._cell_length = cell_length
        self._render_cache = self._link_ids = self._cell_count = None

    def __getattr__(self, name: str) -> Any:
        if name not in CACHES:
            raise AttributeError(name)
        cache: FIFOCache[Any, Any] = FIFOCache(4)
        setattr(self, name, cache)
        return cache


def lighten() -> None:
    """Have all that Textual makes from now on begin without them too."""
    Strip.__init__ = LightStrip.__init__  # type: ignore[assignment,method-assign]
    Strip.__getattr__ = LightStrip.__getattr__  # type: ignore[attr-defined]
