"""Painting small changes at small cost.

Textual's compositor (8.2.8) renders every widget that lies in the rectangle round all dirty
regions, cuts all their rows, and throws away what is covered. With two dozen tiles that each
change a row or two, the rectangle is the screen, sixty times a second. Here each dirty region
whose uppermost widget covers it whole is rendered by that widget alone; all others go the
usual way. What is on top wins in both.

This leans on private parts: `Compositor._dirty_regions`, `visible_widgets` (front to back)
and `render_partial_update`, and `Screen._compositor`. `test_compositor.py` compares what both
paint.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from math import inf
from time import monotonic
from typing import Any

from rich.console import Console
from textual import events
from textual._compositor import (
    ChopsUpdate,
    Compositor,
    CompositorMap,
    CompositorUpdate,
    LayoutUpdate,
    ReflowResult,
)
from textual.geometry import Region, Size
from textual.map_geometry import MapGeometry
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from tui.pictures.strips import copied, drawn_over
from tui.timing.timers import later
from tui.view.textual_workarounds import SteadyScreen

SOONEST_S = 0.008
"""The screen is painted again no sooner than this."""
BEHIND_S = 1.0
"""Behind a dialog no sooner than this, and no sooner than this after a key.

For each change there Textual (8.2.8) paints and tints all that lies behind anew, and takes the
screen below for wholly changed from then on: with tiles that stream, a dialog's keys waited for
nothing but that.
"""

MOST_PARTS = 24
"""Of a dirty region; one that has more is painted the usual way."""

_Part = tuple[Region, Widget, Region]
"""What is seen of a widget in a dirty region, the widget, and where it lies."""


class LeanUpdate(CompositorUpdate):
    """Rows to be painted: `(x, y, strip)`, then what the usual way made."""

    def __init__(
        self, rows: list[tuple[int, int, Strip]], rest: CompositorUpdate | None, height: int = 0
    ) -> None:
        self.rows = rows
        self.rest = rest
        self.height = height

    def render_segments(self, console: Console) -> str:
        """The update as terminal sequences."""
        said = [f"\x1b[{y + 1};{x + 1}H{strip.render(console)}" for x, y, strip in self.rows]
        rows: Iterable[tuple[int, int, Strip]] = self.rows
        if self.rest is not None:
            said.append(self.rest.render_segments(console))
            if isinstance(self.rest, ChopsUpdate):
                rows = chain(rows, _touched(self.rest))
        said.append(drawn_over(rows, self.height))
        return "".join(said)


class FullUpdate(LayoutUpdate):
    """The whole screen, with the pictures that lie over it."""

    def render_segments(self, console: Console) -> str:
        """The update as terminal sequences."""
        rows = (each for y, line in enumerate(self.strips, self.region.y)
                for each in _placed(self.region.x, y, line))  # fmt: skip
        return super().render_segments(console) + drawn_over(rows, self.region.height)


def _placed(x: int, y: int, strips: Iterable[Strip]) -> Iterable[tuple[int, int, Strip]]:
    """Strips that follow each other, each with its place."""
    for strip in strips:
        yield x, y, strip
        x += strip.cell_length


def _touched(update: ChopsUpdate) -> Iterable[tuple[int, int, Strip]]:
    """The strips of an update that are painted."""
    for y, x1, x2 in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is not None and x <= x2 and end > x1:
                yield x, y, strip


class LeanCompositor(Compositor):
    """A compositor that asks only the widgets that are seen where something is dirty."""

    def __init__(self) -> None:
        super().__init__()
        self._known_parts: dict[Region, list[_Part] | None] = {}
        self._parts_of: object = None
        self._hidden: set[Widget] = set()
        self._covered_of: object = None

    def reflow(self, parent: Widget, size: Size) -> ReflowResult:
        """Lay out anew; what is to be painted is what has moved, come or gone.

        To Textual a widget has changed too when another one of its screen has come or gone: each
        is numbered in the order of painting, and told of the room that docked ones take. A list
        of nine rows over the composer then paints the whole screen.
        """
        dirty, before, of_size = set(self._dirty_regions), self._full_map, self.size
        result = super().reflow(parent, size)
        after = self._full_map
        # Or whoever asks next where something lies would have all laid out again.
        self._full_map_invalidated = False
        if of_size == size and _in_turn(before, after) == _in_turn(after, before):
            self._dirty_regions = dirty | _moved(before, after)
        return result

    def render_partial_update(self) -> Any:
        """What changed since the last update, or None."""
        if not self._dirty_regions:
            return None
        rows: list[tuple[int, int, Strip]] = []
        rest: set[Region] = set()
        screen = self.size.region
        for dirty in self._dirty_regions:
            region = dirty.intersection(screen)
            painted = self._painted(region) if region else []
            if painted is None:
                rest.add(region)
            else:
                rows += painted
        self._dirty_regions = rest
        other = super().render_partial_update() if rest else None
        self._dirty_regions.clear()
        if not rows and other is None:
            return None
        return LeanUpdate(rows, other, screen.height)

    def _get_renders(
        self, crop: Region | None = None
    ) -> Iterable[tuple[Region, Region, list[Strip]]]:
        """What each widget paints, front to back, but for those of which nothing is seen."""
        covered = self._covered()
        for widget, (region, clip) in self.visible_widgets.items():
            if widget in covered or (crop and not crop.overlaps(clip)):
                continue
            if seen := clip.intersection(region):
                part = Region(seen.x - region.x, seen.y - region.y, seen.width, seen.height)
                # A strip keeps what it was cut into; these copies take that with them.
                strips = [copied(s) for s in widget.render_lines(part)]
                yield region, clip, strips

    def _render_chops(
        self, crop: Region, is_rendered_line: Callable[[int], bool]
    ) -> Sequence[Mapping[int, Strip]]:
        """What is seen of each row, cut where widgets begin and end.

        A widget that is about to get another size can paint less than its place. Then what
        lies behind it is seen after all, as with Textual's own compositor.
        """
        chops = super()._render_chops(crop, is_rendered_line)
        if not _gaps(chops, crop, is_rendered_line):
            return chops
        hidden, self._hidden = self._covered(), set()
        try:
            chops = super()._render_chops(crop, is_rendered_line)
        finally:
            self._hidden = hidden
        return chops

    def _covered(self) -> set[Widget]:
        """The widgets that lie wholly behind others: most containers."""
        visible = self.visible_widgets
        if visible is self._covered_of:
            return self._hidden
        self._covered_of, self._hidden = visible, set()
        seen = [bytearray(self.size.width) for _ in range(self.size.height)]
        for widget, (where, clip) in visible.items():
            region = where.intersection(clip).intersection(self.size.region)
            rows = seen[region.y : region.bottom]
            if not any(row.find(0, region.x, region.right) >= 0 for row in rows):
                self._hidden.add(widget)
                continue
            filled = b"\x01" * region.width
            for row in rows:
                row[region.x : region.right] = filled
        return self._hidden

    def render_full_update(self, simplify: bool = False) -> LayoutUpdate:
        """The whole screen, as after a change of layout."""
        update = super().render_full_update(simplify)
        # What containers painted behind their children was copied into the update; kept, it
        # is most of what a deck with many tiles holds in memory (9 MB of 17, 240x72).
        for widget in self.visible_widgets:
            if widget.is_container:
                widget._styles_cache.clear()
        return update if simplify else FullUpdate(update.strips, update.region)

    def _painted(self, region: Region) -> list[tuple[int, int, Strip]] | None:
        """A dirty region's rows, each as its widget has it; None: it is to go the usual way."""
        parts = self._parts(region)
        if parts is None:
            return None
        rows: list[tuple[int, int, Strip]] = []
        for part, widget, where in parts:
            strips = widget.render_lines(part.translate(-where.offset))
            if len(strips) < part.height or any(s.cell_length < part.width for s in strips):
                return None  # it paints less than its place: what lies behind is seen
            rows += [(part.x, y, strip) for y, strip in zip(part.line_range, strips, strict=False)]
        return rows

    def _parts(self, region: Region) -> list[_Part] | None:
        """What of `region` which widget is seen in; None: nobody somewhere, or too many."""
        visible = self.visible_widgets
        if visible is not self._parts_of:
            self._parts_of = visible
            self._known_parts = {}
        try:
            return self._known_parts[region]
        except KeyError:
            pass
        if len(self._known_parts) > 4096:
            self._known_parts.clear()
        parts = self._known_parts[region] = _parted(region, visible)
        return parts


