"""The Prime panel of the session in focus."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, Static
from textual.worker import Worker, WorkType

from sessions.api.priming import (
    DrawnRow,
    PrimingItem,
    PrimingKindShown,
    PrimingPast,
    PrimingRead,
    PrimingWishes,
)
from sessions.errors import AgentdeckError, UsageError
from sessions.record import events as ev
from sessions.record.closed_sets import DrawnKind, one_of
from tui.panels.base import Panel
from tui.panels.prime import compare, inbox, settings, spread
from tui.panels.prime import state as st
from tui.panels.prime.paper import PaperScreen
from tui.panels.prime.past import past_rows, word_lists
from tui.panels.prime.state import KEYS, Prime
from tui.panels.prime.words import ReadingScreen, Words
from tui.screens.dialogs import Prompt
from tui.timing.background_work import while_shown
from tui.view.priming_gauge import gauge_words
from tui.widgets.clickable_line import ClickableLine
from tui.widgets.fields import Field
from tui.widgets.hints import Hints
from tui.widgets.rows import Rows
from tui.words.text import clean, clip, one_line

if TYPE_CHECKING:
    from tui.panels.prime.interfaces import Work

_COMMON = (
    ("e", "settings"),
    ("v", "past"),
    ("x", "daydreams"),
    ("l", "ledger"),
    ("u", "suggested"),
)
_HINTS: dict[str, tuple[tuple[str, str], ...]] = {
    "none": (("d", "draw"), *_COMMON),
    "draw": (("enter", "model reads it"), ("w", "as it is"), ("r", "redraw"), *_COMMON),
    "paper": (
        ("enter", "read"), ("m", "model reads them"), ("space", "leave out"), ("w", "as they are"),
        ("r", "redraw"), *_COMMON,
    ),
    "items": (
        ("space", "tick"), ("a", "all"), ("i", "inject"), ("t", "see text"), ("f", "then…"),
        ("o", "edit"), ("s", "spread"), ("c", "compare"), ("r", "redraw"), ("slash", "filter"),
        *_COMMON[:2],
    ),
    "names": (("n", "that is superficial"), ("p", "names too")),
    "past": (("enter", "again"), ("g", "its words"), ("v", "back")),
}  # fmt: skip


Reads = Callable[[str, str, PrimingWishes], Coroutine[Any, Any, PrimingRead]]
"""A reading of a draw: session, draw, wishes → items."""


class PrimePanel(Panel):
    """Draw, let the model read, choose, send: all with single keys."""

    name_ = "prime"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"kind('{kind}')", show=False) for key, kind in KEYS.items()),
        Binding("d,r", "draw", show=False),
        Binding("m", "read", show=False),
        Binding("space,ctrl+t", "tick", show=False),
        Binding("a,ctrl+a", "tick_all", show=False),
        Binding("i", "inject", show=False),
        Binding("t", "text", show=False),
        Binding("w", "raw", show=False),
        Binding("n", "deepen", show=False),
        Binding("s", "spread", show=False),
        Binding("c", "compare", show=False),
        Binding("l", "ledger", show=False),
        Binding("u", "suggested", show=False),
        Binding("x", "inbox", show=False),
        Binding("e", "settings", show=False),
        Binding("o", "edit", show=False),
        Binding("f", "follow_up", show=False),
        Binding("p", "names", show=False),
        Binding("v", "past", show=False),
        Binding("g", "words", show=False),
        Binding("slash", "filter", show=False),
        Binding("escape", "leave", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.kinds: list[PrimingKindShown] = []
        self._states: dict[str, Prime] = {}
        self._waits: dict[int, Worker[None]] = {}

    def compose(self) -> ComposeResult:
        yield ClickableLine(id="prime-kinds")
        yield Static("", markup=False, id="prime-params")
        yield Static("", markup=False, id="prime-known")
        yield Field(placeholder="filter", compact=True, id="prime-filter")
        yield Rows("d draws; the model then reads it, outside this session.", id="prime-rows")
        yield Static("", markup=False, id="prime-about")
        yield Static("", markup=False, id="prime-cost")
        yield Hints(id="prime-hint")

    # -- state

    @property
    def prime(self) -> Prime:
        """The state of the attached session."""
        return self._states.setdefault(self.session or "", Prime())

    @property
    def kind(self) -> PrimingKindShown | None:
        """The chosen kind, as the engine describes it."""
        return next((k for k in self.kinds if k["name"] == self.prime.kind), None)

    @property
    def rows(self) -> Rows:
        """The rows of the panel."""
        return self.query_one(Rows)

    def attach(self, session_id: str | None) -> None:
        """Another session is in focus; each keeps its own draw."""
        super().attach(session_id)
        self.show_all()
        self._reload()

    def session_event(self, event: ev.Event) -> None:
        """A priming of the session was measured, sent or compared."""
        if isinstance(event, ev.PrimingMeasured | ev.PrimingInjected | ev.PrimingCompared):
            self._reload()

    def _reload(self) -> None:
        session, prime = self.session, self.prime

        async def load() -> None:
            try:
                self.kinds = self.kinds or await self.client.call("priming.kinds") or []
                if session:
                    prime.past = await self.client.call("priming.past", session=session) or []
                    known = await self.client.call("priming.known", session=session)
                    prime.learn(known)
            except AgentdeckError as error:
                self.deck.say_error(error)
            self.show_all()

        self.run_worker(
            while_shown(self, load), group="prime-load", exclusive=True, exit_on_error=False
        )

    def work(self, do: Work, busy: str = "") -> None:
        """Do something for the session in focus now, whichever is in focus when it is done.

        `busy`: what is said meanwhile; then nothing else of that kind begins in this session.
        """
        session, prime = self.session, self.prime
        if session is None:
            self.deck.say("Open a session first: priming goes into one.")
            return
        if busy and prime.busy:
            self.deck.say(f"Wait: {prime.busy}")
            return

        async def guarded() -> None:
            try:
                await do(session, prime)
            except AgentdeckError as error:
                self.deck.say_error(error)
            finally:
                if busy:
                    prime.busy = ""
                    self._waits.pop(id(prime), None)
                self.show_all()

        prime.busy = busy or prime.busy
        worker = self.run_worker(guarded(), exit_on_error=False)
        if busy:
            self._waits[id(prime)] = worker
            self.show_all()

    # -- showing

    def show_all(self) -> None:
        """Draw the panel anew."""
        if not self.is_mounted:
            return
        prime = self.prime
        self.query_one("#prime-kinds", ClickableLine).say(st.kind_spots(prime))
        params = Content(st.parameter_words(self.kind, prime))
        self.query_one("#prime-params", Static).update(params)
        self.query_one("#prime-known", Static).update(Content(st.known_words(prime)))
        typed = self.query_one("#prime-filter", Input).value
        if prime.show == "items":
            self.rows.show(st.item_rows(prime, typed))
            self._weigh()
        else:
            past = prime.show == "past"
            self.rows.show(past_rows(prime.past) if past else st.draw_rows(prime))
        self._about()
        self.query_one("#prime-cost", Static).update(Content(st.foot_words(prime)))
        self.query_one(Hints).say(self._hints())

    def _hints(self) -> tuple[tuple[str, str], ...]:
        prime = self.prime
        if prime.show == "draw":
            if prime.drawn is None:
                return _HINTS["none"]
            return _HINTS["paper" if prime.kind == "arxiv" else "draw"]
        if prime.show == "items" and prime.kind == "names":
            return (*_HINTS["names"], *_HINTS["items"])
        return _HINTS[prime.show]

    def _weigh(self) -> None:
        """What sending the ticked candidates takes, as the engine would send them."""
        prime, drawn, session = self.prime, self.prime.drawn, self.session
        if drawn is None or session is None:
            return
        id, items, how = drawn["id"], prime.chosen, prime.sending

        async def weigh() -> None:
            try:
                prime.size = await self.client.call(
                    "priming.preview", session=session, id=id, items=items, **how
                )
            except UsageError:
                prime.size = None  # nothing is ticked
            except AgentdeckError as error:
                self.deck.say_error(error)
            if self.is_mounted and self.prime is prime:
                self.query_one("#prime-cost", Static).update(Content(st.foot_words(prime)))

        # Handed over as a function: one put aside before it began leaves no coroutine unawaited.
        work: WorkType[None] = weigh
        self.run_worker(work, group="prime-weigh", exclusive=True, exit_on_error=False)

    def _about(self) -> None:
        prime, key = self.prime, self.rows.key
        text = ""
        if prime.show == "items":
            item = self._item(key)
            text = st.about_item(item) if item else ""
        elif prime.show == "past":
            past = self._past(key)
            text = gauge_words(past["gauge"]) if past else ""
        elif (row := self._drawn_row(key)) is not None:
            text = one_line(row["detail"])
        self.query_one("#prime-about", Static).update(Content(clip(clean(text), 700)))

    def _item(self, key: str) -> PrimingItem | None:
        return next((i for i in self.prime.items if i["id"] == key), None)

    def _past(self, key: str) -> PrimingPast | None:
        return next((p for p in self.prime.past if p["id"] == key), None)

    def _drawn_row(self, key: str) -> DrawnRow | None:
        rows = self.prime.drawn["rows"] if self.prime.drawn else []
        return next((r for r in rows if r["key"] == key), None)

    @on(Rows.Moved)
    def _moved(self) -> None:
        self._about()

    @on(ClickableLine.Clicked)
    def _kind_clicked(self, message: ClickableLine.Clicked) -> None:
        message.stop()
        self.action_kind(message.target.removeprefix("kind:"))

    # -- drawing and reading

    def action_kind(self, kind: str) -> None:
        """Another kind."""
        prime = self.prime
        known = one_of(DrawnKind, kind, None)
        prime.settled = prime.settled or known is not None
        if known is not None and known != prime.kind and not prime.busy:
            prime.turn_to(known)
            self.show_all()

    def action_suggested(self) -> None:
        """The kind and parameters that the ledger of blind comparisons suggests."""
        prime, known = self.prime, self.prime.known
        kind = one_of(DrawnKind, known["suggested"], None) if known else None
        if known is None or kind is None:
            says = known["says"] if known else ""
            self.deck.say(says or "No suggestion: nothing was compared yet.")
        elif not prime.busy:
            prime.turn_to(kind)
            prime.given.update(known["params"])
            self.show_all()

    def action_draw(self) -> None:
        """Draw; again: anew, by the next seed where one was set."""
        if self.prime.seed is not None and self.prime.drawn is not None and not self.prime.busy:
            self.prime.seed += 1
        self.work(self._draw, "drawing…")

    async def _draw(self, session: str, prime: Prime) -> None:
        drawn = await self.client.call(
            "priming.draw",
            session=session,
            kind=prime.kind,
            params=prime.given,
            seed=prime.seed,
            wishes=prime.wishes,
        )
        prime.take_draw(drawn)

    @on(Rows.Picked)
    def _picked(self) -> None:
        prime, key = self.prime, self.rows.key
        if prime.show == "items":
            self.action_tick()
        elif prime.show == "past":
            self._again(key)
        elif prime.kind == "arxiv" and (row := self._drawn_row(key)) is not None:
            self.app.push_screen(
                PaperScreen(row), lambda read: self.action_read() if read else None
            )
        else:
            self.action_read()

    def action_read(self) -> None:
        """Let the model read the draw, in a question outside the session."""
        if self.prime.show == "draw" and self.prime.drawn is not None:
            self._read(self._expand, "the model reads it, outside this session…")

    def action_deepen(self) -> None:
        """That is superficial: the same letters again, with those whom only researchers know."""
        if self.prime.kind == "names" and self.prime.items:
            self._read(self._deepen, "that is superficial: the model tries again…")

    async def _expand(self, session: str, id: str, wishes: PrimingWishes) -> PrimingRead:
        return await self.client.call("priming.expand", session=session, id=id, wishes=wishes)

    async def _deepen(self, session: str, id: str, wishes: PrimingWishes) -> PrimingRead:
        return await self.client.call("priming.deepen", session=session, id=id, wishes=wishes)

    def _read(self, ask: Reads, busy: str) -> None:
        whose = self.deck.model.name_of(self.session) if self.session else "the session"
        costs = st.cost_words(drawn["estimate"] if (drawn := self.prime.drawn) else None)
        what = f"The model of {whose} reads the draw. {costs}".strip()
        self.on_purpose(what, "Let it read", lambda: self._read_now(ask, busy))

    def _read_now(self, ask: Reads, busy: str) -> None:
        async def read(session: str, prime: Prime) -> None:
            assert prime.drawn is not None
            wishes: PrimingWishes = {**prime.wishes, "without": sorted(prime.left_out)}
            found = await ask(session, prime.drawn["id"], wishes)
            prime.take_items(found["items"], found["remarks"])

        self.work(read, busy)

    def action_raw(self) -> None:
        """Take the draw itself, without a model."""

        async def take(session: str, prime: Prime) -> None:
            assert prime.drawn is not None
            items = await self.client.call("priming.raw", session=session, id=prime.drawn["id"])
            prime.take_items([i for i in items if not set(i.get("from", ())) & prime.left_out])

        if self.prime.drawn is not None and not self.prime.busy:
            self.work(take)

    # -- choosing

    def action_tick(self) -> None:
        """Tick or untick the candidate, or leave the paper out, that is under the cursor."""
        prime, key = self.prime, self.rows.key
        if prime.show == "items" and key:
            prime.ticked ^= {key}
        elif prime.show == "draw" and prime.kind == "arxiv" and key:
            prime.left_out ^= {key}
        self.show_all()

    def action_tick_all(self) -> None:
        """All that are shown, or none if they all are."""
        keys = {row.key for row in self.rows.rows}
        prime = self.prime
        if prime.show == "items":
            prime.ticked = prime.ticked - keys if keys <= prime.ticked else prime.ticked | keys
            self.show_all()

    def action_edit(self) -> None:
        """Rewrite the candidate under the cursor."""
        item = self._item(self.rows.key)
        if item is None or self.prime.show != "items":
            return
        prime = self.prime

        def edited(text: str | None) -> None:
            if text and text.strip():
                term, dash, gloss = text.strip().partition(" — ")
                item["term"], item["edited"] = term, True
                item["gloss"] = gloss if dash else item["gloss"]
                prime.ticked.add(item["id"])
                self.show_all()

        gloss = f" — {item['gloss']}" if item["gloss"] else ""
        asked = Prompt("Term — gloss", f"{item['term']}{gloss}", enter="changes it")
        self.app.push_screen(asked, edited)

    # -- sending

    def action_inject(self) -> None:
        """Send what is ticked as a visible turn of this session."""
        if self.prime.show == "items" and self.session is not None:
            what = f"{len(self.prime.chosen)} lines go to {self.deck.model.name_of(self.session)}."
            self.on_purpose(what, "Send them", lambda: self.work(self._inject, "sending…"))

    async def _inject(self, session: str, prime: Prime) -> None:
        assert prime.drawn is not None
        sent = await self.client.call(
            "priming.inject",
            session=session,
            id=prime.drawn["id"],
            items=prime.chosen,
            **prime.sending,
        )
        where = f"turn {sent['turn']}" if sent.get("turn") else "queued: a turn runs"
        self.deck.say(f"{len(prime.chosen)} sent to {self.deck.model.name_of(session)}, {where}")

    def action_text(self) -> None:
        """Read exactly what would be sent."""
        if size := self.prime.size:
            self.app.push_screen(ReadingScreen("What is sent, word for word", size["text"]))

    def action_spread(self) -> None:
        """Deal what is ticked over several tiles, or give each a seed of its own."""
        if self.session is not None:
            spread.spread(self)

    def action_compare(self) -> None:
        """The blind comparison of what is ticked, or the one that waits."""
        compare.begin(self)

    def action_ledger(self) -> None:
        """What all blind comparisons say."""
        self.work(lambda session, prime: compare.show_ledger(self, prime))

    def action_inbox(self) -> None:
        """The daydreams that wait."""
        self.work(lambda session, prime: inbox.open_inbox(self, session, prime))

    # -- settings

    def action_settings(self) -> None:
        """Parameters, seed, and what stands beside the draw."""
        settings.edit(self)

    def action_follow_up(self) -> None:
        """What to do with it: the words after the injection."""
        prime = self.prime

        def given(text: str | None) -> None:
            if text is not None:
                prime.follow_up = text.strip()
                self.show_all()

        about = "What the session is told to do with it. Empty: three directions, each with a test."
        self.app.push_screen(Words("Then go on", prime.follow_up, about), given)

    def action_names(self) -> None:
        """People beside their concepts, or concepts alone."""
        self.prime.with_names = not self.prime.with_names
        self.deck.say("With names" if self.prime.with_names else "Concepts alone, without names")
        self.show_all()

    # -- the past

    def action_past(self) -> None:
        """The session's primings and what came of them, or back."""
        prime = self.prime
        back = "items" if prime.items else "draw"
        prime.show = back if prime.show == "past" else "past"
        self.show_all()

    def _again(self, key: str) -> None:
        past = self._past(key)
        if past is not None and not self.prime.busy:
            self.prime.turn_to(past["kind"])
            self.prime.take_draw(past)
            if past["items"]:
                self.prime.take_items(past["items"], past["remarks"])
            self.show_all()

    def action_words(self) -> None:
        """The word lists behind the gauge of the priming under the cursor."""
        past = self._past(self.rows.key)
        if self.prime.show == "past" and past is not None and past["gauge"]:
            self.app.push_screen(ReadingScreen("The gauge's words", word_lists(past["gauge"])))

    # -- leaving

    def action_filter(self) -> None:
        """Type to filter."""
        self.query_one("#prime-filter", Input).focus()

    def action_leave(self) -> None:
        """Out of the filter; or stop waiting; or back to the composer."""
        field = self.query_one("#prime-filter", Input)
        if field.has_focus or field.value:
            field.value = ""
            self.rows.focus()
        elif (waiting := self._waits.get(id(self.prime))) is not None:
            waiting.cancel()
            self.deck.say("Not waited for any more; what still comes is among the past ones (v)")
        elif self.prime.show == "past":
            self.action_past()
        else:
            self.deck.composer.focus()

    @on(Input.Changed, "#prime-filter")
    def _filtered(self) -> None:
        self.show_all()

    @on(Input.Submitted, "#prime-filter")
    def _to_rows(self) -> None:
        self.rows.focus()
