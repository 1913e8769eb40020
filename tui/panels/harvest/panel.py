"""The Harvest panel of the session in focus, or of all sessions."""

from __future__ import annotations

from collections.abc import Coroutine
from pathlib import Path
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
from tui.panels.harvest.review import Review
from tui.rows import Row, Rows
from tui.screens.dialogs import Choose, Listing, Pick, Prompt
from tui.text import clean, clip, one_line

JSON = dict[str, Any]
_HINTS = {
    "session": "space pick · b basket · v all sessions · c copy · w save · t its turn · d draft",
    "all": "space pick · b basket · v this session · c copy · w save · t its turn · d draft",
    "basket": "space drops · d draft of it · o drafts · b back",
}
_SIGNALS = ("passed", "ran", "marked", "copied", "led_to", "uptake", "count", "sessions")


class HarvestPanel(Panel):
    """Byproducts with their receipts; the basket is shared by all tiles."""

    name_ = "harvest"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "pick", show=False),
        Binding("b", "basket", show=False),
        Binding("v", "where", show=False),
        Binding("c", "copy", show=False),
        Binding("w", "save", show=False),
        Binding("t", "turn", show=False),
        Binding("d", "draft", show=False),
        Binding("o", "drafts", show=False),
        Binding("slash", "filter", show=False),
        Binding("escape", "leave", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.found: list[JSON] = []
        self.basket: list[JSON] = []
        self.where = "session"

    def compose(self) -> ComposeResult:
        yield Line(id="harvest-where")
        yield Input(placeholder="filter", compact=True, id="harvest-filter")
        yield Rows("Nothing was left behind here yet.", id="harvest-rows")
        yield Static("", markup=False, id="harvest-about")
        yield Static("", markup=False, id="harvest-hint")

    # -- what it shows

    def attach(self, session_id: str | None) -> None:
        """Another session is in focus."""
        super().attach(session_id)
        self.reload()

    def session_event(self, event: ev.Event) -> None:
        """A turn has ended, or something was marked: look again."""
        if isinstance(event, ev.TurnEnded | ev.Byproduct):
            self.reload()

    def session_notice(self, notice: ev.JSON) -> None:
        """The basket changed in another tile."""
        if notice.get("kind") == "basket":
            self.reload()

    def reload(self) -> None:
        """Ask the engine again; no model is asked."""
        self._run(self._load(), "load")

    async def _load(self) -> None:
        self.basket = await self.client.call("harvest.basket")
        if self.where == "all":
            self.found = await self.client.call("harvest.byproducts")
        elif self.session:
            self.found = await self.client.call("harvest.byproducts", sessions=[self.session])
        self._show()

    def _run(self, work: Coroutine[Any, Any, None], group: str) -> None:
        async def guarded() -> None:
            try:
                await work
            except AgentdeckError as error:
                self.deck.say_error(error)

        self.run_worker(guarded(), group=f"harvest-{group}", exclusive=True, exit_on_error=False)

    def _show(self) -> None:
        if not self.is_mounted:
            return
        names = {"session": "this session", "all": "all sessions", "basket": "basket"}
        spots = [
            Spot(f" {text} ", "reverse" if where == self.where else "$text-muted", f"where:{where}")
            for where, text in names.items()
        ]
        spots.append(Spot(f" {len(self.basket)} picked", "$text-accent"))
        self.query_one("#harvest-where", Line).say(spots)
        self.query_one(Rows).show([Row(f["id"], self._cells(f)) for f in self._shown()])
        self.query_one("#harvest-hint", Static).update(Content(_HINTS[self.where]))
        self._about()

    def _shown(self) -> list[JSON]:
        words = self.query_one("#harvest-filter", Input).value.casefold().split()
        items = self.basket if self.where == "basket" else self.found
        told = [i for i in items if all(w in _words(i) for w in words)]
        return sorted(told, key=lambda i: -int(i.get("weight", 0)))

    def _cells(self, item: JSON) -> tuple[tuple[str, str], ...]:
        picked = item["id"] in {b["id"] for b in self.basket}
        signals = item.get("signals") or {}
        told = ", ".join(
            name if signals[name] is True else f"{name} {signals[name]}"
            for name in _SIGNALS
            if signals.get(name)
        )
        what = item.get("path") or " ".join(str(item.get("text", "")).split())[:200]
        return (
            ("[x] " if picked else "[ ] ", "bold $text-success" if picked else "$text-muted"),
            (f"{item['kind']} ", "$text-accent"),
            (one_line(what), ""),
            (
                f"  {told}" if told else "",
                "$text-success" if signals.get("passed") else "$text-muted",
            ),
        )

    @property
    def chosen(self) -> JSON | None:
        """The byproduct under the cursor."""
        key = self.query_one(Rows).key
        return next((i for i in [*self.found, *self.basket] if i["id"] == key), None)

    def _about(self) -> None:
        item = self.chosen
        text = ""
        if item is not None:
            origin = item.get("from") or {}
            name = self.deck.name_of(str(origin.get("session", "")))
            receipt = f"from {name}, turn {origin.get('turn')}, event {origin.get('seq')}"
            text = f"{receipt}\n{clip(clean(str(item.get('text', ''))), 500)}"
        self.query_one("#harvest-about", Static).update(Content(text))

    @on(Rows.Moved)
    def _moved(self) -> None:
        self._about()

    @on(Line.Clicked)
    def _where_clicked(self, message: Line.Clicked) -> None:
        if message.target.startswith("where:"):
            message.stop()
            self._go(message.target.removeprefix("where:"))

    # -- picking

    @on(Rows.Picked)
    def _picked(self) -> None:
        self.action_pick()

    def action_pick(self) -> None:
        """Into the basket, or out of it."""
        item = self.chosen
        if item is None:
            return
        held = item["id"] in {b["id"] for b in self.basket}
        args: JSON = {"remove": [item["id"]]} if held else {"add": [item]}

        async def change() -> None:
            self.basket = await self.client.call("harvest.basket", **args)
            self._show()

        self._run(change(), "basket")

    def _go(self, where: str) -> None:
        self.where = where
        self.reload()

    def action_basket(self) -> None:
        """The basket, or back."""
        self._go("session" if self.where == "basket" else "basket")

    def action_where(self) -> None:
        """Of this session, or of all."""
        self._go("session" if self.where == "all" else "all")

    # -- using

    def action_copy(self) -> None:
        """Copy the byproduct's text."""
        if self.chosen is not None:
            self.app.copy_to_clipboard(str(self.chosen.get("text", "")))
            self.deck.say("Copied")

    def action_save(self) -> None:
        """Save the byproduct's exact text to a file."""
        item = self.chosen
        if item is None:
            return

        def given(path: str | None) -> None:
            if path and path.strip():
                self._write(Path(path.strip()).expanduser(), str(item.get("text", "")))

        name = Path(str(item.get("path") or f"byproduct-{item['id'][:6]}.txt")).name
        self.app.push_screen(Prompt("Save to", str(Path.cwd() / name)), given)

    def _write(self, path: Path, text: str) -> None:
        try:
            with path.open("x", encoding="utf-8", errors="surrogateescape") as file:
                file.write(text)
        except OSError as error:
            self.deck.say(f"{path} can't be written: {error.strerror}")
            return
        self.deck.say(f"Saved to {path}")

    def action_turn(self) -> None:
        """Go to the session that it came from."""
        item = self.chosen
        if item is not None:
            self.deck.go(str((item.get("from") or {}).get("session", "")))

    # -- drafting

    def action_draft(self) -> None:
        """A draft of what is in the basket."""
        if not self.basket:
            self.deck.say("Pick something first: space puts it into the basket.")
            return

        def named(name: str | None) -> None:
            if name is not None:
                self._run(self._draft(name), "draft")

        self.app.push_screen(Prompt("The skill's name (empty = found by itself)"), named)

    async def _draft(self, name: str) -> None:
        draft = await self.client.call("harvest.draft", name=name)
        self._review(draft)

    def action_drafts(self) -> None:
        """Open a draft."""

        async def choose() -> None:
            names = await self.client.call("harvest.drafts")
            picks = [Pick(name, ((name, ""),)) for name in names]
            listing = Listing(picks, empty="There are no drafts.", enter="opens it")
            self.app.push_screen(Choose("Drafts", listing), opened)

        def opened(choice: Any) -> None:
            if choice and choice.row:
                self._run(self._open(choice.row), "draft")

        self._run(choose(), "draft")

    async def _open(self, name: str) -> None:
        self._review(await self.client.call("harvest.open", name=name))

    def _review(self, draft: JSON) -> None:
        def done(said: str | None) -> None:
            if said:
                self.deck.say(said)
            self.reload()

        self.app.push_screen(Review(self.client, draft, self.session or ""), done)

    # -- leaving

    def action_filter(self) -> None:
        """Type to filter."""
        self.query_one("#harvest-filter", Input).focus()

    def action_leave(self) -> None:
        """Back from the filter to the rows; from there to the composer."""
        field = self.query_one("#harvest-filter", Input)
        if field.has_focus or field.value:
            field.value = ""
            self.query_one(Rows).focus()
        else:
            self.deck.composer.focus()

    @on(Input.Changed, "#harvest-filter")
    def _filtered(self) -> None:
        self._show()

    @on(Input.Submitted, "#harvest-filter")
    def _to_rows(self) -> None:
        self.query_one(Rows).focus()


def _words(item: JSON) -> str:
    return f"{item['kind']} {item.get('path')} {item.get('text')}".casefold()
