"""The Prime panel of the session in focus."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, Static

from sessions import events as ev
from sessions.errors import AgentdeckError
from tui.lines import Line, Spot
from tui.panels import Panel
from tui.panels.prime import state as st
from tui.panels.prime.paper import Paper
from tui.panels.prime.state import JSON, KEYS, KINDS, Prime
from tui.rows import Row, Rows
from tui.screens.dialogs import Choose, Confirm, Listing, Pick, Prompt
from tui.text import clip, one_line, tokens

_HINTS = {
    "draw": "d draw · enter reads it · w raw · 1-4 kind · e settings · v past",
    "items": "space tick · a all/none · i inject · s spread · r redraw · n deeper · o edit · f",
    "past": "enter shows it again · g its words · v back",
}


class PrimePanel(Panel):
    """Draw, let the model read, choose, send: all with single keys."""

    name_ = "prime"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"kind('{kind}')", show=False) for key, kind in KEYS.items()),
        Binding("d,r", "draw", show=False),
        Binding("space", "tick", show=False),
        Binding("a", "tick_all", show=False),
        Binding("i", "inject", show=False),
        Binding("w", "raw", show=False),
        Binding("n", "deepen", show=False),
        Binding("s", "spread", show=False),
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
        self.kinds: list[JSON] = []
        self._states: dict[str, Prime] = {}

    def compose(self) -> ComposeResult:
        yield Line(id="prime-kinds")
        yield Static("", markup=False, id="prime-params")
        yield Input(placeholder="filter", compact=True, id="prime-filter")
        yield Rows("d draws; the model then reads it, outside this session.", id="prime-rows")
        yield Static("", markup=False, id="prime-about")
        yield Static("", markup=False, id="prime-cost")
        yield Static("", markup=False, id="prime-hint")

    # -- state

    @property
    def prime(self) -> Prime:
        """The state of the attached session."""
        return self._states.setdefault(self.session or "", Prime())

    @property
    def kind(self) -> JSON:
        """The chosen kind, as the engine describes it."""
        return next((k for k in self.kinds if k["name"] == self.prime.kind), {})

    def attach(self, session_id: str | None) -> None:
        """Another session is in focus; each keeps its own draw."""
        super().attach(session_id)
        self._run(self._load(), "load")

    def session_event(self, event: ev.Event) -> None:
        """A priming of the session was measured or sent."""
        if isinstance(event, ev.PrimingMeasured | ev.PrimingInjected):
            self._run(self._load(), "load")

    async def _load(self) -> None:
        if not self.kinds:
            self.kinds = await self.client.call("priming.kinds")
        if self.session:
            self.prime.past = await self.client.call("priming.past", session=self.session)
        self._show()

    def _run(self, work: Coroutine[Any, Any, None], group: str) -> None:
        async def guarded() -> None:
            try:
                await work
            except AgentdeckError as error:
                self.deck.say_error(error)
            finally:
                if group == "prime":
                    self.prime.busy = ""
                    self._show()

        self.run_worker(guarded(), group=f"prime-{group}", exclusive=True, exit_on_error=False)

    # -- showing

    def _show(self) -> None:
        if not self.is_mounted:
            return
        prime = self.prime
        spots = []
        for key, name in KEYS.items():
            style = "reverse" if name == prime.kind else "$text-muted"
            spots.append(Spot(f" {key} {name} ", style, f"kind:{name}"))
        self.query_one("#prime-kinds", Line).say(spots)
        params = st.parameter_words(self.kind, prime.params.get(prime.kind, {}), prime)
        self.query_one("#prime-params", Static).update(Content(params))
        self.query_one(Rows).show(self._rows())
        self._about()
        self.query_one("#prime-cost", Static).update(Content(self._foot()))
        self.query_one("#prime-hint", Static).update(Content(_HINTS[prime.show]))

    def _rows(self) -> list[Row]:
        prime = self.prime
        typed = self.query_one("#prime-filter", Input).value.casefold().split()
        if prime.show == "items":
            return [
                Row(i["id"], st.item_cells(i, i["id"] in prime.ticked))
                for i in prime.items
                if all(
                    w in f"{i['term']} {i.get('gloss')} {i.get('why')}".casefold() for w in typed
                )
            ]
        if prime.show == "past":
            return [_past_row(p) for p in prime.past]
        rows = (prime.drawn or {}).get("rows", [])
        return [
            Row(
                r["key"],
                ((one_line(r["text"]), ""), (f" ! {one_line(r['warning'])}", "$text-warning"))
                if r["warning"]
                else ((one_line(r["text"]), ""),),
            )
            for r in rows
        ]

    def _foot(self) -> str:
        prime = self.prime
        if prime.busy:
            return prime.busy
        if prime.show == "items":
            count = len(prime.chosen)
            size = sum(len(i["term"]) + len(str(i.get("gloss", ""))) for i in prime.chosen) // 4
            words = [f"{count} of {len(prime.items)} chosen, about {tokens(size + 150)} tokens"]
            words += [st.coverage(prime.items)] if prime.kind == "names" else []
            words += list((prime.drawn or {}).get("remarks", []))
            return "\n".join(w for w in words if w)
        if prime.show == "draw" and prime.drawn:
            words = [st.cost_words(prime.drawn.get("estimate")), prime.drawn.get("where", "")]
            words += [f"seed {prime.drawn['seed']}", *prime.drawn.get("notes", [])]
            return " · ".join(w for w in words if w)
        return ""

    def _about(self) -> None:
        prime, key = self.prime, self.query_one(Rows).key
        text = ""
        if prime.show == "items":
            item = next((i for i in prime.items if i["id"] == key), None)
            text = st.about_item(item) if item else ""
        elif prime.show == "past":
            past = next((p for p in prime.past if p["id"] == key), None)
            text = st.gauge_words(past["gauge"]) if past else ""
        elif prime.drawn:
            row = next((r for r in prime.drawn.get("rows", []) if r["key"] == key), None)
            text = row["detail"] if row else ""
        self.query_one("#prime-about", Static).update(Content(clip(one_line(text), 700)))

    @on(Rows.Moved)
    def _moved(self) -> None:
        self._about()

    @on(Line.Clicked)
    def _kind_clicked(self, message: Line.Clicked) -> None:
        message.stop()
        self.action_kind(message.target.removeprefix("kind:"))

    # -- drawing and reading

    def action_kind(self, kind: str) -> None:
        """Another kind."""
        if kind in KINDS and kind != self.prime.kind:
            self.prime.kind = kind
            self.prime.drawn, self.prime.items, self.prime.show = None, [], "draw"
            self._show()

    def action_draw(self) -> None:
        """Draw (again: the next seed, where one was set)."""
        prime = self.prime
        if self._nobody():
            return
        if prime.seed is not None and prime.drawn is not None:
            prime.seed += 1
        prime.busy = "drawing…"
        self._show()
        self._run(self._draw(), "prime")

    async def _draw(self) -> None:
        prime = self.prime
        drawn = await self.client.call(
            "priming.draw",
            session=self.session,
            kind=prime.kind,
            params=prime.params.get(prime.kind, {}),
            seed=prime.seed,
            wishes=prime.wishes,
        )
        prime.take_draw(drawn)

    @on(Rows.Picked)
    def _picked(self) -> None:
        prime = self.prime
        key = self.query_one(Rows).key
        if prime.show == "items":
            self.action_tick()
        elif prime.show == "past":
            self._again(key)
        elif prime.kind == "arxiv" and prime.drawn and not prime.items:
            row = next((r for r in prime.drawn["rows"] if r["key"] == key), None)
            if row is not None:
                self.app.push_screen(Paper(row), self._read_after_paper)
        else:
            self.action_read()

    def _read_after_paper(self, read: bool | None) -> None:
        if read:
            self.action_read()

    def action_read(self) -> None:
        """Let the model read the draw, in a question outside the session."""
        prime = self.prime
        if self._nobody() or prime.drawn is None:
            return
        prime.busy = "the model reads it, outside this session…"
        self._show()
        self._run(self._read("priming.expand"), "prime")

    def action_deepen(self) -> None:
        """That is superficial: the same letters again, with those whom only researchers know."""
        if self.prime.kind != "names" or not self.prime.items:
            self.deck.say("Only names, once read, can be taken deeper.")
            return
        self.prime.busy = "that is superficial: the model tries again…"
        self._show()
        self._run(self._read("priming.deepen"), "prime")

    async def _read(self, command: str) -> None:
        prime = self.prime
        assert prime.drawn is not None
        found = await self.client.call(
            command, session=self.session, id=prime.drawn["id"], wishes=prime.wishes
        )
        prime.take_items(found)

    def action_raw(self) -> None:
        """Take the draw itself, without a model."""
        if self._nobody() or self.prime.drawn is None:
            return

        async def take() -> None:
            drawn = self.prime.drawn
            assert drawn is not None
            items = await self.client.call("priming.raw", session=self.session, id=drawn["id"])
            self.prime.take_items({"items": items})

        self._run(take(), "prime")

    # -- choosing

    def action_tick(self) -> None:
        """Tick or untick the candidate under the cursor."""
        if self.prime.show == "items" and (key := self.query_one(Rows).key):
            self.prime.ticked ^= {key}
            self._show()

    def action_tick_all(self) -> None:
        """All that are shown, or none if they all are."""
        keys = {row.key for row in self.query_one(Rows).rows}
        prime = self.prime
        if prime.show == "items":
            prime.ticked = prime.ticked - keys if keys <= prime.ticked else prime.ticked | keys
            self._show()

    def action_edit(self) -> None:
        """Rewrite the term under the cursor."""
        key = self.query_one(Rows).key
        item = next((i for i in self.prime.items if i["id"] == key), None)
        if item is None or self.prime.show != "items":
            return

        def edited(text: str | None) -> None:
            if text and text.strip():
                item.update(term=text.strip(), edited=True)
                self.prime.ticked.add(key)
                self._show()

        self.app.push_screen(Prompt("The term", str(item["term"])), edited)

    # -- sending

    def action_inject(self) -> None:
        """Send what is ticked as a visible turn of this session."""
        prime = self.prime
        if self._nobody() or prime.drawn is None or prime.show != "items":
            return
        self._run(self._inject(), "prime")

    async def _inject(self) -> None:
        prime = self.prime
        assert prime.drawn is not None
        sent = await self.client.call(
            "priming.inject",
            session=self.session,
            id=prime.drawn["id"],
            items=prime.chosen,
            follow_up=prime.follow_up,
            with_names=prime.with_names,
            ban=list(prime.wishes.get("ban") or ()),
        )
        where = f"turn {sent['turn']}" if sent.get("turn") else "queued: a turn runs"
        self.deck.say(
            f"{len(prime.chosen)} sent to {self.deck.name_of(self.session or '')}, {where}"
        )
        prime.past = await self.client.call("priming.past", session=self.session)

    def action_spread(self) -> None:
        """Deal what is ticked over several tiles, after asking which."""
        prime = self.prime
        if self._nobody() or prime.drawn is None or not prime.chosen:
            self.deck.say("Tick what shall be dealt first.")
            return
        picks = [
            Pick(s.id, ((self.deck.name_of(s.id), ""), (f"  {s.status}", "$text-muted")))
            for s in self.deck.model.summaries.values()
            if not s.closed and not s.archived
        ]
        listing = Listing(picks, marked={self.session or ""}, enter="deals them")

        def chosen(choice: Any) -> None:
            if choice and choice.marked:
                count = len(choice.marked)
                text = f"Deal {len(prime.chosen)} over {count} sessions, each its share?"
                self.app.push_screen(
                    Confirm("Spread", text, "Deal"),
                    lambda yes: self._deal(choice.marked) if yes else None,
                )

        self.app.push_screen(Choose("Spread over which sessions", listing), chosen)

    def _deal(self, sessions: tuple[str, ...]) -> None:
        async def send() -> None:
            assert self.prime.drawn is not None
            sent = await self.client.call(
                "priming.spread",
                session=self.session,
                id=self.prime.drawn["id"],
                items=self.prime.chosen,
                sessions=list(sessions),
            )
            self.deck.say(f"Dealt over {len(sent)} sessions")

        self._run(send(), "prime")

    # -- settings

    def action_settings(self) -> None:
        """Change parameters: `name=value`, several with spaces between."""
        prime = self.prime
        now = {**prime.params.get(prime.kind, {}), **({"seed": prime.seed} if prime.seed else {})}
        shown = " ".join(f"{k}={v}" for k, v in now.items())

        def given(text: str | None) -> None:
            if text is not None:
                self._take_settings(text)

        names = ", ".join(p["name"] for p in self.kind.get("parameters", []))
        hint = f"{names}, seed, keep, terms, ban; e.g. count=50 terms=biology+music"
        self.app.push_screen(Prompt(f"{prime.kind}: name=value …", shown, hint), given)

    def _take_settings(self, text: str) -> None:
        prime = self.prime
        params: JSON = {}
        prime.seed = None
        for part in text.split():
            name, equals, value = part.partition("=")
            if not equals:
                self.deck.say(f"{part} has no value: write name=value")
                return
            if name == "seed":
                prime.seed = int(value) if value.isdigit() else None
            elif name in ("terms", "ban") and prime.kind != "terms":
                prime.wishes[name] = value.split("+")
            elif name == "ban":
                prime.wishes["ban"] = value.split("+")
            elif name == "keep":
                prime.wishes["keep"] = int(value) if value.isdigit() else 0
            else:
                params[name] = value.split("+") if name == "terms" else value
        prime.params[prime.kind] = params
        self._show()

    def action_follow_up(self) -> None:
        """What to do with it: the words after the injection."""

        def given(text: str | None) -> None:
            if text is not None:
                self.prime.follow_up = text.strip()

        title = "Then go on: (empty = three directions)"
        self.app.push_screen(Prompt(title, self.prime.follow_up), given)

    def action_names(self) -> None:
        """People beside their concepts, or concepts alone."""
        self.prime.with_names = not self.prime.with_names
        self.deck.say("With names" if self.prime.with_names else "Concepts alone, without names")

    # -- the past

    def action_past(self) -> None:
        """The session's primings and what came of them, or back."""
        prime = self.prime
        if prime.show == "past":
            prime.show = "items" if prime.items else "draw"
        else:
            prime.show = "past"
        self._show()

    def _again(self, key: str) -> None:
        past = next((p for p in self.prime.past if p["id"] == key), None)
        if past is not None:
            self.prime.kind = past["kind"]
            self.prime.take_draw(past)
            if past["items"]:
                self.prime.take_items(past)
            self._show()

    def action_words(self) -> None:
        """The word lists behind the gauge of the priming under the cursor."""
        key = self.query_one(Rows).key
        past = next((p for p in self.prime.past if p["id"] == key), None)
        if self.prime.show != "past" or past is None or not past["gauge"]:
            return
        gauge = past["gauge"]
        lines = [
            st.gauge_words(gauge),
            f"\nnew terms: {', '.join(gauge.get('new_terms', [])) or '-'}",
            f"\nfrom the injection: {', '.join(gauge.get('echo_terms', [])) or '-'}",
            f"\ntaken up: {', '.join(gauge.get('taken_up', [])) or '-'}",
        ]
        row = {"key": key, "text": "The gauge's words", "detail": "\n".join(lines), "link": ""}
        self.app.push_screen(Paper(row))

    # -- leaving

    def action_filter(self) -> None:
        """Type to filter."""
        self.query_one("#prime-filter", Input).focus()

    def action_leave(self) -> None:
        """Back from the filter to the rows; from there to the composer."""
        field = self.query_one("#prime-filter", Input)
        if field.has_focus or field.value:
            field.value = ""
            self.query_one(Rows).focus()
        else:
            self.deck.composer.focus()

    @on(Input.Changed, "#prime-filter")
    def _filtered(self) -> None:
        self._show()

    @on(Input.Submitted, "#prime-filter")
    def _to_rows(self) -> None:
        self.query_one(Rows).focus()

    def _nobody(self) -> bool:
        if self.session is None:
            self.deck.say("Open a session first: priming goes into one.")
        return self.session is None


def _past_row(past: JSON) -> Row:
    sent = sum(len(i["items"]) for i in past["injected"])
    uptake = (past["gauge"] or {}).get("uptake") or {}
    came = f"uptake {uptake.get('taken', 0)}/{uptake.get('of', 0)}" if past["gauge"] else ""
    return Row(
        past["id"],
        (
            (f"{past['kind']} ", "bold"),
            (f"seed {past['seed']} ", "$text-muted"),
            (f"{sent} sent " if sent else "not sent ", "" if sent else "$text-muted"),
            (came, "$text-accent"),
        ),
    )
