"""Full-text search over every session, open or closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from sessions.api.deck import SearchHit
from sessions.errors import AgentdeckError
from tui.deck.event_spot import EventSpot
from tui.screens.dialogs import Filtered
from tui.timing.background_work import while_shown
from tui.widgets.fields import Field
from tui.widgets.rows import Row, Rows
from tui.words.text import clip, in_column, one_line, title_of

if TYPE_CHECKING:
    from tui.deck.interfaces import ForSearching


class SearchScreen(Filtered[EventSpot]):
    """Results come while typing; enter gives the place under the cursor."""

    WHOLE = True
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "take", show=False, priority=True)]

    def __init__(self, deck: ForSearching) -> None:
        super().__init__("Search all sessions")
        self.deck = deck
        self.spots: dict[str, EventSpot] = {}
        self._shown = ""
        """The words whose hits are shown."""

    def body(self) -> ComposeResult:
        """The field and what was found."""
        yield Field(placeholder="words to look for", compact=True, id="filter")
        yield Rows("Type what you remember of it.")

    def on_mount(self) -> None:
        """Say what enter does, and how much can be found so far."""
        self.follow(self.deck.topics.index, self._indexed)
        self._say()

    def _indexed(self) -> None:
        """More can be found; what was looked for is looked for again once all can be."""
        self._say()
        if self.deck.model.indexing is None and (query := self._shown):
            self.run_worker(while_shown(self, self._search, query), group="search", exclusive=True)

    def _say(self) -> None:
        found = f"{len(self.spots)} found · " if self._shown else ""
        so_far = ""
        if self.deck.model.indexing:
            done, of = self.deck.model.indexing
            so_far = f"{done:,} of {of:,} records can be searched so far · "
        self.hint(f"{found}{so_far}enter goes to it · esc")

    @on(Input.Changed, "#filter")
    def _changed(self, event: Input.Changed) -> None:
        query = event.value.strip()

        # Exclusive: the answer to words that were typed over is not waited for.
        work = while_shown(self, self._search, query)
        self.run_worker(work, group="search", exclusive=True)

    async def _search(self, query: str) -> None:
        rows = self.query_one(Rows)
        if not query:
            self.spots, self._shown = {}, ""
            rows.empty = "Type what you remember of it."
            rows.show([], keep=False)
            self._say()
            return
        try:
            found = await self.deck.client.call("archive.search", query=query)
        except AgentdeckError as error:
            rows.empty = one_line(str(error))
            rows.show([], keep=False)
            return
        self.spots, self._shown = {}, query
        rows.empty = f"Nothing has “{clip(query, 40)}” in it."
        rows.show([self._row(place, hit, query) for place, hit in enumerate(found)], keep=False)
        self._say()

    def _row(self, place: int, hit: SearchHit, query: str) -> Row:
        session_id = hit["id"]
        summary = self.deck.client.summaries.get(session_id)
        title = title_of(summary) if summary else one_line(hit["title"])
        key = f"{session_id} {place}"
        self.spots[key] = EventSpot(session_id, hit["seq"], query)
        return Row(
            key,
            (
                (in_column(title or f"session {session_id[-6:]}", 28), "bold"),
                (hit["at"][:10] + "  ", "$text-muted"),
                (one_line(hit["snippet"]), ""),
            ),
        )

    async def caught_up(self) -> None:
        """What is shown was found for all that was typed before."""
        await super().caught_up()
        if (query := self.query_one("#filter", Input).value.strip()) != self._shown:
            await self._search(query)

    async def action_take(self) -> None:
        """Go to the place under the cursor."""
        await self.caught_up()
        if spot := self.spots.get(self.query_one(Rows).key):
            self.dismiss(spot)

    async def on_rows_picked(self) -> None:
        """A click opens."""
        await self.action_take()
