"""The small dialogs that everything asks with: yes or no, a line of text, a choice of rows."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, ClassVar, Generic, Literal, TypeVar, TypeVarTuple

from rich.cells import cell_len
from textual import events, on
from textual._path import CSSPathType
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static
from textual.worker import Worker, WorkerCancelled, WorkerFailed

from sessions.errors import AgentdeckError
from tui.screens.frame import SLIM, Frame
from tui.terminal import glyphs
from tui.timing.background_work import caught_up, if_shown, while_shown
from tui.timing.idle import collect_when_idle
from tui.view.dialog_backdrop import Dimmed
from tui.view.textual_workarounds import SteadyScreen
from tui.widgets.fields import Field
from tui.widgets.hints import Hints
from tui.widgets.rows import Row, Rows
from tui.words.text import fitting, plain

if TYPE_CHECKING:
    from tui.deck.topics import Topic

T = TypeVar("T")
Told = TypeVarTuple("Told")
GUARD_S = 0.4
"""An enter within this time of a question's appearance was meant for something else."""
CLICK_S = 1.0
"""What a button does within this time of a press of the mouse was clicked."""
_CORNERS = 6
"""Cells of a frame's lower line that are not for words: corners, a line and a space each."""
NOT_FOUND = "Nothing here has that in it."
STILL_READING = "Not found so far; the rest of the list is being read."


class Dialog(Dimmed, SteadyScreen, ModalScreen[T], Generic[T]):
    """A frame with a title in the middle of the deck; esc leaves it without a result."""

    CSS_PATH: ClassVar[CSSPathType | None] = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "leave", show=False),
        Binding("ctrl+q", "cancel", "leave", show=False),
        # At once, so that what is typed right after goes to the next field.
        Binding("tab", "app.focus_next", show=False, priority=True),
        Binding("shift+tab", "app.focus_previous", show=False, priority=True),
    ]
    WIDE: ClassVar[bool] = False
    """As large as what it holds, up to most of the screen; else as wide as a sentence or two."""
    WHOLE: ClassVar[bool] = False
    """Most of the screen in any case: what it will hold is not known when it opens."""
    QUICKER: ClassVar[Mapping[str, str]] = {}
    """The key that does what a button does, by the button's id."""
    HORIZONTAL_BREAKPOINTS = [(0, "-slim"), (SLIM, "-broad")]  # noqa: RUF012

    def __init__(self, title: str) -> None:
        super().__init__()
        self._dismissed = False
        self._hint = ""
        self._moused = -CLICK_S
        self._unfollow: list[Callable[[], None]] = []
        self.heading = title
        self.set_class(glyphs.is_ascii(), "-ascii")

    def compose(self) -> ComposeResult:
        with Frame(plain(self.heading).plain, wide=self.WIDE, whole=self.WHOLE):
            yield from self.body()

    def body(self) -> ComposeResult:
        """What the dialog holds."""
        raise NotImplementedError

    def hint(self, text: str) -> None:
        """What the keys do, in the frame's lower line: as much as fits, the last in any case."""
        self._hint = text
        frame = self.query_one("#dialog")
        frame.border_subtitle = plain(fitting(text, self.app.size.width - _CORNERS, last=True))
        if len(text) > frame.size.width - 2:
            frame.refresh(layout=True)

    @on(events.Resize)
    def _hint_anew(self) -> None:
        """More of it fits, or less."""
        if self._hint and self.query("#dialog"):
            self.hint(self._hint)

    async def on_hints_chosen(self, message: Hints.Chosen) -> None:
        """What can be done was clicked instead."""
        message.stop()
        await self.offer_clicked(message.key)

    async def offer_clicked(self, key: str) -> None:
        """As if its key had been pressed."""
        self.app.simulate_key(key)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key that came before the fields it is about does nothing."""
        if action != "cancel" and not self.is_mounted:
            return False
        return super().check_action(action, parameters)

    def action_cancel(self) -> None:
        """Leave without a result."""
        self.dismiss(None)

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Leave with a result, once.

        Two keys may be waiting that both leave it, and who asked may have gone meanwhile: Textual
        (8.2.8) ends the app over either, and the second would take the screen below with it.
        """
        if self._dismissed:
            return AwaitComplete()
        self._dismissed = True
        for waiting in self._result_callbacks:
            if waiting.future is not None and waiting.future.done():
                waiting.future = None
        return super().dismiss(result)

    def follow(self, topic: Topic[*Told], heard: Callable[[*Told], object]) -> None:
        """Call it whenever there is news of a topic, for as long as the dialog is there."""
        topic.subscribe(heard)
        self._unfollow.append(partial(topic.unsubscribe, heard))

    def on_unmount(self) -> None:
        """Nobody looks any more; what it leaves behind is collected when no key waits for that."""
        for leave in self._unfollow:
            leave()
        collect_when_idle(self.app)

    def on_mouse_down(self) -> None:
        """A button may be pressed by it."""
        self._moused = monotonic()

    @on(Button.Pressed)
    def _key_of_button(self, event: Button.Pressed) -> None:
        """Who clicked is told the key."""
        hints = getattr(getattr(self.app, "deck", None), "shortcut_hints", None)
        key = self.QUICKER.get(event.button.id or "")
        if key and hints is not None and monotonic() - self._moused < CLICK_S:
            hints.by_key(f"{type(self).__name__} {event.button.id}", key)

    def on_click(self, event: events.Click) -> None:
        """A click beside the dialog leaves it."""
        if event.widget is self:
            self.dismiss(None)


