"""The Harvest panel of the session in focus, of several, or of all sessions."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, Static

from sessions.api.harvest import DraftShown, HarvestItem
from sessions.api.notices import EngineNotice
from sessions.record import events as ev
from sessions.record.summary import Summary
from tui.panels.base import Panel
from tui.panels.harvest import library
from tui.panels.harvest.picture import PictureScreen
from tui.panels.harvest.review import DraftReview
from tui.panels.harvest.turn import show_turn
from tui.screens.dialogs import Choice, Choose, Listing, Pick, Prompt
from tui.screens.session_list import in_pages
from tui.start_directory import here
from tui.widgets.clickable_line import ClickableLine, ClickableSpot
from tui.widgets.fields import Field
from tui.widgets.hints import Hints
from tui.widgets.rows import Row, Rows
from tui.words.text import clean, clip, one_line, title_of

_FOUND = (
    ("space", "pick"), ("a", "all"), ("enter", "opens a picture"), ("c", "copy"), ("w", "save"),
    ("t", "its turn"), ("b", "basket"), ("v", "all sessions"), ("r", "a day or run"),
    ("m", "several"), ("d", "draft"), ("o", "drafts"), ("u", "your skills"), ("slash", "filter"),
)  # fmt: skip
_BASKET = (
    ("space", "drop"), ("x", "empty it"), ("d", "draft of it"), ("o", "drafts"), ("b", "back"),
)  # fmt: skip
_SIGNALS = (
    "passed",
    "ran",
    "made",
    "input",
    "marked",
    "copied",
    "led_to",
    "uptake",
    "count",
    "sessions",
)
_NAMES = {"session": "this session", "several": "several", "all": "all"}


class HarvestPanel(Panel):
    """Byproducts with their receipts; the basket is shared by all tiles."""

    name_ = "harvest"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,ctrl+t", "pick", show=False),
        Binding("a,ctrl+a", "pick_all", show=False),
        Binding("b", "basket", show=False),
        Binding("x", "empty", show=False),
        Binding("v", "where", show=False),
        Binding("m", "several", show=False),
        Binding("r", "span", show=False),
        Binding("c", "copy", show=False),
        Binding("w", "save", show=False),
        Binding("t", "turn", show=False),
        Binding("d", "draft", show=False),
        Binding("o", "drafts", show=False),
        Binding("u", "uses", show=False),
        Binding("y", "make_it", show=False),
        Binding("n", "not_now", show=False),
        Binding("slash", "filter", show=False),
        Binding("escape", "leave", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.found: list[HarvestItem] = []
        self.basket: list[HarvestItem] = []
        self.where = "session"
        self.several: tuple[str, ...] = ()
        self.span = ""
        """What the several are, if they are a day's or a run's."""
        self.suggestion = ""
        self.looking = False

    def compose(self) -> ComposeResult:
        yield ClickableLine(id="harvest-where")
        yield Static("", markup=False, id="harvest-suggestion")
        yield Field(placeholder="filter", compact=True, id="harvest-filter")
        yield Rows("Nothing was left behind here yet.", id="harvest-rows")
        yield Static("", markup=False, id="harvest-about")
        yield Hints(id="harvest-hint")

    # -- what it shows

    @property
    def rows(self) -> Rows:
        """The rows of the panel."""
        return self.query_one(Rows)

    def attach(self, session_id: str | None) -> None:
        """Another session is in focus."""
        if session_id != self.session:
            self.found = [] if self.where == "session" else self.found
            self.suggestion = ""
        super().attach(session_id)
        self.reload()

    def session_event(self, event: ev.Event) -> None:
        """A turn ended, something was marked, or files turned up behind a command: look again."""
        if isinstance(event, ev.TurnEnded | ev.Byproduct | ev.FilesMade):
            self.reload()

    def session_notice(self, notice: EngineNotice) -> None:
        """The basket changed in another tile."""
        if notice.get("kind") == "basket":
            self.reload()

    def reload(self) -> None:
        """Ask the engine again; no model is asked."""
        self.run(self._load(), "load")

    async def _load(self) -> None:
        self.looking = True
        self.show_all()
        try:
            session = self.session
            self.basket = await self.client.call("harvest.basket") or []
            wanted = {"session": [session] if session else [], "several": list(self.several)}
            if self.where == "all":
                self.found = await self.client.call("harvest.byproducts") or []
            elif sessions := wanted[self.where if self.where != "basket" else "session"]:
                self.found = (await self.client.call("harvest.byproducts", sessions=sessions)) or []
            else:
                self.found = []
            if session:
                told = await self.client.call("harvest.suggestion", session=session)
                self.suggestion = str(told or "")
        finally:
            self.looking = False
            self.show_all()

    def run(self, work: Coroutine[Any, Any, None], group: str = "do") -> None:
        """Do something in the background; a refusal is shown."""
        self.run_worker(
            self.deck.guarded(work),
            group=f"harvest-{group}",
            exclusive=group == "load",
            exit_on_error=False,
        )

    def show_all(self) -> None:
        """Draw the panel anew."""
        if not self.is_mounted:
            return
        several = self.span or f"several {len(self.several) or ''}".strip()
        names = {**_NAMES, "several": several}
        names["basket"] = f"basket {len(self.basket)}"
        spots = [
            ClickableSpot(
                f" {text} ", "reverse" if where == self.where else "$text-muted", f"where:{where}"
            )
            for where, text in names.items()
        ]
        self.query_one("#harvest-where", ClickableLine).say(spots)
        suggestion = self.query_one("#harvest-suggestion", Static)
        suggestion.update(Content(f"{one_line(self.suggestion)} y: yes · n: not now"))
        suggestion.display = bool(self.suggestion)
        rows = self.rows
        rows.empty = "looking…" if self.looking else "Nothing was left behind here yet."
        if self.where == "basket":
            rows.empty = "The basket is empty: space puts something in."
        rows.show([Row(item["id"], self._cells(item)) for item in self._shown()])
        self._about()
        self.query_one(Hints).say(_BASKET if self.where == "basket" else _FOUND)

    def _shown(self) -> list[HarvestItem]:
        words = self.query_one("#harvest-filter", Input).value.casefold().split()
        items = self.basket if self.where == "basket" else self.found
        told = [i for i in items if all(w in _words(i) for w in words)]
        return sorted(told, key=lambda i: -i.get("weight", 0))

    def _cells(self, item: HarvestItem) -> tuple[tuple[str, str], ...]:
        picked = item["id"] in self._picked_ids()
        signals = item["signals"]
        shown = {name: signals.get(name) for name in _SIGNALS}
        told = ", ".join(
            name if said is True else f"{name} {said}" for name, said in shown.items() if said
        )
        what = _called(item) or " ".join(item["text"].split())[:200]
        return (
            ("[x] " if picked else "[ ] ", "bold $text-success" if picked else "$text-muted"),
            (f"{one_line(item['kind'])} ", "$text-accent"),
            (f"{told}  " if told else "", "$text-success" if signals.get("passed") else ""),
            (one_line(what), ""),
        )

    def _picked_ids(self) -> set[str]:
        return {item["id"] for item in self.basket}

    @property
    def chosen(self) -> HarvestItem | None:
        """The byproduct under the cursor."""
        key = self.rows.key
        return next((i for i in [*self.found, *self.basket] if i["id"] == key), None)

    def _about(self) -> None:
        item = self.chosen
        text = ""
        if item is not None:
            origin = item["from"]
            name = self.deck.model.name_of(origin.get("session", ""))
            receipt = f"from {name}, turn {origin.get('turn')}, event {origin.get('seq')}"
            text = f"{receipt}\n{clip(clean(item['text']), 500)}"
        self.query_one("#harvest-about", Static).update(Content(text))

    @on(Rows.Moved)
    def _moved(self) -> None:
        self._about()

    @on(ClickableLine.Clicked)
    def _where_clicked(self, message: ClickableLine.Clicked) -> None:
        if message.target.startswith("where:"):
            message.stop()
            where = message.target.removeprefix("where:")
            if where == "several":
                self.action_several()
            else:
                self._go(where)

    # -- picking

    def action_pick(self) -> None:
        """Into the basket, or out of it."""
        item = self.chosen
        if item is not None:
            self._put_or_take([item])

    def action_pick_all(self) -> None:
        """All that are shown into the basket, or out of it if they all are in."""
        if shown := self._shown():
            self._put_or_take(shown)

    def _put_or_take(self, items: Sequence[HarvestItem]) -> None:
        ids = [item["id"] for item in items]
        if self._picked_ids().issuperset(ids):
            self._basket(remove=ids)
        else:
            self._basket(add=items)

    def action_empty(self) -> None:
        """Empty the basket."""
        if self.where == "basket" and self.basket:
            self._basket(clear=True)

    def _basket(
        self, add: Sequence[HarvestItem] = (), remove: Sequence[str] = (), *, clear: bool = False
    ) -> None:
        async def change() -> None:
            self.basket = await self.client.call(
                "harvest.basket", add=list(add), remove=list(remove), clear=clear
            )
            self.show_all()

        self.run(change(), "basket")

    def _go(self, where: str) -> None:
        self.where = where
        self.reload()

    def action_basket(self) -> None:
        """The basket, or back."""
        self._go("session" if self.where == "basket" else "basket")

    def action_where(self) -> None:
        """Of this session, or of all."""
        self._go("session" if self.where == "all" else "all")

    def action_several(self) -> None:
        """Of the sessions that are marked, closed and imported ones too."""
        self.run(self._choose_several())

    async def _choose_several(self) -> None:
        open_ = self.deck.model.summaries
        order = list(dict.fromkeys([*open_, *await self.client.call("deck.order")]))

        def row(summary: Summary) -> Pick:
            name = self.deck.model.name_of(summary.id) if summary.id in open_ else title_of(summary)
            return Pick(summary.id, ((name, ""), (f"  {_belongs(summary)}", "$text-muted")))

        pages = in_pages(self.deck, order, dict(open_), row)
        picks: list[Pick] = await anext(pages, [])
        marked = set(self.several) or ({self.session} if self.session else set())

        def chosen(choice: Choice | None) -> None:
            if choice and choice.marked:
                self.several, self.span = choice.marked, ""
                self._go("several")

        listing = Listing(picks, marked=marked, enter="shows theirs", rest=pages)
        self.app.push_screen(Choose("Byproducts of which sessions", listing), chosen)

    def action_span(self) -> None:
        """Of a day, or of a run of a plan."""
        self.run(self._choose_span())

    async def _choose_span(self) -> None:
        found = await self.client.call("harvest.spans")
        told = {f"{each['kind']} {each['name']}": each["sessions"] for each in found}
        picks = [Pick(key, span_cells(key, len(ids))) for key, ids in told.items()]

        def chosen(choice: Choice | None) -> None:
            if choice and choice.row:
                self.several, self.span = tuple(told[choice.row]), one_line(choice.row)
                self._go("several")

        listing = Listing(picks, empty="No session has worked yet.", enter="shows what it left")
        self.app.push_screen(Choose("Byproducts of which day or run", listing), chosen)

    def action_make_it(self) -> None:
        """Take the suggestion: a draft of what ran and passed here, whatever is in the basket."""
        session = self.session
        if not self.suggestion or session is None:
            return

        async def make() -> None:
            self._review(await self.client.call("harvest.draft", session=session))

        self.run(make())

    def action_not_now(self) -> None:
        """Do not suggest this session again."""
        if not self.suggestion or self.session is None:
            return
        self.suggestion = ""
        call = self.client.call("harvest.suggestion", session=self.session, dismiss=True)

        async def dismiss() -> None:
            await call

        self.run(dismiss())
        self.show_all()

    # -- using

    @on(Rows.Picked)
    def _looked_at(self) -> None:
        """A picture is shown; anything else goes into the basket or out of it."""
        item = self.chosen
        if item is None or item["kind"] != "picture":
            self.action_pick()
            return

        async def look() -> None:
            path = await self.client.call("harvest.file", item=item)
            self.app.push_screen(PictureScreen(Path(path)))

        self.run(look())

    def action_copy(self) -> None:
        """Copy the byproduct's text."""
        if self.chosen is not None:
            self.app.copy_to_clipboard(self.chosen["text"])
            self.deck.say("Copied")

    def action_save(self) -> None:
        """Save the byproduct's exact bytes to a file."""
        item = self.chosen
        if item is None:
            return

        def given(path: str | None) -> None:
            if path and path.strip():
                self.run(self._save(item, Path(path.strip()).expanduser()))

        name = Path(_called(item) or f"byproduct-{item['id'][:6]}.txt").name
        self.app.push_screen(Prompt("Save to", str(Path(here()) / name), enter="saves"), given)

    async def _save(self, item: HarvestItem, path: Path) -> None:
        text = item["text"]
        try:
            if text:
                data = text.encode("utf-8", "surrogateescape")
            else:
                data = Path(await self.client.call("harvest.file", item=item)).read_bytes()
            with path.open("xb") as file:
                file.write(data)
        except OSError as error:
            self.deck.say(f"{path} can't be written: {error.strerror}")
            return
        self.deck.say(f"Saved to {path}")

    def action_turn(self) -> None:
        """Go to the turn that it came from."""
        item = self.chosen
        if item is None:
            return
        origin = item["from"]

        async def go() -> None:
            session, seq = origin.get("session", ""), origin.get("seq") or 1
            if not await show_turn(self.deck, session, seq):
                self.deck.say(f"It is in turn {origin.get('turn')}")

        self.run(go())

    # -- drafting

    def action_draft(self) -> None:
        """A draft of what is in the basket."""
        if not self.basket:
            self.deck.say("Pick something first: space puts it into the basket.")
            return

        async def drafted(name: str) -> None:
            self._review(await self.client.call("harvest.draft", name=name))

        def named(name: str | None) -> None:
            if name is not None:
                self.run(drafted(name))

        asked = Prompt("The skill's name (empty = found by itself)", enter="drafts it")
        self.app.push_screen(asked, named)

    def action_drafts(self) -> None:
        """Open a draft."""

        async def choose() -> None:
            names = await self.client.call("harvest.drafts")
            picks = [Pick(name, ((one_line(name), ""),)) for name in names]
            listing = Listing(picks, empty="There are no drafts.", enter="opens it")
            self.app.push_screen(Choose("Drafts", listing), opened)

        async def opening(name: str) -> None:
            self._review(await self.client.call("harvest.open", name=name))

        def opened(choice: Choice | None) -> None:
            if choice and choice.row:
                self.run(opening(choice.row))

        self.run(choose())

    def _review(self, draft: DraftShown) -> None:
        def done(said: str | None) -> None:
            if said:
                self.deck.say(said)
            self.reload()

        self.app.push_screen(DraftReview(self.client, draft, self.session or ""), done)

    def action_uses(self) -> None:
        """My skills: used, helped, unused for weeks; undo of an install."""
        self.run(library.show(self))

    # -- leaving

    def action_filter(self) -> None:
        """Type to filter."""
        self.query_one("#harvest-filter", Input).focus()

    def action_leave(self) -> None:
        """Back from the filter to the rows; from there to the composer."""
        field = self.query_one("#harvest-filter", Input)
        if field.has_focus or field.value:
            field.value = ""
            self.rows.focus()
        elif self.where == "basket":
            self.action_basket()
        else:
            self.deck.composer.focus()

    @on(Input.Changed, "#harvest-filter")
    def _filtered(self) -> None:
        self.show_all()

    @on(Input.Submitted, "#harvest-filter")
    def _to_rows(self) -> None:
        self.rows.focus()


def span_cells(span: str, count: int) -> tuple[tuple[str, str], ...]:
    """A row of a day or a run, with how many sessions it has."""
    today = datetime.now().astimezone().date()
    words = {f"day {today}": "  today", f"day {today - timedelta(days=1)}": "  yesterday"}
    many = f"  {count} session{'s' * (count > 1)}"
    return (one_line(span), ""), (words.get(span, ""), "$text-accent"), (many, "$text-muted")


def _words(item: HarvestItem) -> str:
    return f"{item['kind']} {_called(item)} {item['text']}".casefold()


def _called(item: HarvestItem) -> str:
    """A file's path, or the name of one that a tool gave; "" for what is no file."""
    return item["signals"].get("name") or item["path"]


def _belongs(summary: Summary) -> str:
    """The day that a session worked on last, by this machine's clock, and its run: to filter by."""
    try:
        day = datetime.fromisoformat(summary.updated or summary.created).astimezone().date()
    except ValueError:
        return f"run {one_line(summary.run)}" if summary.run else ""
    told = [str(day)] + ["today"] * (day == datetime.now().astimezone().date())
    return " ".join([*told, *([f"run {one_line(summary.run)}"] if summary.run else [])])
