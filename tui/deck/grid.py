"""The tiles in view. Only these are mounted; the rest costs its summaries and nothing else."""

from __future__ import annotations

from textual import events
from textual.containers import Container
from textual.message import Message

from tui.deck.layout import Shape, fit
from tui.deck.model import DeckModel
from tui.deck.tile import Tile


class Grid(Container):
    """Lays the model's visible tiles out and keeps those that stay, with their scroll."""

    class Resized(Message):
        """The room for tiles changed: another number may fit."""

    def __init__(self, model: DeckModel, max_tiles: int) -> None:
        super().__init__(id="grid")
        self.model = model
        self.max_tiles = max_tiles

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
            return fit(width, height, len(self.model.pinned), self.max_tiles)
        if self.model.zoomed:
            return Shape(1, 1)
        return self._fit()

    def _fit(self) -> Shape:
        wanted = self.model.arrangement.columns
        return fit(*self.size, len(self.model.shown), self.max_tiles, wanted)

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
            Tile(self.model.summaries[i], self.model.number(i), self.model.of(i))
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
        columns, spans = shape.spans(len(wanted))
        rows = shape.rows_for(len(wanted))
        if (self.styles.grid_size_columns, self.styles.grid_size_rows) != (columns, rows):
            self.styles.grid_size_columns = columns
            self.styles.grid_size_rows = rows
        tiles = self.tiles()
        for place, tile in enumerate(tiles, 1):
            span = spans[place - 1] if place <= len(spans) else 1
            if tile.styles.column_span != span:
                tile.styles.column_span = span
            if (summary := self.model.summaries.get(tile.session)) is None:
                continue  # deleted in this moment: the next drawing takes its tile away
            tile.show(summary, self.model.number(tile.session))
            tile.mark_current(tile.session == self.model.current)

    def on_resize(self, event: events.Resize) -> None:
        """Another number of tiles may fit."""
        self.post_message(self.Resized())