class Confirm(Dialog[bool]):
    """Asks before something happens; what would do harm is never the default."""

    QUICKER: ClassVar[Mapping[str, str]] = {"yes": "y", "no": "escape"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "yes", "yes", show=False),
        Binding("n", "cancel", "no", show=False),
        Binding("left,right,up,down", "app.focus_next", show=False),
    ]

    def __init__(
        self, title: str, text: str, yes: str, *, danger: bool = False, written: bool = False
    ) -> None:
        super().__init__(title)
        self.written = written
        """It comes up amid what may be the words of a message."""
        self.text = text
        self.yes = yes
        self.danger = danger

    def body(self) -> ComposeResult:
        """The question, and two buttons."""
        with VerticalScroll(id="confirm-text", can_focus=False):
            yield Static(plain(self.text), markup=False)
        with Horizontal(id="buttons"):
            variant: Literal["error", "primary"] = "error" if self.danger else "primary"
            yield Button(Content(self.yes), id="yes", variant=variant, compact=True)
            yield Button(Content("No"), id="no", compact=True)

    def on_mount(self) -> None:
        """The focus is on what does no harm."""
        self.query_one("#no" if self.danger else "#yes").focus()
        self.hint("y yes · n or esc no")
        self._since = monotonic()
        self._stray = self._since if self.written else 0.0

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        # An enter that was pressed twice confirms nothing that was not read.
        if event.button.id != "yes" or monotonic() - self._since >= GUARD_S:
            self.dismiss(event.button.id == "yes")

    def action_yes(self) -> None:
        """Yes; not while somebody writes, who means something else."""
        if monotonic() - self._stray >= GUARD_S:
            self.dismiss(True)

    def on_key(self, event: events.Key) -> None:
        """A key that answers nothing: what comes right behind it is no answer either."""
        if event.is_printable and event.key not in ("y", "n", "space"):
            self._since = self._stray = monotonic()


class Prompt(Dialog[str]):
    """Asks for one line of text."""

    def __init__(
        self,
        title: str,
        value: str = "",
        placeholder: str = "",
        *,
        enter: str,
        check: Callable[[str], object] | None = None,
    ) -> None:
        """`enter`: what that key does here, in a word or two.

        `check` raises AgentdeckError for what can't be taken: that is said, and what was typed
        stays there to be mended.
        """
        super().__init__(title)
        self.check = check
        self.value = value
        self.placeholder = placeholder
        self.enter = enter

    def body(self) -> ComposeResult:
        """The field."""
        yield Field(self.value, placeholder=self.placeholder, compact=True)
        fault = Static("", id="fault", markup=False)
        fault.display = False
        yield fault

    def on_mount(self) -> None:
        """Say what enter does."""
        self.hint(f"enter {self.enter} · esc cancels")

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        try:
            if self.check is not None:
                self.check(event.value)
        except AgentdeckError as error:
            fault = self.query_one("#fault", Static)
            fault.update(plain(str(error)))
            fault.display = True
        else:
            self.dismiss(event.value)


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen: the `row`'s key, the `key` that chose it, the keys of `marked` rows."""

    row: str
    key: str = "enter"
    marked: tuple[str, ...] = ()

    @property
    def rows(self) -> tuple[str, ...]:
        """The marked rows, else the one under the cursor."""
        return self.marked or ((self.row,) if self.row else ())


def found_in(words: str, terms: Sequence[str]) -> bool:
    """Whether every term is in the words."""
    folded = words.casefold()
    return all(term in folded for term in terms)


