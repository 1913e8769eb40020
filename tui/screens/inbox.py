"""The inbox: all that wants a person, over all sessions, each shown and answered in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual._path import CSSPathType
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from sessions.errors import AgentdeckError
from sessions.record.inbox_items import Want, in_order, wants
from sessions.runtime.budget import EXAMPLE, parse, said
from tui.panels.prime.inbox import receipt_words
from tui.screens import fill_form
from tui.screens.dialogs import Dialog, Prompt
from tui.screens.frame import HasWishes
from tui.terminal import glyphs
from tui.timing.background_work import if_shown, while_shown
from tui.widgets.hints import Hints
from tui.widgets.inbox_item import WantBox
from tui.widgets.permission import PermissionBox
from tui.widgets.rows import Row, Rows
from tui.words.text import column, in_column, one_line, plain

if TYPE_CHECKING:
    from sessions.api.priming import DreamWaiting
    from tui.deck.interfaces import ForInbox

_MOST_ROWS = 8
"""Of the list at once; the room is for the one in hand."""
_KEYS = (
    ("up", "previous"),
    ("down", "next"),
    ("pagedown", "scrolls"),
    ("ctrl+g", "goes to its tile"),
    ("escape", "closes"),
)
_LOOKS = {
    "question": ("needs-you", "asks", "$text-warning"),
    "needs-you": ("needs-you", "needs you", "$text-warning"),
    "failed": ("failed", "failed", "$text-error"),
    "cut-off": ("cut-off", "cut off", "$text-warning"),
    "limit": ("paused", "paused", "$text-warning"),
    "done": ("done", "done", "$text-success"),
    "harvest": ("idle", "a skill?", "$text-accent"),
    "dream": ("idle", "dream", "$text-accent"),
}


class InHand(Vertical):
    """Holds the box of the one in hand."""

    def wants_rows(self, width: int) -> int:
        """As many as its box could use."""
        for box in self.children:
            if isinstance(box, HasWishes):
                return box.wants_rows(width)
        return 1


class InboxScreen(Dialog[str]):
    """Gives the session whose tile is wanted, or nothing. Answers go out one by one."""

    WIDE = True
    CSS_PATH: ClassVar[CSSPathType | None] = ["dialogs.tcss", "../widgets/permission.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "step(1)", show=False, priority=True),
        Binding("up", "step(-1)", show=False, priority=True),
        Binding("ctrl+g", "go", show=False, priority=True),
    ]

    def __init__(self, deck: ForInbox) -> None:
        super().__init__("Inbox")
        self.deck = deck
        self.answered: set[str] = set()
        """Answers that are on their way: their questions are not shown again."""
        self.found: list[Want] = []
        """What the engine found while nobody asked: suggestions and dreams."""
        self.dreams: dict[str, DreamWaiting] = {}
        """Of what was found, by key."""
        self.in_hand = ""

    def body(self) -> ComposeResult:
        """The list, the one in hand, and what the keys do."""
        yield Rows("Questions, failures, limits, ends, suggestions and dreams come here.")
        yield InHand(id="request")
        yield Static("", id="fault", markup=False)
        yield Hints(id="offers")

    def on_mount(self) -> None:
        """Show the most urgent, and follow what comes and goes."""
        self.follow(self.deck.topics.summary, self._changed)
        self.follow(self.deck.topics.gone, self._changed)
        self.show()
        self.run_worker(while_shown(self, self._find), group="find", exclusive=True)

    def _changed(self, _: object) -> None:
        """A session is another than it was, or is gone."""
        self.show()

    async def _find(self) -> None:
        try:
            found = await self.deck.client.call("deck.offers")
        except AgentdeckError as error:
            self._say(str(error))
            return
        self.found = [Want(f["kind"], f["key"], f["session"], f["at"], f["words"]) for f in found]
        self.dreams = {each["key"]: dream for each in found if (dream := each["dream"])}
        self.show()

    def waiting(self) -> list[Want]:
        """What still wants an answer, the most urgent first."""
        found = [*wants(self.deck.model.summaries.values()), *self.found]
        return [want for want in in_order(found) if want.key not in self.answered]

    def _want(self, key: str) -> Want | None:
        return next((want for want in self.waiting() if want.key == key), None)

    def show(self) -> None:
        """Draw the list; the one in hand stays the same one while it waits."""
        rows = self.query_one(Rows)
        waiting = self.waiting()
        # The words have what room the names leave them.
        width = column(map(self._named, waiting), max(14, self.app.size.width // 4))
        rows.show([self._row(want, width) for want in waiting])
        rows.styles.height = max(1 if waiting else 2, min(_MOST_ROWS, len(waiting)))
        self.query_one("#offers", Hints).say(_KEYS if waiting else _KEYS[-1:])
        count = f"{len(waiting)} waiting" if waiting else "Nothing waits"
        self.query_one("#dialog").border_title = f"Inbox: {count}"
        self._show_in_hand()

    def _named(self, want: Want) -> str:
        return self.deck.model.name_of(want.session) if want.session else "while all was idle"

    def _row(self, want: Want, width: int) -> Row:
        status, word, style = _LOOKS[want.kind]
        cells = (
            (f"{glyphs.status(status)} {word:<10}", style),
            (in_column(self._named(want), width), "bold"),
            (f"{want.at[11:16]:<6}", "$text-muted"),
            (one_line(want.words), style),
        )
        return Row(want.key, cells)

    def _show_in_hand(self) -> None:
        key = self.query_one(Rows).key
        if key != self.in_hand:
            self.in_hand = key
            self.call_later(self._swap)

    async def _swap(self) -> None:
        """A new box for each: a key that was meant for the one before answers none."""
        key = self.in_hand
        await self.query("PermissionBox, WantBox").remove()
        want = self._want(key)
        if want is not None and self.is_attached:
            box: PermissionBox | WantBox = (
                PermissionBox(want.session, want.ask, 0)
                if want.ask is not None
                else WantBox(want, self._told(want))
            )
            await self.query_one("#request").mount(box)
            box.focus()
            self.call_after_refresh(if_shown(self, self._fit))

    def _told(self, want: Want) -> str:
        """What there is to read of it; of one that is done its answer, where it is at hand."""
        if dream := self.dreams.get(want.key):
            return receipt_words(dream)
        if want.kind == "done" and (live := self.deck.model.live.get(want.session)):
            for block in reversed(live.transcript.blocks):
                if block.kind == "text" and (said := block.text).strip():
                    return said
        return want.words

    def _fit(self) -> None:
        for box in self.query(PermissionBox):
            if box.is_mounted:
                box.fit_in()

    def on_resize(self) -> None:
        """The names and the one in hand fit what room there is."""
        self.show()
        self.call_after_refresh(if_shown(self, self._fit))

    def action_step(self, by: int) -> None:
        """Take another one in hand."""
        self.query_one(Rows).action_move(by)

    @on(Rows.Moved)
    def _moved(self) -> None:
        self._show_in_hand()

    @on(Rows.Picked)
    def _picked(self) -> None:
        """A click takes it in hand."""
        self._show_in_hand()

    def action_go(self) -> None:
        """To the tile of the one in hand."""
        want = self._want(self.query_one(Rows).key)
        if want is not None and want.session:
            self.dismiss(want.session)

    # -- answers

    @on(PermissionBox.Answered)
    def _decided(self, message: PermissionBox.Answered) -> None:
        key = f"{message.session} {message.ask}"
        if key in self.answered:
            return  # a key that was pressed twice
        self.answered.add(key)
        self.deck.decide(message)
        self.show()

    @on(PermissionBox.Fill)
    def _fill(self, message: PermissionBox.Fill) -> None:
        message.stop()
        fill_form.fill(self, message, self._decided)

    @on(PermissionBox.Left)
    def _left(self) -> None:
        self.dismiss(None)

    @on(WantBox.Answered)
    def _chosen(self, message: WantBox.Answered) -> None:
        message.stop()

        async def guarded(want: Want, key: str) -> None:
            try:
                await self._answer(want, key)
                self._say("")
            except AgentdeckError as error:
                self._say(str(error))

        work = while_shown(self, guarded, message.want, message.key)
        self.run_worker(work, group="answer")

    async def _answer(self, want: Want, key: str) -> None:
        client, session = self.deck.client, want.session
        if want.kind in ("harvest", "dream"):
            await self._take(want, key == "y")
        elif key == "t":
            self.dismiss(session)
        elif key == "a" and want.running is not None:
            await client.call("terminal.again", session=session)
        elif key == "a":
            await client.call("session.again", session=session)
        elif key == "c":
            await client.call("session.set", session=session, changes={"paused": ""})
        elif key == "s":
            await client.call("session.seen", session=session)
        elif key == "b":
            text = await self.app.push_screen_wait(self._budget(session))
            if text is not None:
                await client.call("session.budget", session=session, text=text)
        elif text := await self._ask(
            f"To {self.deck.model.name_of(session)}", "your message", "sends it"
        ):
            await client.call("session.send", session=session, text=text)

    def _budget(self, session: str) -> Prompt:
        summary = self.deck.model.summaries.get(session)
        now = said(summary.budget) if summary is not None else ""
        return Prompt("Its budget", now, EXAMPLE, enter="sets it", check=parse)

    async def _ask(self, title: str, hint: str, enter: str) -> str | None:
        return await self.app.push_screen_wait(Prompt(title, placeholder=hint, enter=enter))

    async def _take(self, want: Want, keep: bool) -> None:
        """What was found: taken up where it belongs, or not shown again."""
        deck = self.deck
        if dream := self.dreams.get(want.key):
            current = deck.model.current or ""
            if keep and not current:
                self._say("A dream is taken into a session: there is none yet.")
                return
            await deck.client.call("priming.wake", session=current, id=dream["id"], keep=keep)
        elif not keep:
            await deck.client.call("harvest.suggestion", session=want.session, dismiss=True)
        self.found = [w for w in self.found if w.key != want.key]
        if not keep:
            self.show()
            return
        self.dismiss(want.session or None)
        panel = "prime" if want.kind == "dream" else "harvest"
        if deck.side.open_name != panel or not deck.side.shown:
            deck.call_after_refresh(deck.start, panel)

    def _say(self, text: str) -> None:
        self.query_one("#fault", Static).update(plain(text))
