"""The port behind which a terminal emulator stands: bytes in, cells out.

A tile feeds it what its program prints and draws the rows that changed; nothing else of the
program's output ever reaches the terminal that the deck runs in. What stands behind it is a
library that others keep (`tui.terminals.ghostty`, by `tui.terminals.emulator_choice`); which one,
and why, is in docs/terminals.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, Protocol

SCROLLBACK = 10_000
"""Lines that are kept above the screen."""

BOLD, FAINT, ITALIC, BLINK, REVERSE, HIDDEN, STRIKE, UNDERLINE, UNDERLINE2, OVERLINE = (
    1 << n for n in range(10)
)
RGB = 1 << 24
"""Set in a colour that is red, green, blue; without it, a number of the palette."""
DEFAULT = -1
"""The colour of a terminal that was told none."""
FOREGROUND, BACKGROUND = -1, -2
"""The two of them, where a program has set them to something (`Emulator.dyes`)."""

Mouse = Literal["press", "release", "move"]


class Ink(NamedTuple):
    """How cells look: colours (`DEFAULT`, a palette's number, or `RGB` + 0xrrggbb), and flags."""

    fg: int = DEFAULT
    bg: int = DEFAULT
    flags: int = 0


PLAIN = Ink()


class Stretch(NamedTuple):
    """Neighbouring cells that look the same: their characters, and how many cells they take."""

    text: str
    width: int
    ink: Ink


Row = tuple[Stretch, ...]


class Caret(NamedTuple):
    """Where the program's cursor stands in what is in view."""

    x: int
    y: int
    shape: Literal["block", "bar", "underline"]


class Press(NamedTuple):
    """A key: a name as in W3C's `KeyboardEvent.code` (or ""), what holds it, what it types."""

    code: str
    text: str = ""
    shift: bool = False
    alt: bool = False
    ctrl: bool = False
    super: bool = False


class View(NamedTuple):
    """What is in view: its first row, counted from the oldest kept, of how many in all."""

    top: int
    total: int


class Spot(NamedTuple):
    """A match in view: a row of it, and the cells from `start` up to `end`."""

    y: int
    start: int
    end: int


class Hits(NamedTuple):
    """What a search has found: how many, which of them is in hand (from 1, the newest; 0 none)."""

    total: int
    at: int


class Emulator(Protocol):
    """A terminal without a window."""

    columns: int
    rows: int

    def feed(self, data: bytes) -> None:
        """What the program has printed; a sequence may be cut anywhere."""

    def replies(self) -> bytes:
        """What the program is to be told since the last call: it had asked."""

    def resize(self, columns: int, rows: int) -> None:
        """Another size; lines that were broken to fit are broken anew."""

    @property
    def dyes(self) -> Mapping[int, int]:
        """Colours that the program has set anew (OSC 4, 10, 11), as of the last `changed`: a
        palette's number, `FOREGROUND` or `BACKGROUND`, as 0xrrggbb."""

    def colours(self, foreground: int, background: int) -> None:
        """What a program is told that asks for the colours: 0xrrggbb."""

    def changed(self) -> dict[int, Row]:
        """The rows in view that changed since the last call, all of them at the first."""

    def look_anew(self) -> None:
        """Tell all rows at the next `changed`."""

    def cursor(self) -> Caret | None:
        """Where the cursor is; None: out of view, or the program hides it."""

    @property
    def alternate(self) -> bool:
        """Whether the program has the whole screen for itself: then nothing scrolls back."""

    @property
    def mouse(self) -> bool:
        """Whether the program wants to know of the mouse."""

    @property
    def wheel_is_arrows(self) -> bool:
        """Whether the wheel is to be told as the keys up and down."""

    def view(self) -> View:
        """What is in view."""

    @property
    def gone(self) -> int:
        """Rows that are not kept any more: `view` and `text` count from the first after them."""

    def scroll_to(self, top: int | None) -> None:
        """Bring another part into view; None: the end, and follow it."""

    def key(self, press: Press) -> bytes:
        """A key as the program wants it told; empty where it has no way to be."""

    def pointer(self, what: Mouse, button: int, x: int, y: int, mods: Press) -> bytes:
        """The mouse as the program wants it told. Buttons: 1 left, 2 middle, 3 right, 4 and 5
        the wheel up and down, 0 none."""

    def focus(self, has: bool) -> bytes:
        """That the keys came or went, if the program asked for that."""

    def text(self, start: tuple[int, int], end: tuple[int, int]) -> str:
        """What stands from one cell to another, `(x, y)` with y from the oldest row kept; lines
        that were only broken to fit are joined."""

    def search(self, needle: str) -> Hits:
        """Find a text, from the newest line on, and bring its newest match into view."""

    def step(self, by: int) -> Hits:
        """The match before (older, 1) or after (-1), brought into view."""

    def spots(self) -> tuple[list[Spot], list[Spot]]:
        """The matches in view, and of these the one in hand."""

    def end_search(self) -> None:
        """Look for nothing any more."""

    def rest(self) -> None:
        """Take less memory: nothing is printed now."""

    def close(self) -> None:
        """Give back what it takes."""
