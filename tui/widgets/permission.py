"""A permission request inside its tile: exactly what will happen, and the answers to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from time import monotonic
from typing import Any, ClassVar

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from sessions.record import events as ev
from sessions.record.summary_parts import AskOption, PendingAsk
from tui.widgets import permission_detail
from tui.widgets.fields import Field
from tui.words.text import clip_middle, one_line, plain, rows_of

GUARD_S = 0.4
"""Keys typed within this time of the request's appearance were meant for something else."""

_TITLE_ROWS, _WHY_ROWS = 2, 4
"""At most; the style sheet says the same."""
DETAIL_ROWS = 6
"""How many rows of detail are shown at once at least, where the tile has them."""

_AROUND = 5
"""Cells around a choice's label: its key, and the space between."""

_BESIDE = 2
"""Rows that a request takes beside its answers at least: one of detail, how much is below."""

_COLUMN = 10
"""Cells of the narrowest column of answers: a key, and a word that is cut."""

# The keys of the kinds of option; `1`…`9` choose any.
_KEYS = {
    "allow_once": "o",
    "allow_session": "s",
    "allow_always": "a",
    "reject_once": "n",
    "reject_always": "x",
    "form": "f",
}


def wants_reason(option: AskOption) -> bool:
    """Whether an answer is a no that is to be explained (`sessions.tools.base.NO_BECAUSE`)."""
    return str(option.get("id", "")).endswith("reason")


def key_of(option: AskOption, number: int, taken: set[str]) -> str:
    """The key of an answer: its kind's letter, else its number."""
    key = "r" if wants_reason(option) else _KEYS.get(str(option.get("kind", "")), "")
    return key if key and key not in taken else str(number)


class AnswerChoice(Static, can_focus=False):
    """One answer, to be clicked or moved to."""

    def __init__(self, key: str, option: AskOption) -> None:
        self.option = option
        self.key = key
        self.kind = str(option.get("kind", ""))
        self.label = one_line(str(option.get("name") or option.get("id", "?")))
        self.short = one_line(str(option.get("short") or self.label))
        if about := one_line(str(option.get("description") or "")):
            # In a small tile the name alone; marked, it says the rest in the line above.
            self.label = f"{self.label} — {about}"
        self.whole = True
        """Whether the label is shown as it is."""
        super().__init__(self._said(f"{self.label} "), markup=False)

    @property
    def cells(self) -> int:
        """The room that the whole label takes beside others."""
        return cell_len(self.label) + _AROUND + 1

    def _said(self, label: str) -> Content:
        return Content.assemble((f" {self.key} ", "reverse"), f" {label}")

    def lines(self, cells: int) -> int:
        """How many rows the whole label takes in so many cells."""
        return len(self._said(self.label).wrap(max(4, cells - 1)))

    def say_all(self) -> None:
        """Say the whole label."""
        self.whole = True
        self.update(self._said(f"{self.label} "))

    def fit(self, cells: int) -> None:
        """Say in one row what has room: the label, its short form, or that without its middle."""
        room = max(4, cells - _AROUND)
        fitting = [label for label in (self.label, self.short) if cell_len(label) <= room]
        label = fitting[0] if fitting else clip_middle(self.short, room)
        self.whole = label == self.label
        self.update(self._said(label))


class Detail(VerticalScroll):
    """What will happen; knows how much of it has not been in view yet."""

    @dataclass
    class Moved(Message):
        """Other rows are in view."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._seen = 0
        """Rows from the top that have been in view."""

    @property
    def unseen(self) -> int:
        """Rows that have never been in view; all of them before it is laid out.

        None where it is left out, since the title says the same.
        """
        if not self.display:
            return 0
        if not self.size.height:
            return max(1, self.virtual_size.height)
        self._seen = max(self._seen, self.scroll_offset.y + self.size.height)
        return max(0, self.virtual_size.height - self._seen)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Tell it."""
        super().watch_scroll_y(old_value, new_value)
        self.post_message(self.Moved())

    def on_resize(self) -> None:
        """The rows are others now, and what was seen of them is what is in view."""
        self._seen = 0
        self.post_message(self.Moved())


