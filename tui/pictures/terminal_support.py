"""How well this terminal draws pictures: asked through the driver when the first one is wanted.

Nothing is waited for: the first picture is drawn in half blocks, and again when the answer is
there. A sixel picture lies over its own half blocks, so that a terminal that promises more than
it does costs nothing; kitty's characters are used only where a terminal names itself that is
known to draw them (kitty 0.28 or newer, Ghostty).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from tui.terminal import glyphs
from tui.terminal.terminal_answers import answers

if TYPE_CHECKING:
    from textual.app import App

Form = Literal["blocks", "sixel", "kitty"]
_CELL = (10, 20)
_MOST_CELL = 200
_SIXEL = "4"
_TMUX_S = 2.0
_QUESTION = "\x1b[>q\x1b[16t\x1b[c"
"""Its name, a cell's pixels, and last what every terminal answers: its attributes."""
_COLOURS = "\x1b[?1;1;0S"
PASSTHROUGH = (
    "Pictures would be drawn in full if tmux let them through: "
    "tmux set -g allow-passthrough on, then start the deck again."
)


@dataclass(frozen=True, slots=True)
class PictureSupport:
    """`cell`: a cell's pixels. `colours`: of one sixel picture. `hint`: what would be better."""

    form: Form = "blocks"
    cell: tuple[int, int] = _CELL
    colours: int = 256
    in_tmux: bool = False
    hint: str = ""


BLOCKS = PictureSupport()


class SupportAsked:
    """Asks once; `better` is called in the app's loop when the terminal turns out to do more."""

    def __init__(self, app: App[Any], better: Callable[[PictureSupport], None]) -> None:
        self._app = app
        self._better = better
        self._loop = asyncio.get_running_loop()
        self._said: dict[str, str] = {}
        self._tmux = ""
        self._in_tmux = bool(os.environ.get("TMUX"))
        self._last = BLOCKS
        self.answered = asyncio.Event()
        """The terminal has said all that it was asked."""

    def begin(self) -> None:
        """Ask the terminal; or take the user's word for it."""
        wish = os.environ.get("AGENTDECK_PICTURES", "").lower()
        if wish not in ("", "auto", "sixel", "kitty") or not self._can_be_asked():
            self.answered.set()
            return
        if wish in ("sixel", "kitty"):
            self._judge()
        answers.expect(self._told)
        self._write(_QUESTION)
        if self._in_tmux:
            self._app.run_worker(self._ask_tmux(), exit_on_error=False)

    def _can_be_asked(self) -> bool:
        app = self._app
        driver = app._driver
        plain = os.environ.get("TERM", "") in ("", "dumb", "linux")
        return not (
            plain or glyphs.is_ascii() or app.is_headless or app.is_web or app.no_color
            or driver is None or not sys.platform.startswith(("linux", "darwin"))
        )  # fmt: skip

    def _write(self, said: str) -> None:
        if self._app._driver is not None:
            self._app._driver.write(said)

    def _told(self, what: str, answer: str) -> None:
        """In the thread that reads keys."""
        self._loop.call_soon_threadsafe(self._take, what, answer)

    def _take(self, what: str, answer: str) -> None:
        self._said[what] = answer
        if what == "attributes" and _SIXEL in answer.split(";")[1:] and "colours" not in self._said:
            self._said["colours"] = ""
            self._write(_COLOURS)  # only those know it as a question that know sixel
        self._judge()

    async def _ask_tmux(self) -> None:
        """Which terminal tmux is in, and whether it lets sequences through."""
        wanted = "#{client_termtype}\t#{client_termfeatures}\t#{allow-passthrough}"
        pane = os.environ.get("TMUX_PANE", "")
        command = ["tmux", "display-message", "-p", *(["-t", pane] if pane else []), wanted]
        try:
            asked = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
        except OSError:
            return
        try:
            told, _ = await asyncio.wait_for(asked.communicate(), _TMUX_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                asked.kill()  # it must not wait there for as long as the deck lives
            return
        self._tmux = told.decode("utf-8", "replace").strip("\n")
        self._judge()

    def _judge(self) -> None:
        made = judged(self._said, self._tmux, os.environ)
        if made != self._last:
            self._last = made
            self._better(made)
        waits = made.form == "sixel" and not self._said.get("colours")
        if "attributes" in self._said and not waits and (self._tmux or not self._in_tmux):
            self.answered.set()


def judged(said: dict[str, str], tmux: str, environ: Any) -> PictureSupport:
    """What the answers mean. `tmux`: its client's type and features, and its passthrough."""
    cell = _cell(said.get("cell", ""))
    wish = str(environ.get("AGENTDECK_PICTURES", "")).lower()
    in_tmux = bool(environ.get("TMUX"))
    if wish in ("sixel", "kitty"):
        form: Form = "sixel" if wish == "sixel" else "kitty"
        return PictureSupport(form, cell, _colours(said), in_tmux)
    if "attributes" in said and _SIXEL in said["attributes"].split(";")[1:]:
        return PictureSupport("sixel", cell, _colours(said))
    if not in_tmux:
        return PictureSupport("kitty", cell) if _draws_placed(said.get("name", "")) else BLOCKS
    kind, _, rest = tmux.partition("\t")
    features, _, through = rest.partition("\t")
    if not _draws_placed(kind) or "rgb" not in features.lower().split(","):
        return BLOCKS
    if through not in ("on", "all", "1", "2"):
        return replace(BLOCKS, in_tmux=True, hint=PASSTHROUGH)
    return PictureSupport("kitty", cell, in_tmux=True)


def _draws_placed(name: str) -> bool:
    """Whether a terminal of that name and version draws kitty's characters for pictures."""
    if re.match(r"ghostty\b", name, re.IGNORECASE):
        return True
    found = re.match(r"kitty\W+(\d+)\.(\d+)", name, re.IGNORECASE)
    return found is not None and (int(found[1]), int(found[2])) >= (0, 28)


def _cell(told: str) -> tuple[int, int]:
    """A cell's pixels, by the answer or by what the system says; a guess for what can't be."""
    high, _, wide = told.partition(";")
    size = (int(wide or 0), int(high or 0)) if told else _by_system()
    return size if all(2 <= side <= _MOST_CELL for side in size) else _CELL


def _by_system() -> tuple[int, int]:
    import fcntl
    import struct
    import termios

    for number in (1, 2, 0):
        try:
            got = fcntl.ioctl(number, termios.TIOCGWINSZ, bytes(8))
        except (OSError, ValueError):
            continue
        rows, columns, wide, high = struct.unpack("HHHH", got)
        if rows and columns and wide and high:
            return wide // columns, high // rows
    return 0, 0


def _colours(said: dict[str, str]) -> int:
    """Of one picture: as many as the terminal has registers for, if it says so sensibly."""
    status, _, count = said.get("colours", "").partition(";")
    if status == "0" and count.isdigit() and 2 <= int(count) <= 65_536:
        return min(256, int(count))
    return 256