@dataclass(frozen=True, slots=True)
class Pick:
    """A row of `Choose`: its name, its cells, and the words that the filter looks in."""

    key: str
    cells: tuple[tuple[str, str], ...]
    words: str = ""
    told: str = ""
    """All of it in words, for below the list, where cells are cut to their columns."""

    def matches(self, terms: Sequence[str]) -> bool:
        """Whether every term is in it."""
        return found_in(self.words or " ".join(text for text, _ in self.cells), terms)


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be done with a row besides picking it: a key and a word for it."""

    key: str
    word: str


@dataclass(slots=True)
class Listing:
    """What a `Choose` shows: rows, what else can be done, and which are marked (None: no marks)."""

    rows: list[Pick]
    offers: tuple[Offer, ...] = ()
    marked: set[str] | None = None
    empty: str = "Nothing here."
    enter: str = "selects"
    refresh: Callable[[], list[Pick]] | None = field(default=None)
    at: str = ""
    """The key of the row that the cursor begins on."""
    rest: AsyncIterator[list[Pick]] | None = None
    """Where rows are many: those below `rows`, which come while the first ones are shown."""
    written: Callable[[str], None] | None = None
    """Takes what was typed and finds no row when the list is left: it was no filter."""


class Filter(Field):
    """What is typed to find rows; where rows can be ticked, space ticks while it is empty."""

    class Space(Message):
        """Space was pressed, and is no part of what is looked for."""

    def __init__(self, ticking: bool) -> None:
        super().__init__(placeholder="type to filter", compact=True, id="filter")
        self.ticking = ticking

    async def _on_key(self, event: events.Key) -> None:
        # The field's own handler comes after this one, unless the default is prevented.
        if event.key == "space" and self.ticking and not self.value:
            event.stop()
            event.prevent_default()
            self.post_message(self.Space())


class Filtered(Dialog[T], Generic[T]):
    """Rows below a field (`#filter`) that keeps the keys while the cursor moves in the rows."""

    WIDE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "rows('move', 1)", show=False, priority=True),
        Binding("up", "rows('move', -1)", show=False, priority=True),
        Binding("pagedown", "rows('page', 1)", show=False, priority=True),
        Binding("pageup", "rows('page', -1)", show=False, priority=True),
    ]

    async def caught_up(self) -> None:
        """All that was typed before has been looked for: these keys overtake the field's."""
        await caught_up(self.query_one("#filter", Input))

    async def action_rows(self, what: str, by: int) -> None:
        """Move the cursor while the field has the focus."""
        await self.caught_up()
        rows = self.query_one(Rows)
        (rows.action_page if what == "page" else rows.action_move)(by)


