"""A terminal in its user's hands: keys and mouse for the program, looking back, searching.

While it has the keys, every one of them is the program's, but those that leave it. Looking back
(a search, or `Look back`) is a mode of its own, as in tmux: its keys scroll, search and copy, and
escape ends it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message

from sessions.api.terminals import TerminalOutput
from tui.terminals.emulator import Emulator, Hits, Mouse, Press, Spot
from tui.terminals.keys import press_of
from tui.terminals.screen_widget import REST_AFTER_S, DrawnTerminal
from tui.timing.timers import later
from tui.view.compositor import LeanScreen

WHEEL_ROWS = 3
SIZE_AFTER_S = 0.08
"""A size that is still being changed is not told: a program draws itself anew for each."""
SOONEST_S = 0.012
"""What has the keys is drawn no sooner than this after it was."""
ECHO_WITHIN_S = 1.0
"""What comes later than this after a key is no echo."""


class TerminalView(DrawnTerminal, can_focus=True):
    """A terminal's screen that takes keys, and can be looked back in."""

    DEFAULT_CSS = """
    TerminalView {
        width: 1fr;
        height: 1fr;
        overflow-x: hidden;
        overflow-y: scroll;
        scrollbar-size-vertical: 1;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "let_go", "back to the program"),
        Binding("r", "again", "start again"),
        Binding("slash", "search", "find"),
        Binding("n", "found(1)", "older"),
        Binding("N", "found(-1)", "newer", show=False),
        Binding("c", "copy", "copy"),
        Binding("up,k", "back(1)", "scroll", show=False),
        Binding("down,j", "back(-1)", "scroll", show=False),
        Binding("pageup,b", "back(0.9)", "page", show=False),
        Binding("pagedown,space", "back(-0.9)", "page", show=False),
        Binding("home,g", "oldest", "oldest", show=False),
        Binding("end,G", "let_go", "newest", show=False),
    ]

    @dataclass
    class Broken(Message):
        """It has to begin anew: the emulator failed, or more was printed than is kept."""

        view: TerminalView
        past: bool

    @dataclass
    class Again(Message):
        """Its program has ended, and is to be started again."""

        view: TerminalView

    @dataclass
    class KeysMoved(Message):
        """Whether the program has the keys is not as it was: the footer says so."""

        view: TerminalView

    @dataclass
    class Pasted(Message):
        """A text was pasted."""

        view: TerminalView
        text: str

    def __init__(self, session: str, make: Callable[[int, int], Emulator]) -> None:
        super().__init__(session, make)
        self.needle = ""
        self.hits = Hits(0, 0)
        self.looking = False
        """Whether it is looked back in: then the keys are the view's own."""
        self.over = False
        """Whether the program has ended."""
        self.leave_keys: frozenset[str] = frozenset()
        self._drawn_at = 0.0
        self._pressed_at = 0.0
        """When a key was given to the program of which no echo has come yet."""
        self._flushing: asyncio.TimerHandle | None = None
        self._sizing: asyncio.TimerHandle | None = None
        self._resting: asyncio.TimerHandle | None = None
        self._rest_at = 0
        self._told: tuple[int, int] | None = None
        self._button = 0

    # -- being one of the deck's views

    def look_anew(self) -> None:
        """Nothing of it folds."""

    # -- what comes

    def came(self, output: TerminalOutput) -> None:
        """What has the keys is drawn at once: a key's echo does not wait for the clock."""
        super().came(output)
        if self._pressed_at and self.has_focus:
            self._echo()
        elif self.has_focus and self._flushing is None:
            wait = self._drawn_at + SOONEST_S - monotonic()
            if wait <= 0:
                self._flush_now()
            else:
                self._flushing = later(self, wait, self._flush_now)

    def _echo(self) -> None:
        """What comes first after a key is its echo, as far as is known: painted now."""
        soon = monotonic() - self._pressed_at < ECHO_WITHIN_S
        self._pressed_at = 0.0
        if self._flushing is not None:
            self._flushing.cancel()
        self._flush_now()
        if soon and isinstance(self.screen, LeanScreen):
            self.screen.paint_now(self)

    def came_before(self) -> None:
        """Draw what came before the engine's answer."""
        if self._flushing is None:
            self._flushing = later(self, SOONEST_S, self._flush_now)

    def _flush_now(self) -> None:
        self._flushing = None
        self._drawn_at = monotonic()
        if self.flush():
            self._flushing = later(self, SOONEST_S, self._flush_now)

    def flush(self) -> bool:
        """Feed and draw what came; once nothing has come for a while, take less memory."""
        left = super().flush()
        if self._resting is None:
            self._rest_at = self.fed
            self._resting = later(self, REST_AFTER_S, self._rest_if_still)
        return left

    def _rest_if_still(self) -> None:
        self._resting = None
        if self.fed == self._rest_at:
            self.rest()
        else:
            self._rest_at = self.fed
            self._resting = later(self, REST_AFTER_S, self._rest_if_still)

    def end(self) -> None:
        """Let go of the emulator, and of what was to be drawn."""
        for waiting in (self._flushing, self._sizing, self._resting):
            if waiting is not None:
                waiting.cancel()
        self._flushing = self._sizing = self._resting = None
        super().end()

    def lost(self) -> None:
        """Begin anew from what is kept."""
        self.post_message(self.Broken(self, past=True))

    def failed(self, said: str) -> None:
        """Begin anew, without the past that broke it."""
        self.post_message(self.Broken(self, past=False))

    def ended(self) -> None:
        """Nothing follows."""
        self.over = True

    def stream_failed(self, said: str) -> None:
        """The engine refuses something."""
        self.app.notify(said, severity="error", timeout=6)

    # -- its size

    def on_resize(self, event: events.Resize) -> None:
        """Ask for a terminal of this size, once it stays."""
        if self._sizing is not None:
            self._sizing.cancel()
        self._sizing = later(self, SIZE_AFTER_S, self._say_size)

    @property
    def room(self) -> Size:
        """How large the terminal would be that fits."""
        return Size(*self._inner)

    def say_room(self, told: Size) -> None:
        """The engine was told that size, and answers now; say if there is another room by then."""
        self._told = (told.width, told.height) if told else None
        if self._sizing is None:
            self._say_size()

    def _say_size(self) -> None:
        self._sizing = None
        if self.teller is not None and self.room and self._told != (told := tuple(self.room)):
            self._told = (told[0], told[1])
            self.teller.size(*self._told)

    # -- keys

    @property
    def takes_keys(self) -> bool:
        """Whether the program has the keys now."""
        return not self.looking and self.emulator is not None and not self.over

    def take_key(self, event: events.Key) -> bool:
        """Give a key to the program; False: it is somebody else's."""
        if not self.takes_keys or event.key in self.leave_keys:
            return False
        press = press_of(event)
        if press is not None:
            self.press(press)
        return True

    def press(self, press: Press) -> None:
        """Give the program a key; what was scrolled back is left for it."""
        emulator, teller = self.emulator, self.teller
        if emulator is None or teller is None:
            return
        data = emulator.key(press)
        if data:
            if self.back:
                self.stand(None)
            self._pressed_at = monotonic()
            teller.type(data)

    def on_paste(self, event: events.Paste) -> None:
        """For the program, by way of the engine, unless the search line is open."""
        event.stop()
        if self.typing is None and event.text:
            self.post_message(self.Pasted(self, event.text))

    def on_focus(self) -> None:
        """The keys came."""
        self._focus_told(True)

    def on_blur(self) -> None:
        """The keys went."""
        self._focus_told(False)

    def _focus_told(self, has: bool) -> None:
        if self.emulator is not None and self.teller is not None:
            self.teller.type(self.emulator.focus(has))
        self._made.clear()
        self.draw()

    # -- the mouse

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Press; the tile and the deck hear of it too, and it is the current one from then on."""
        self._button = event.button
        if self._point("press", event.button, event):
            self.capture_mouse()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Release."""
        self.release_mouse()
        if self._point("release", self._button, event):
            event.stop()
        self._button = 0

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Move, or drag."""
        if self._point("move", self._button, event):
            event.stop()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel, away from the user."""
        self._wheel(event, 4, -WHEEL_ROWS)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel, towards the user."""
        self._wheel(event, 5, WHEEL_ROWS)

    def _wheel(self, event: events.MouseEvent, button: int, rows: int) -> None:
        event.stop()
        event.prevent_default()
        emulator = self.emulator
        if emulator is None or self._point("press", button, event):
            return
        if emulator.wheel_is_arrows and not self.looking:
            for _ in range(WHEEL_ROWS):
                self.press(Press("ArrowUp" if rows < 0 else "ArrowDown"))
            return
        self.stand(max(0, emulator.view().top + rows))

    def _point(self, what: Mouse, button: int, event: events.MouseEvent) -> bool:
        """Tell the program of the mouse, where it wants to know; whether it does."""
        emulator, teller = self.emulator, self.teller
        if emulator is None or teller is None or self.looking or self.over or not emulator.mouse:
            return False
        mods = Press("", shift=event.shift, alt=event.meta, ctrl=event.ctrl)
        x = min(max(0, event.x), emulator.columns - 1)
        y = min(max(0, event.y + self._first), emulator.rows - 1)
        teller.type(emulator.pointer(what, button, x, y, mods))
        return True

    # -- looking back

    def look_back(self) -> None:
        """Take the keys from the program, to scroll and search."""
        if self.emulator is not None:
            self.looking = True
            self.draw()
            self.refresh_bindings()
            self.post_message(self.KeysMoved(self))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The view's own keys are there only while it is looked back in."""
        own = ("let_go", "search", "found", "copy", "back", "oldest")
        if action == "again":
            return self.typing is None and self.over
        if action == "let_go" and not self.looking:
            return False
        if action in own:
            return self.typing is None and (self.looking or self.over)
        return True

    def action_again(self) -> None:
        """Start what has ended again."""
        self.post_message(self.Again(self))

    def action_search(self) -> None:
        """Open the search line."""
        if self.emulator is not None:
            self.looking, self.typing = True, ""
            self.draw()

    def search(self, needle: str) -> int:
        """Find a text in all that is kept, the newest first; how many there are."""
        if self.emulator is None:
            return 0
        self.looking, self.needle = True, needle
        self.hits = self.emulator.search(needle)
        self._found()
        return self.hits.total

    def action_found(self, by: int) -> None:
        """The match before (older) or after."""
        if self.emulator is not None and self.needle:
            self.hits = self.emulator.step(by)
            self._found()

    def _found(self) -> None:
        self._thumb_at = 0.0
        self._made.clear()
        self.draw()

    def spots(self) -> tuple[list[Spot], list[Spot]]:
        """What was found, while it is looked for."""
        return self.emulator.spots() if self.needle and self.emulator is not None else ([], [])

    def action_back(self, pages: float) -> None:
        """Scroll by rows (1 or -1) or by parts of what is in view."""
        if self.emulator is not None:
            rows = int(pages) if abs(pages) >= 1 else int(pages * self.emulator.rows)
            self.stand(max(0, self.emulator.view().top - rows))

    def action_oldest(self) -> None:
        """To the oldest line."""
        self.stand(0)

    def scroll_page_up(self, *, animate: bool = True, **__: object) -> None:
        """A page back; the composer's key."""
        self.action_back(0.9)

    def scroll_page_down(self, *, animate: bool = True, **__: object) -> None:
        """A page on."""
        self.action_back(-0.9)

    def scroll_home(self, *, animate: bool = True, **__: object) -> None:
        """To the oldest line."""
        self.stand(0)

    def scroll_end(self, *, animate: bool = True, **__: object) -> None:
        """To the newest."""
        self.action_let_go()

    def action_let_go(self) -> None:
        """Back to the end, and the keys to the program."""
        self.looking, self.needle, self.typing = False, "", None
        if self.emulator is not None:
            self.emulator.end_search()
        self._made.clear()
        self.stand(None)
        self.refresh_bindings()

    def action_copy(self) -> None:
        """Copy what is selected, else what is in view."""
        emulator = self.emulator
        if emulator is None:
            return
        text = self.selected()
        if not text:
            top = emulator.view().top
            text = emulator.text((0, top), (emulator.columns, top + emulator.rows - 1))
        self.app.copy_to_clipboard(text)

    def hint(self) -> str:
        """The search, or how far back it is looked."""
        if self.typing is not None:
            return f"/{self.typing}_"
        if self.needle:
            return f"/{self.needle}  {self.hits.at} of {self.hits.total}"
        if back := self.back:
            lines = "line" if back == 1 else "lines"
            return f"{back} {lines} back" + ("" if self.looking else ", a key goes on")
        return "looking back; esc returns to the program" if self.looking else ""

    def refresh_bindings(self) -> None:
        """The footer says other keys now."""
        if self.is_attached:
            self.screen.refresh_bindings()
