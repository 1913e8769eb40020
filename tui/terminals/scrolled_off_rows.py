"""How many rows a terminal has let go of at the top, once its scrollback is full.

The library counts rows from the oldest one that it keeps, and does not tell when it lets some go.
It does tell where a row stands by now that it was asked to keep an eye on.
"""

from __future__ import annotations

from typing import Any

from pyghostty._ffi import check, ffi, lib, union_fn

_FAR = 4096


class ScrolledOffRows:
    """A row of a terminal, looked at again and again; the rows that went are counted by it."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        self._ref = ffi.new("GhosttyTrackedGridRef*")
        self._place = ffi.new("GhosttyPointCoordinate*")
        self._at = 0
        """Where the row stands, counted from the first row that there ever was."""
        self.gone = self._end = 0
        """`_end`: behind the last row at the last look, counted as `_at` is."""
        self.drop(0, 0)

    def look(self, top: int, rows: int) -> int:
        """The rows that have gone; `top`: where the screen of `rows` begins among those left.

        Where the row itself went, so many came at once that nobody knows what is left of those
        before: none of them is taken for another.
        """
        here = self._where()
        if here is None:
            self.drop(top, max(self._at + 1, self._end))
        else:
            self.gone = self._at - here
            if top - here > _FAR:
                self.drop(top, self.gone)
        self._end = self.gone + top + rows
        return self.gone

    def drop(self, top: int, gone: int) -> None:
        """Look at the screen's first row from here on; `gone` rows have gone by now.

        No other: where a blank row below the text is looked at, the library keeps it when the
        terminal gets smaller, and moves text out of the screen instead.
        """
        self.close()
        self.gone = gone
        point = ffi.new("GhosttyPointS*")
        point.tag, point.value.y = lib.GHOSTTY_POINT_TAG_SCREEN, top
        track = union_fn(
            "ghostty_terminal_grid_ref_track",
            "GhosttyResult(*)(GhosttyTerminal, GhosttyPointS, GhosttyTrackedGridRef*)",
        )
        check(track(self._handle, point[0], self._ref), "track")
        self._at = gone + top

    def _where(self) -> int | None:
        if not lib.ghostty_tracked_grid_ref_has_value(self._ref[0]):
            return None
        missed = lib.ghostty_tracked_grid_ref_point(
            self._ref[0], lib.GHOSTTY_POINT_TAG_SCREEN, self._place
        )
        return None if missed else int(self._place.y)

    def close(self) -> None:
        """Look no more."""
        if self._ref[0] != ffi.NULL:
            lib.ghostty_tracked_grid_ref_free(self._ref[0])
            self._ref[0] = ffi.NULL