class Choose(Filtered[Choice]):
    """A list with a filter above it. Letters go to the filter, so offers have alt or ctrl keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take('enter')", show=False, priority=True),
        Binding("ctrl+t,insert", "mark", show=False, priority=True),
        Binding("ctrl+a", "mark_all", show=False, priority=True),
    ]

    def __init__(self, title: str, listing: Listing) -> None:
        super().__init__(title)
        self.listing = listing
        self.marked = set(listing.marked or ())
        self._rest: Worker[None] | None = None

    @property
    def marking(self) -> bool:
        """Whether rows can be marked."""
        return self.listing.marked is not None

    def body(self) -> ComposeResult:
        """Filter and rows."""
        yield Filter(self.marking)
        yield Rows(self.listing.empty)
        whole = Static("", id="whole", markup=False)
        whole.display = False
        yield whole
        yield Hints(id="offers")

    def on_mount(self) -> None:
        """Show all rows, and what can be done with them by key or click."""
        offers = [Offer("enter", self.listing.enter)]
        if self.marking:
            offers += [Offer("space", "ticks"), Offer("ctrl+a", "all")]
        offers += [*self.listing.offers, Offer("escape", "closes")]
        self.query_one("#offers", Hints).say([(o.key, o.word) for o in offers])
        self._show()
        keys = [row.key for row in self.query_one(Rows).rows]
        if self.listing.at in keys:
            self.query_one(Rows).action_move(keys.index(self.listing.at))
        if self.listing.rest is not None:
            reading = while_shown(self, self._read, self.listing.rest)
            self._rest = self.run_worker(reading, exit_on_error=False)

    async def _read(self, rest: AsyncIterator[list[Pick]]) -> None:
        rows = self.query_one(Rows)
        rows.empty = STILL_READING
        async for picks in rest:
            self.listing.rows += picks
            rows.add(self._matching(picks))
        rows.empty = self.listing.empty
        if not rows.rows:
            self._show()

    async def all_there(self) -> None:
        """Wait for rows that are still read."""
        if self._rest is not None:
            with contextlib.suppress(WorkerFailed, WorkerCancelled):
                await self._rest.wait()

    async def offer_clicked(self, key: str) -> None:
        """Done at once: the filter has a use for some of the keys."""
        actions = {"space": self.action_mark, "ctrl+a": self.action_mark_all}
        if key == "escape":
            self.action_cancel()
        elif key in actions:
            await actions[key]()
        else:
            await self.action_take(key)

    @on(Rows.Moved)
    def _moved(self) -> None:
        self._say_whole()

    def _say_whole(self) -> None:
        """The row under the cursor in full, where it does not fit: what is cut may decide."""
        rows, whole = self.query_one(Rows), self.query_one("#whole", Static)
        row = rows.rows[rows.cursor] if rows.rows else Row("", ())
        shown = row.content().plain.rstrip()
        cut = cell_len(shown) > rows.scrollable_content_region.width > 0
        cut = cut or (bool(row.told) and "…" in shown)
        words = row.told or " ".join(shown.split())
        if self.marking:  # the tick stands in its row
            words = words.removeprefix("[x] ").removeprefix("[ ] ")
        whole.update(Content.styled(words if cut else "", "$text-muted"))
        whole.display = cut
        count = len(rows.rows)
        self.hint(f"{rows.cursor + 1} of {count}" if 0 < rows.size.height < count else "")

    def on_resize(self) -> None:
        """Other rows fit, or don't."""
        self.call_after_refresh(if_shown(self, self._say_whole))

    def _show(self) -> None:
        rows = self.query_one(Rows)
        sought = self.listing.rows and self.query_one("#filter", Input).value.strip()
        if rows.empty != STILL_READING:
            rows.empty = NOT_FOUND if sought else self.listing.empty
        rows.show(self._matching(self.listing.rows))
        self._say_whole()

    def _matching(self, picks: Sequence[Pick]) -> list[Row]:
        terms = self.query_one("#filter", Input).value.casefold().split()
        rows = []
        for pick in picks:
            if pick.matches(terms):
                mark = "[x] " if pick.key in self.marked else "[ ] "
                cells = ((mark, "bold"), *pick.cells) if self.marking else pick.cells
                rows.append(Row(pick.key, cells, pick.told))
        return rows

    @on(Input.Changed, "#filter")
    def _filtered(self) -> None:
        self._show()

    async def caught_up(self) -> None:
        """The rows are those of all that was typed before."""
        await super().caught_up()
        self._show()

    async def action_mark(self) -> None:
        """Mark or unmark the row under the cursor."""
        await self.caught_up()
        if self.marking and (key := self.query_one(Rows).key):
            self.marked ^= {key}
            self._show()

    async def on_filter_space(self) -> None:
        """As in every list that can be ticked."""
        await self.action_mark()

    def dismiss(self, result: Choice | None = None) -> AwaitComplete:
        """Leave; what was typed and is no filter goes to who keeps it."""
        typed = "" if self._dismissed else self.query_one("#filter", Input).value
        if self.listing.written and typed.strip() and not self.query_one(Rows).rows:
            self.listing.written(typed)
        return super().dismiss(result)

    async def action_mark_all(self) -> None:
        """Mark all rows, or none if all are."""
        await self.caught_up()
        if self.marking:
            await self.all_there()
            keys = {row.key for row in self.query_one(Rows).rows}
            self.marked = self.marked - keys if keys <= self.marked else self.marked | keys
            self._show()

    async def action_take(self, key: str) -> None:
        """Choose the row under the cursor."""
        await self.caught_up()
        if self.marked:
            await self.all_there()
        rows = self.query_one(Rows)
        if rows.rows or self.marked:  # a row's key may be "": none of the others
            marked = tuple(p.key for p in self.listing.rows if p.key in self.marked)
            self.dismiss(Choice(rows.key, key, marked))

    async def on_rows_picked(self, message: Rows.Picked) -> None:
        """A click chooses, or marks where rows are marked."""
        if self.marking:
            await self.action_mark()
        else:
            await self.action_take("enter")

    async def on_key(self, event: events.Key) -> None:
        """The key of an offer."""
        if any(event.key == offer.key for offer in self.listing.offers):
            event.stop()
            await self.action_take(event.key)
