"""One thing that wants a person and is no question: what it is, and which letter does what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from sessions.record.inbox_items import Want
from tui.widgets.hints import Hints
from tui.words.text import plain, rows_of

ARMED_AFTER_S = 0.4
"""A letter within this time of its appearance was meant for the one before."""
SAID = {
    "needs-you": "Its program says that it needs you.",
    "failed": "It failed.",
    "cut-off": "Its turn was cut off.",
    "limit": "It is paused.",
    "done": "It is done, and nobody has looked.",
    "harvest": "Something was made here that could be a skill.",
    "dream": "It was dreamt.",
}
ANSWERS: dict[str, tuple[tuple[str, str], ...]] = {
    "failed": (("a", "retries"), ("s", "seen"), ("r", "replies")),
    "cut-off": (("a", "retries"), ("s", "seen"), ("r", "replies")),
    "limit": (("c", "continues"), ("b", "another budget"), ("r", "replies")),
    "done": (("s", "seen"), ("r", "replies")),
    "harvest": (("y", "opens Harvest there"), ("n", "dismisses")),
    "dream": (("y", "adds it as a candidate here"), ("n", "dismisses")),
}
_GOES = ("t", "goes to its tile")
_OF_TERMINAL = {
    "needs-you": (_GOES,),
    "failed": (("s", "seen"), _GOES),
    "cut-off": (("s", "seen"), _GOES),
    "done": (("s", "seen"), _GOES),
}


def answers(want: Want) -> tuple[tuple[str, str], ...]:
    """The letters that answer it, and what they do: a terminal is started again, and not asked."""
    if want.running is None:
        return ANSWERS[want.kind]
    found = _OF_TERMINAL[want.kind]
    return found if want.running else (("a", "restarts"), *found)


class WantBox(Vertical, can_focus=True):
    """Says what it is; a letter answers it."""

    DEFAULT_CSS = """
    WantBox { height: 1fr; padding: 0 1; border-left: outer $primary; background: $surface; }
    WantBox VerticalScroll { height: 1fr; }
    WantBox Static { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
    ]

    @dataclass
    class Answered(Message):
        """A letter was pressed that means something here."""

        want: Want
        key: str

    def __init__(self, want: Want, told: str, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self.want = want
        self.told = told
        self._clock = clock
        self._since = clock()

    def compose(self) -> ComposeResult:
        yield Static(Content.styled(SAID[self.want.kind], "bold"), markup=False)
        with VerticalScroll(can_focus=False):
            yield Static(plain(self.told), markup=False)
        yield Hints(id="offers")

    def on_mount(self) -> None:
        """Say what the letters do."""
        self.query_one(Hints).say(answers(self.want))

    def wants_rows(self, width: int) -> int:
        """What it is, all that is told, and its keys."""
        return 3 + rows_of(self.told, width - 4)

    @property
    def armed(self) -> bool:
        """Whether letters count by now."""
        return self._clock() - self._since >= ARMED_AFTER_S

    def on_key(self, event: events.Key) -> None:
        """A letter that answers."""
        if any(event.key == key for key, _ in answers(self.want)):
            event.stop()
            if self.armed:
                self.post_message(self.Answered(self.want, event.key))

    def on_hints_chosen(self, message: Hints.Chosen) -> None:
        """The same by a click."""
        message.stop()
        self.post_message(self.Answered(self.want, message.key))

    def action_page(self, by: int) -> None:
        """Scroll what is told."""
        scroll = self.query_one(VerticalScroll)
        (scroll.scroll_page_up if by < 0 else scroll.scroll_page_down)(animate=False)
