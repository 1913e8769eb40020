"""The tiles in view. Only these are mounted; the rest costs its summaries and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events, on
from textual.containers import Container
from textual.layout import Layout
from textual.message import Message
from textual.widget import Widget

from sessions.record.summary import Summary
from tui.deck.layout import COMPACT_TILE, MIN_TILE, Shape, fit
from tui.deck.model import DeckModel, Live
from tui.deck.tile import Tile
from tui.deck.tile_rows import Seam, TileRows


def tile_for(summary: Summary, number: int, live: Live) -> Tile:
    """The tile that a session has. What terminals need is imported for the first of them."""
    if summary.terminal is None:
        return Tile(summary, number, live)
    from tui.terminals.tile import TerminalTile

    return TerminalTile(summary, number, live)


class Grid(Container):
    """Lays the model's visible tiles out and keeps those that stay, with their scroll."""

    class Resized(Message):
        """The room for tiles changed: another number may fit."""

    @dataclass
    class Sized(Message):
        """The user has given tiles other sizes."""

    def __init__(self, model: DeckModel, max_tiles: int) -> None:
        super().__init__(id="grid")
        self.model = model
        self.max_tiles = max_tiles
        self.sharing = TileRows(self._size_of)
        self._laid: object = None
        self._moved: Seam | None = None

    @property
    def layout(self) -> Layout:
        """Tiles stand by their sizes; a style can only name one of Textual's own layouts."""
        return self.sharing

    def tiles(self) -> list[Tile]:
        """The mounted tiles, in order."""
        return [child for child in self.children if isinstance(child, Tile) and child.is_attached]

    def tile(self, session_id: str | None) -> Tile | None:
        """The tile of a session, if it is in view."""
        for tile in self.tiles():
            if tile.session == session_id:
                return tile
        return None

    def shape(self) -> Shape:
        """The shape for the sessions that want to be in view now."""
        width, height = self.size
        if self.model.pinned:
            return fit(width, height, len(self.model.pinned), self.max_tiles, least=self._least)
        if self.model.zoomed:
            return Shape(1, 1)
        return self._fit()

    def _fit(self) -> Shape:
        wanted = self.model.arrangement.columns
        return fit(*self.size, len(self.model.shown), self.max_tiles, wanted, self._least)

    @property
    def _least(self) -> tuple[int, int]:
        return COMPACT_TILE if self.model.arrangement.compact else MIN_TILE

    async def reflow(self) -> None:
        """Mount what came into view, remove what left it, and set the shape."""
        if not self.size.width:
            return
        shape = self.shape()
        self.model.capacity = shape.capacity if not self.model.zoomed else self._fit().capacity
        wanted = self.model.visible()
        with self.app.batch_update():
            await self._settle(wanted)
            self._arrange(shape, wanted)

    async def _settle(self, wanted: list[str]) -> None:
        there = {tile.session: tile for tile in self.tiles()}
        for session_id, tile in there.items():
            if session_id not in wanted:
                tile.live.place = tile.view.place
                await tile.remove()
        new = [
            tile_for(self.model.summaries[i], self.model.number(i), self.model.of(i))
            for i in wanted
            # It may have been deleted while a tile was taken away.
            if i not in there and i in self.model.summaries
        ]
        if new:
            await self.mount_all(new)
            for tile in new:
                tile.call_after_refresh(tile.view.go_to, tile.live.place)
        by_id = {tile.session: tile for tile in self.tiles()}
        ordered = [by_id[i] for i in wanted if i in by_id]
        for place, tile in enumerate(ordered):
            if self.children[place] is not tile:
                self.move_child(tile, before=place)

    def _arrange(self, shape: Shape, wanted: list[str]) -> None:
        self.sharing.in_rows = shape.in_rows(len(wanted))
        self._lay()
        for tile in self.tiles():
            if (summary := self.model.summaries.get(tile.session)) is None:
                continue  # deleted in this moment: the next drawing takes its tile away
            tile.kept = tile.session in self.model.arrangement.kept
            tile.show(summary, self.model.number(tile.session))
            tile.mark_current(tile.session == self.model.current)

    # -- sizes

    def _size_of(self, tile: Widget) -> tuple[float, float]:
        return self.model.arrangement.size(tile.session) if isinstance(tile, Tile) else (1.0, 1.0)

    def _lay(self) -> None:
        laid = (self.sharing.in_rows, [self._size_of(child) for child in self.children])
        if laid != self._laid:
            self._laid = laid
            for child in self.children:  # what it lays out is kept until one of them asks anew
                child.refresh(layout=True)

    def grow(self, session: str, by: float) -> None:
        """Give a tile so much more of its row, and its row so much more of the height."""
        arrangement, tiles = self.model.arrangement, self.tiles()
        for row in self.sharing.rows(len(tiles)):
            among = [tiles[place].session for place in row]
            if session in among:
                for each in among:
                    wide, high = arrangement.size(each)
                    arrangement.resize(each, wide * (by if each == session else 1), high * by)
        self._lay()

    @on(Tile.Grabbed)
    def _grabbed(self, message: Tile.Grabbed) -> None:
        tiles = self.tiles()
        at = next((n for n, t in enumerate(tiles) if t.session == message.session), None)
        border = self.sharing.border(at, len(tiles), message.edge) if at is not None else None
        if border is not None:
            self._moved = border
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """A line between tiles that was grabbed goes where the mouse is."""
        border, tiles = self._moved, self.tiles()
        if border is None or max(*border.before, *border.after) >= len(tiles):
            return
        if border.upright:
            before, after = tiles[border.before[0]], tiles[border.after[0]]
            start = before.region.x - self.region.x
            self._share(border, event.x - start, before.region.width + after.region.width)
        else:
            before, after = tiles[border.before[0]], tiles[border.after[0]]
            start = before.region.y - self.region.y
            self._share(border, event.y - start, before.region.height + after.region.height)
        self._lay()

    def _share(self, border: Seam, first: int, both: int) -> None:
        arrangement, tiles = self.model.arrangement, self.tiles()
        axis = 0 if border.upright else 1

        def weight(places: tuple[int, ...]) -> float:
            return sum(self._size_of(tiles[n])[axis] for n in places) / len(places)

        whole = weight(border.before) + weight(border.after)
        part = whole * min(max(first, 1), both - 1) / both
        for places, share in ((border.before, part), (border.after, whole - part)):
            for place in places:
                size = list(self._size_of(tiles[place]))
                size[axis] = share
                arrangement.resize(tiles[place].session, size[0], size[1])

    def on_mouse_up(self) -> None:
        """The line stays where it is."""
        if self._moved is not None:
            self._moved = None
            self.release_mouse()
            self.post_message(self.Sized())

    def on_resize(self, event: events.Resize) -> None:
        """Another number of tiles may fit."""
        self.post_message(self.Resized())