class PermissionBox(Vertical, can_focus=True):
    """Shows the oldest waiting request of a session; never takes the focus by itself."""

    BINDING_GROUP_TITLE = "Permission"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,shift+tab", "move(-1)", "answer before", show=False),
        Binding("right,tab", "move(1)", "answer after", show=False),
        Binding("enter", "choose", "answer", show=True),
        Binding("r", "reason", "no, with a reason", show=True),
        Binding("up", "scroll_detail(-1)", "scroll", show=False),
        Binding("down", "scroll_detail(1)", "scroll", show=False),
        Binding("pageup", "scroll_detail(-6)", "scroll", show=False),
        Binding("pagedown", "scroll_detail(6)", "scroll", show=False),
    ]

    @dataclass
    class Answered(Message):
        """The user decided. `decision`: an option's id."""

        session: str
        ask: str
        decision: str
        reason: str = ""
        content: ev.JSON = field(default_factory=dict)

    @dataclass
    class Fill(Message):
        """The user wants to fill the request's form; `decision` is the answer that brings it."""

        session: str
        ask: PendingAsk
        decision: str

    @dataclass
    class Left(Message):
        """The user goes back to the composer; the request goes on waiting."""

    def __init__(
        self, session: str, ask: PendingAsk, more: int, clock: Callable[[], float] = monotonic
    ) -> None:
        super().__init__()
        self.session = session
        self.ask = ask
        self.more = more
        self.leaving = False
        """Another one is shown in its place."""
        self._clock = clock
        self._shown = self._since = clock()
        self._at = 0
        self._too_early = False
        """A yes was given before the end was shown."""
        self._why_fits = True
        """Whether there is room to say why it is asked."""

    @property
    def ask_id(self) -> str:
        """The request that is shown."""
        return self.ask["ask"]

    @property
    def _title(self) -> str:
        """What is asked, in one line."""
        return one_line(self.ask["summary"] or self.ask["tool"])

    @property
    def _others(self) -> str:
        """How many wait behind it."""
        return f"  (+{self.more} more)" if self.more else ""

    def compose(self) -> ComposeResult:
        yield Static(
            Content.assemble(
                ("? ", "bold $warning"), (self._title, "bold"), (self._others, "$text-muted")
            ),
            classes="permission--title",
            markup=False,
        )
        with Detail(classes="permission--detail", can_focus=False):
            yield Static(self._detail, markup=False)
        yield Static("", classes="permission--below", markup=False)
        yield Static("", classes="permission--why", markup=False)
        with Horizontal(classes="permission--choices"):
            taken: set[str] = set()
            for number, option in enumerate(self.options(), 1):
                key = key_of(option, number, taken)
                taken.add(key)
                yield AnswerChoice(key, option)
        yield Field(placeholder="Why not? enter sends it, esc goes back", classes="-hidden")

    def options(self) -> list[AskOption]:
        """The answers that are offered; without any, once and no."""
        options = list(self.ask["options"])
        return options or [
            {"id": "once", "name": "once", "kind": "allow_once"},
            {"id": "no", "name": "no", "kind": "reject_once"},
        ]

    @cached_property
    def _detail(self) -> Content:
        """What will happen, drawn once: each fitting asks for it again."""
        text = self.ask["detail"] or self.ask["summary"]
        return permission_detail.detail(text, self.ask["detail_kind"])

    def on_mount(self) -> None:
        """The first answer is marked that is not for good."""
        self._shown = self._since = self._clock()
        for below in self.query(".permission--below"):  # none: it is being taken down already
            below.display = False
        kinds = [choice.kind for choice in self._choices]
        safe = [i for i, kind in enumerate(kinds) if kind == "allow_once"]
        safe = safe or [i for i, kind in enumerate(kinds) if not kind.endswith("_always")]
        self._mark(safe[0] if safe else 0)
        self.fit_in()

    def wants_rows(self, width: int) -> int:
        """Title, all of what will happen, why, and the answers one below the other."""
        inside = width - 3
        detail = 0 if self._title_says_all(inside) else rows_of(self.ask["detail"], inside - 3)
        answers = sum(
            rows_of(one_line(str(o.get("name", ""))), inside - _AROUND) for o in self.options()
        )
        return 2 + self._title_rows(inside) + detail + self._why_rows(inside) + answers

    def _title_says_all(self, width: int) -> bool:
        """Whether what will happen is the title's one line, which is all in view."""
        summary = self.ask["summary"]
        if self.ask["detail"] != summary or one_line(summary) != summary:
            return False
        # What is hidden in it is named in the detail alone.
        return self._detail.plain == summary and rows_of(f"? {summary}", width) == 1

    def _title_rows(self, width: int) -> int:
        return min(_TITLE_ROWS, rows_of(f"? {self._title}{self._others}", width))

    def _why_rows(self, width: int) -> int:
        return min(_WHY_ROWS, rows_of(self._why, width)) if self._why else 0

    def fit_in(self) -> None:
        """Take the room of what holds it; what stands beside it keeps a row."""
        holder = self.parent
        if isinstance(holder, Widget) and holder.size:
            beside = sum(child is not self and child.display for child in holder.children)
            self.fit(holder.size.width, holder.size.height - beside)

    def fit(self, width: int, height: int) -> None:
        """Share `width` x `height` cells: every answer is in view, the detail scrolls.

        The answers come first, then one row of the detail and the line that says how much is
        below, then the title, then why it is asked; what has no room is left out.
        """
        if not self._choices:
            return
        inside = max(1, width - 3)
        detail, title = self.query_one(Detail), self.query_one(".permission--title")
        detail.display = not self._title_says_all(inside)
        left = height - self._arrange(inside, height)
        # Its rows are counted as narrow as they get, beside a scroll bar.
        rows = rows_of(self._detail.plain, inside - 4) if detail.display else 0
        titled = max(0 if rows else 1, min(self._title_rows(inside), left - min(rows, 2)))
        left -= titled
        marked = any(not choice.whole for choice in self._choices)  # said in place of why
        why = min(self._why_rows(inside) + 1, _WHY_ROWS) if self._why or marked else 0
        below = bool(rows) and rows > min(left - why, DETAIL_ROWS)
        why = max(0, min(why, left - bool(rows) - below))
        left -= below + why
        self._why_fits = why > 0
        title.display = titled > 0
        title.styles.max_height = max(1, titled)
        self.query_one(".permission--why").styles.max_height = max(1, why)
        room = max(1, min(left, max(DETAIL_ROWS, height // 2 - (height - left))))
        detail.styles.max_height = room
        self._explain()

    def _arrange(self, inside: int, height: int) -> int:
        """Set the answers: how many rows they take.

        In a row, if they fit whole; else one below the other, whole, then in short; in columns,
        where even that is too high: two, or as many as it takes.
        """
        choices = self._choices
        count, room = len(choices), max(1, height - _BESIDE)
        roomy = room - 3  # where the rows below and why have theirs too
        wrapped = sum(choice.lines(inside) for choice in choices)
        how = "-row" if sum(choice.cells for choice in choices) <= inside else "-stacked"
        if how == "-stacked" and count > roomy:
            how = "-columns"
        columns = max(2, min(-(-count // room), inside // _COLUMN)) if how == "-columns" else 1
        if how == "-row" or (how == "-stacked" and wrapped <= roomy):
            for choice in choices:
                choice.say_all()
        else:
            for choice in choices:
                choice.fit(inside // columns)
            wrapped = -(-count // columns)
        holder = self.query_one(".permission--choices")
        for name in ("-stacked", "-columns"):
            holder.set_class(name == how, name)
        holder.styles.grid_size_columns = columns
        holder.styles.max_height = max(1, height - _BESIDE)
        return 1 if how == "-row" else wrapped

    @property
    def _why(self) -> str:
        """Why it is asked; in its place, what a marked answer says that has no room for it."""
        choices = self._choices
        if choices and self.has_focus and not choices[self._at].whole:
            return choices[self._at].label
        return one_line(self.ask["why"])

    def _explain(self) -> None:
        for line in self.query(".permission--why").results(Static):  # none once it is answered
            line.update(plain(self._why, "$text-muted"))
            line.display = bool(self._why) and self._why_fits

    def on_focus(self) -> None:
        """What is typed while the focus arrives was meant for where it came from."""
        self._since = max(self._since, self._clock() - GUARD_S / 2)
        self._explain()

    def on_blur(self) -> None:
        """Say why again, once the focus is where it goes."""
        self.call_after_refresh(self._explain)

    # -- answering

    @property
    def _choices(self) -> list[AnswerChoice]:
        return list(self.query(AnswerChoice))

    @property
    def armed(self) -> bool:
        """Whether keys count yet."""
        return self._clock() - self._since >= GUARD_S

    def on_detail_moved(self, event: Detail.Moved) -> None:
        """Say how much is below."""
        event.stop()
        self._tell_below()

    def _tell_below(self) -> None:
        line = self.query_one(".permission--below", Static)
        rows = self.query_one(Detail).unseen
        told = f"… {rows} more row{'s' if rows != 1 else ''} below (pagedown)"
        if self._too_early:
            told += ": a yes counts when the end was shown"
        line.update(plain(told, "$text-warning"))
        line.display = bool(rows)

    def _read_on(self) -> bool:
        """Before a yes: whether the end has not been in view; then it is scrolled towards it."""
        detail = self.query_one(Detail)
        if not detail.unseen:
            return False
        detail.scroll_relative(y=max(1, detail.size.height - 1), animate=False)
        self._too_early = True
        self._tell_below()
        return True

    def _mark(self, at: int) -> None:
        choices = self._choices
        if not choices:
            return  # taken down while it was being put up
        self._at = at % len(choices)
        for index, choice in enumerate(choices):
            choice.set_class(index == self._at, "-marked")
        choices[self._at].scroll_visible(animate=False)
        self._explain()

    def action_move(self, by: int) -> None:
        """Mark the answer before or after."""
        self._mark(self._at + by)

    def action_choose(self) -> None:
        """Give the marked answer."""
        choices = self._choices
        if self.armed and choices:
            self._answer(choices[self._at].option)

    def action_reason(self) -> None:
        """Write why not."""
        if self.armed:
            self._ask_reason()

    def action_scroll_detail(self, by: int) -> None:
        """Scroll what will happen."""
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)

    def on_key(self, event: events.Key) -> None:
        """A choice's letter or number."""
        if not self.has_focus:
            if event.key == "escape":
                event.stop()
                self._leave_reason()
            return
        if event.key == "escape":
            event.stop()
            self.post_message(self.Left())
            return
        choices = self._choices
        chosen = [c for c in choices if c.key == event.key]
        if not chosen and event.key.isdigit() and 0 < int(event.key) <= len(choices):
            chosen = [choices[int(event.key) - 1]]
        if chosen:
            event.stop()
            if self.armed:
                self._answer(chosen[0].option)
        elif event.is_printable and event.key != "r":
            event.stop()  # never typed through into something else

    def on_click(self, event: events.Click) -> None:
        """A click on an answer gives it."""
        if isinstance(event.widget, AnswerChoice):
            event.stop()
            # The click itself brings the focus: what counts is how long it was to be seen.
            if self._clock() - self._shown >= GUARD_S:
                self._answer(event.widget.option)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """No, with a reason."""
        event.stop()
        rejecting = [o for o in self.options() if str(o.get("kind", "")).startswith("reject")]
        rejecting.sort(key=wants_reason, reverse=True)
        self._send(rejecting[0].get("id", "") if rejecting else "no", event.value)

    def _leave_reason(self) -> None:
        self._open_reason(False)
        self.focus()

    def _open_reason(self, opened: bool) -> None:
        """The line for a reason stands where the answers do: there is room for one of both."""
        self.query_one(Input).set_class(not opened, "-hidden")
        self.query_one(".permission--choices").set_class(opened, "-hidden")

    def _answer(self, option: AskOption) -> None:
        if wants_reason(option):
            self._ask_reason()
        elif option.get("kind") == "form" and self.ask["form"]:
            self.post_message(self.Fill(self.session, self.ask, option.get("id", "")))
        elif str(option.get("kind", "")).startswith("reject") or not self._read_on():
            self._send(option.get("id", ""))

    def _ask_reason(self) -> None:
        self._open_reason(True)
        self.query_one(Input).focus()

    def _send(self, option: str, reason: str = "") -> None:
        self.post_message(self.Answered(self.session, self.ask_id, option, reason))