def _parted(region: Region, visible: Mapping[Widget, tuple[Region, Region]]) -> list[_Part] | None:
    parts: list[_Part] = []
    lacking = [region]
    for widget, (where, clip) in visible.items():
        seen = where.intersection(clip)
        if not seen.overlaps(region):
            continue
        left = []
        for piece in lacking:
            part = piece.intersection(seen)
            if part:
                parts.append((part, widget, where))
                left += _without(piece, part)
            else:
                left.append(piece)
        lacking = left
        if not lacking:
            return parts
        if len(parts) + len(lacking) > MOST_PARTS:
            break
    return None


def _without(region: Region, part: Region) -> list[Region]:
    """What is left of a region round a part of it: above, below, and to both sides."""
    x, y, width, _ = region
    left = [
        Region(x, y, width, part.y - y),
        Region(x, part.bottom, width, region.bottom - part.bottom),
        Region(x, part.y, part.x - x, part.height),
        Region(part.right, part.y, region.right - part.right, part.height),
    ]
    return [each for each in left if each]


def _in_turn(map: CompositorMap, other: CompositorMap) -> list[Widget]:
    """The widgets that are in both, in the order in which they are painted in the first one."""
    common = [widget for widget in map if widget in other]
    return sorted(common, key=lambda widget: map[widget].order)


