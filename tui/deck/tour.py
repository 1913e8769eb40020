"""The tour: what the deck can do, in two minutes, beside the deck itself, which works meanwhile.

It opens by itself on the first start. A step is over when the user has done what it tells of, or
goes on; nothing has to be done, and the composer keeps the keys.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tui import actions as registry
from tui.widgets.hints import Hints
from tui.words.key_names import show_key

if TYPE_CHECKING:
    from tui.deck.model import DeckModel


@dataclass(frozen=True, slots=True)
class TourStep:
    """`words`: with `{action}` for an action's key. `done`: whether the user has done it."""

    title: str
    words: str
    done: Callable[[DeckModel], bool] = lambda _: False


STEPS = (
    TourStep(
        "A session is a tile",
        "Write below what you want, press enter: a session starts and answers in a tile of its "
        "own. Its frame says in a word whether it works, is done, or needs you.",
        lambda model: bool(model.order),
    ),
    TourStep(
        "Several at once",
        "{new} starts another one, or eight, with a profile, a directory, a branch and a budget. "
        "alt and a number goes to a tile, {zoom} shows it alone, {broadcast} writes to several.",
        lambda model: len(model.order) > 1,
    ),
    TourStep(
        "Who needs you",
        "A session that asks stands still: {next_needing} goes to it, and a letter answers. "
        "{inbox} has all that waits for you in one list: questions, failures, limits, ends.",
    ),
    TourStep(
        "Writing",
        "@ names files and other sessions, / commands and skills, ! runs a command of your own. "
        "{steer} hands a message to a turn that runs; enter queues it. esc stops a turn.",
    ),
    TourStep(
        "What they changed",
        "{review} shows it: comment, commit, land or discard. On a branch of its own a session "
        "can't get in another's way. {undo} takes a turn back, with its files if you say so.",
    ),
    TourStep(
        "The panels",
        "{prime} draws ideas that a model would not have by itself, {skills} says which skills "
        "a session has, {harvest} makes a new skill of what it did.",
    ),
    TourStep(
        "Finding the rest",
        "{palette} does everything by name, {help} lists all keys, {settings} sets what can be "
        "set. {leave} leaves; the sessions go on. This tour is in the palette.",
    ),
)


class Tour(Vertical):
    """The strip above the composer."""

    DEFAULT_CSS = """
    Tour {
        display: none;
        height: auto;
        padding: 0 1;
        border: round $accent;
        border-title-color: $text-accent;
        border-title-style: bold;
        border-subtitle-color: $text-muted;
    }
    Tour Static { height: auto; }
    .-ascii Tour { border: ascii $accent; }
    """

    class Ended(Message):
        """It was gone through, or skipped."""

    def __init__(self, changed: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__(id="tour")
        self.at = 0
        self._changed = changed

    def _fill(self) -> None:
        """What it is made of: no deck has it before its tour begins, which for most is never.

        The keys say how to go on; a click does it too.
        """
        keys = (("enter", "goes on, while nothing is written"), ("escape", "skips the tour"))
        self.mount(Static(id="tour-words", markup=False), Hints(id="offers"))
        self.query_one(Hints).say(keys)

    @property
    def shown(self) -> bool:
        """Whether it goes on."""
        return bool(self.display)

    def begin(self) -> None:
        """From its beginning."""
        self.at = 0
        self.display = True
        if not self.children:
            self._fill()
        self._say()

    def end(self) -> None:
        """Skip what is left of it."""
        if self.display:
            self.display = False
            self.post_message(self.Ended())

    def go_on(self) -> None:
        """The next step; after the last one it is over."""
        if self.at + 1 >= len(STEPS):
            self.end()
            return
        self.at += 1
        self._say()

    def look(self, model: DeckModel) -> None:
        """Go on by itself where the user has done what it told of."""
        while self.display and STEPS[self.at].done(model):
            self.go_on()

    def _say(self) -> None:
        step = STEPS[self.at]
        self.border_title = Content(f"Tour {self.at + 1} of {len(STEPS)}: {step.title}")
        self.query_one("#tour-words", Static).update(self._content(step.words))

    def _content(self, words: str) -> Content:
        parts: list[str | tuple[str, str]] = []
        for piece in words.split("{"):
            name, brace, rest = piece.partition("}")
            parts += [(self._key(name), "bold $text-accent"), rest] if brace else [piece]
        return Content.assemble(*parts)

    def _key(self, action: str) -> str:
        keys = registry.keys_of(registry.actions()[action], self._changed)
        return show_key(keys[0]) if keys else "the palette"

    def on_hints_chosen(self, message: Hints.Chosen) -> None:
        """The same by a click."""
        message.stop()
        if message.key == "enter":
            self.go_on()
        else:
            self.end()
