"""What the deck knows: the sessions, which of them are in view, and their transcripts.

No widgets here. The screen calls a method, then draws what `visible` and the summaries say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sessions.archive.order import started_by
from sessions.paths import places
from sessions.record import events as ev
from sessions.record import terminal_state
from sessions.record.closed_sets import Status
from sessions.record.summary import Summary
from sessions.record.summary_parts import PendingAsk
from sessions.record.transcript import Block, Transcript
from tui.deck.arrangement import Arrangement
from tui.words.text import title_of

if TYPE_CHECKING:
    from sessions.api.notices import EngineNotice
    from tui.view.scroll_position import ScrollPosition

KEPT_TRANSCRIPTS = 36
"""How many transcripts of sessions out of view stay in memory; the engine replays the rest."""

NEEDS: tuple[Status, ...] = ("needs-you", "failed", "paused", "cut-off", "done")
"""What asks for the user."""


@dataclass(slots=True)
class Live:
    """What is kept of a session that was in view. `place`: where its reader was, None = the end."""

    transcript: Transcript = field(default_factory=Transcript)
    watched: bool = False
    place: ScrollPosition | None = None


class DeckModel:
    """The sessions of the deck and which of them the screen shows."""

    def __init__(self) -> None:
        self.summaries: dict[str, Summary] = {}
        self.order: list[str] = []
        """Tiles, in the order of their numbers: not closed, not archived, not set aside."""
        self.current: str | None = None
        self.runs: dict[str, EngineNotice] = {}
        """What was told last of each run of a plan that goes on: title, done, of, idle."""
        self.indexing: tuple[int, int] | None = None
        """While the index is made: how many records are in it, of how many."""
        self.interrupting: tuple[str, float] | None = None
        """The session in which esc was pressed once, and until when a second one counts."""
        self.keys_for = ""
        """The terminal that gets the keys as soon as it is in view."""
        self.zoomed = False
        self.pinned: tuple[str, ...] = ()
        """Tiles that are compared side by side, instead of the page."""
        self.capacity = 1
        self.arrangement = Arrangement()
        self.live: dict[str, Live] = {}
        self._since: dict[str, tuple[str, str]] = {}
        """Of each session its status, and since when it has it."""
        self._visited: dict[str, str] = {}
        """What was visited on this round through all that need somebody, and since when it did."""

    # -- sessions

    def put(self, summary: Summary) -> None:
        """Take a new or changed summary in."""
        self.summaries[summary.id] = summary
        if self._since.get(summary.id, ("", ""))[0] != summary.status:
            asked = summary.asks[0]["at"] if summary.asks else ""
            self._since[summary.id] = (summary.status, asked or summary.updated)
        shown = is_tile(summary)
        if shown and summary.id not in self.order:
            self.order.insert(self._place(summary), summary.id)
        elif not shown and summary.id in self.order:
            self._leave(summary.id)
        if self.current is None and self.order:
            self.current = self.order[0]

    def drop(self, session_id: str) -> None:
        """Forget a session that was deleted."""
        self._leave(session_id)
        self.summaries.pop(session_id, None)
        self.live.pop(session_id, None)
        self._since.pop(session_id, None)
        self._visited.pop(session_id, None)

    def reset(self, summaries: Iterable[Summary]) -> None:
        """Take the whole list in anew, after (re)connecting; what is in view stays."""
        fresh = {s.id: s for s in summaries}
        for session_id in [i for i in self.summaries if i not in fresh]:
            self.drop(session_id)
        for summary in sorted(fresh.values(), key=lambda s: s.id):
            self.put(summary)
        for live in self.live.values():
            live.watched = False

    def _leave(self, session_id: str) -> None:
        if session_id in self.order:
            place = self.order.index(session_id)
            self.order.remove(session_id)
            if self.current == session_id:
                left = self.order[place : place + 1] or self.order[-1:]
                self.current = left[0] if left else None
                self.zoomed = self.zoomed and bool(left)
        self.pinned = tuple(p for p in self.pinned if p != session_id)
        if len(self.pinned) < 2:
            self.pinned = ()

    def summary(self, session_id: str | None = None) -> Summary | None:
        """The summary of a session, by default of the current one."""
        wanted = session_id or self.current
        return self.summaries.get(wanted) if wanted else None

    def why_not(self, action: str) -> str:
        """Why the current session's agent can't do an action; "" where it can, or is no agent."""
        summary = self.summary()
        reasons = summary.agent.get("reasons") if summary is not None else None
        return str(reasons.get(action) or "") if isinstance(reasons, Mapping) else ""

    def number(self, session_id: str) -> int:
        """The tile's number, from 1; 0 if it is not a tile."""
        return self.order.index(session_id) + 1 if session_id in self.order else 0

    def name_of(self, session_id: str) -> str:
        """A session's number and title, as they are said everywhere."""
        summary = self.summaries.get(session_id)
        name = title_of(summary) if summary else session_id[-6:]
        number = self.number(session_id)
        return f"{number} {name}" if number else name

    def first_that_is(self, status: str) -> str:
        """The first tile with a status, "" if there is none."""
        return next((i for i in self.order if self.summaries[i].status == status), "")

    def unseen(self) -> str:
        """The current session, if nobody has seen what it has come to since; else ""."""
        summary = self.summary()
        if summary is None or not (summary.status == "done" or terminal_state.unseen(summary)):
            return ""
        return summary.id

    # -- what is in view

    @property
    def pages(self) -> int:
        """How many pages the tiles take."""
        return 1 if self.pinned else self._paged()[2]

    @property
    def per_page(self) -> int:
        """How many tiles are on a page now."""
        return 1 if self.zoomed else max(1, self.capacity)

    @property
    def page(self) -> int:
        """The page in view, from 0: the one with the current tile."""
        return 0 if self.pinned else self._paged()[1]

    @property
    def shown(self) -> list[str]:
        """The tiles that the user wants to see, in the order that is wanted."""
        return self.arrangement.shown(self.order, self.summaries)

    def _paged(self) -> tuple[list[str], int, int]:
        return self.arrangement.paged(self.shown, self.current, self.per_page)

    def visible(self) -> list[str]:
        """The tiles in view, in order."""
        if self.pinned:
            return list(self.pinned[: max(1, self.capacity)])
        return self._paged()[0]

    def go(self, session_id: str) -> None:
        """Make a tile the current one. Leaves a comparison that it is no part of."""
        if session_id in self.order:
            self.current = session_id
            if session_id in self.arrangement.hidden:
                self.arrangement.hidden.remove(session_id)
            if session_id not in self.shown:
                self.arrangement.only = ""
            if self.pinned and session_id not in self.pinned:
                self.pinned = ()

    def step(self, by: int) -> None:
        """The tile before or after, round the end."""
        among = list(self.pinned) or self.shown
        if among:
            place = among.index(self.current) if self.current in among else 0
            self.current = among[(place + by) % len(among)]

    def turn_page(self, by: int) -> None:
        """The page before or after; the current tile moves with it."""
        if not self.pinned and self.pages > 1:
            page = (self.page + by) % self.pages
            self.current = self.arrangement.first_of(self.shown, page, self.per_page)

    def show_only(self, group: str) -> None:
        """Show the tiles of a group alone ("" = all); the current one is one of them."""
        self.arrangement.only = group
        if self.current not in self.shown:
            self.current = next(iter(self.shown), None)

    def hide(self) -> str:
        """Take the current tile out of view, if it is not the only one; its id, or ""."""
        shown, current = self.shown, self.current
        if current not in shown or len(shown) < 2:
            return ""
        place = shown.index(current)
        self.arrangement.hidden.append(current)
        self.current = [*shown[:place], *shown[place + 1 :]][min(place, len(shown) - 2)]
        self.pinned = ()
        return current

    @property
    def hidden(self) -> list[str]:
        """The tiles that are hidden, in order."""
        return [i for i in self.order if i in self.arrangement.hidden]

    def move(self, by: int) -> None:
        """Move the current tile in the order."""
        if self.current in self.order:
            place = self.order.index(self.current)
            to = min(max(place + by, 0), len(self.order) - 1)
            self.order.insert(to, self.order.pop(place))

    def recall(self, order: Iterable[str]) -> None:
        """Put the tiles into an order of before; what it does not know stands where new ones do."""
        there = list(self.order)
        self.order[:] = [i for i in order if i in there]
        for session_id in there:
            if session_id not in self.order:
                self.order.insert(self._place(self.summaries[session_id]), session_id)

    def _place(self, summary: Summary) -> int:
        """Where a new tile stands: at the end, a sub-session's behind its parent and its kin."""
        above = {i: started_by(self.summaries[i].parent) for i in self.order}
        parent = started_by(summary.parent)
        if parent not in above:
            own = (p for p, i in enumerate(self.order) if above[i] == summary.id)
            return next(own, len(self.order))  # a parent that is opened again: before them
        place, family = self.order.index(parent) + 1, {parent}
        while place < len(self.order) and above[self.order[place]] in family:
            family.add(self.order[place])
            place += 1
        return place

    def needing(self) -> list[str]:
        """All tiles that need somebody, the one that has for longest first."""
        found = [i for i in self.order if self.summaries[i].status in NEEDS]
        return sorted(found, key=lambda i: (self._since[i][1], i))

    def next_needing(self) -> str | None:
        """Another tile that needs somebody, each once before the round begins again."""
        others = [i for i in self.needing() if i != self.current]
        fresh = [i for i in others if self._visited.get(i) != self._since[i][1]]
        return next(iter(fresh or others), None)

    def visit(self, session_id: str) -> None:
        """Go to a tile on the round, which the current one has had its turn in."""
        needing = self.needing()
        left = [i for i in needing if self._visited.get(i) != self._since[i][1]]
        visited = [self.current, session_id]
        if session_id not in left:
            self._visited.clear()  # all had their turn: another round
            visited = [session_id]
        self._visited |= {i: self._since[i][1] for i in needing if i in visited}

    # -- figures

    def counts(self) -> Counter[str]:
        """How many tiles have which status."""
        return Counter(self.summaries[i].status for i in self.order)

    def spend(self) -> tuple[float | None, int]:
        """Dollars over all sessions of the deck (None: no price is known), and tokens."""
        known = [s.cost_usd for s in self.summaries.values() if s.cost_usd is not None]
        total = sum(sum(s.tokens.values()) for s in self.summaries.values())
        return (sum(known) if known else None), total

    def waiting(self) -> list[tuple[str, PendingAsk]]:
        """Every permission request that waits, the oldest first, with its session."""
        asks = [(s.id, ask) for s in self.summaries.values() for ask in s.asks]
        return sorted(asks, key=lambda pair: pair[1]["at"])

    # -- transcripts

    def of(self, session_id: str) -> Live:
        """What is kept of a session's view; made if need be, the longest unused dropped."""
        live = self.live.pop(session_id, None)
        if live is None:
            live = Live()
            live.transcript.files = places().session(session_id) / "files"
            summary = self.summaries.get(session_id)
            here = summary is not None and summary.cwd and not summary.host
            live.transcript.folder = Path(summary.cwd) if summary and here else None
        self.live[session_id] = live
        if len(self.live) > KEPT_TRANSCRIPTS:
            keep = set(self.visible())
            for old in [i for i, v in self.live.items() if i not in keep and not v.watched]:
                if len(self.live) <= KEPT_TRANSCRIPTS:
                    break
                del self.live[old]
        return live

    def known(self) -> dict[str, int]:
        """The sessions in view, and of each the number of the last event that is known of it."""
        return {i: self.of(i).transcript.last_seq for i in self.visible()}

    def apply(self, session_id: str, event: ev.Event) -> Block | None:
        """Fold an event of a watched session; an event that was seen already changes nothing."""
        live = self.live.get(session_id)
        if live is None or event.seq <= live.transcript.last_seq:
            return None
        return live.transcript.apply(event)


def is_tile(summary: Summary) -> bool:
    """Whether a session has a tile: open, in the lists, not set aside."""
    return not (summary.closed or summary.archived or summary.aside)