def _moved(before: CompositorMap, after: CompositorMap) -> set[Region]:
    """Where something is seen in another place or size than before."""
    regions = set()
    for widget in before.keys() | after.keys():
        was, now = before.get(widget), after.get(widget)
        if was is None or now is None or _placing(was) != _placing(now):
            regions |= {each.clip.intersection(each.region) for each in (was, now) if each}
    return {region for region in regions if region}


def _placing(found: MapGeometry) -> tuple[Region, Region, Size, Size]:
    return found.region, found.clip, found.virtual_size, found.container_size


def _gaps(
    chops: Sequence[Mapping[int, Strip | None]],
    crop: Region,
    is_rendered_line: Callable[[int], bool],
) -> bool:
    """Whether nothing was painted somewhere in `crop`."""
    inside = range(crop.x, crop.right)
    return any(
        strip is None and x in inside
        for y in filter(is_rendered_line, crop.line_range)
        for x, strip in chops[y].items()
    )


class LeanScreen(SteadyScreen, Screen[Any]):
    """A screen with that compositor: `class DeckScreen(LeanScreen)`.

    It also paints as soon as it is idle. Textual paints at the next of its sixty ticks a
    second, which alone makes a key's echo wait for up to 17 ms while anything streams.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._compositor = LeanCompositor()
        self._painted_at = 0.0
        self._drawing = self._drawn = False
        self._behind_next = 0.0
        self._behind: asyncio.TimerHandle | None = None

    async def _on_idle(self, event: events.Idle) -> None:
        event.prevent_default()  # Textual calls a handler per class; this one stands for both
        dirty = self._dirty_widgets and not (
            self._layout_required or self._scroll_required or self._repaint_required
        )
        if dirty and self.is_current and not self.app._batch_count:
            now = monotonic()
            if now - self._painted_at >= SOONEST_S:
                self._painted_at = now
                self._on_timer_update()
                return
        await super()._on_idle(event)

    @contextmanager
    def one_frame(self) -> Iterator[None]:
        """Rows that change in it are painted at its end, together and at once.

        By itself each view would have two queues of messages go round for that.
        """
        self._drawing = self._free
        try:
            yield
        finally:
            self._drawing = False
            if self._drawn:
                self._drawn = False
                self._painted_at = monotonic()
                self._compositor_refresh()

    def take_rows(self, widget: Widget, regions: Iterable[Region]) -> bool:
        """Paint parts of a widget with this frame; False: there is none, or it is not in it."""
        seen = self._compositor.visible_widgets.get(widget) if self._drawing else None
        if seen is None:
            return False
        (where, clip), dirty = seen, self._compositor._dirty_regions
        dirty.update(clip.intersection(region.translate(where.offset)) for region in regions)
        self._drawn = True
        return True

    @property
    def _free(self) -> bool:
        """Whether a part of it can be painted now: it is what is seen, and holds still."""
        waits = self._layout_required or self._scroll_required or self._repaint_required
        return not waits and self.app.screen is self and not self.app._batch_count

    def paint_now(self, widget: Widget) -> None:
        """Paint what has changed in `widget` before anything else has its turn: a key's echo.

        By itself it would go through two queues of messages, each behind whatever streams, and
        then wait until the screen may be painted again.
        """
        if not self._free:
            return
        others = self._dirty_widgets - {widget}
        self._dirty_widgets.clear()
        self._compositor.update_widgets({widget})
        self._compositor_refresh()
        self._dirty_widgets.update(others)

    def _compositor_refresh(self) -> None:
        if self.app.screen is self:
            self._behind_next = 0.0
        else:
            now = monotonic()
            held = max(getattr(self.app, "key_at", 0.0) + BEHIND_S, self._behind_next) - now
            if held > 0:
                if self._behind is None:
                    self._behind = later(self, min(held, BEHIND_S), self._paint_behind)
                self.take_in_dirty()
                self._dirty_widgets.clear()  # the compositor keeps where they are
                return
            self._behind_next = inf
            self.app.screen.call_after_refresh(self._painted_behind, now)
        super()._compositor_refresh()

    def _paint_behind(self) -> None:
        self._behind = None
        self._compositor_refresh()

    def _painted_behind(self, began: float) -> None:
        """It takes a tenth of the time at most, whatever the machine."""
        now = monotonic()
        self._behind_next = now + max(BEHIND_S, 9 * (now - began))
