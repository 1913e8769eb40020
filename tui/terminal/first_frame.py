"""What the deck showed first when it was last opened, painted before anything of it is imported.

Before the engine has answered, the deck looks the same at every start: status line, an empty
composer, the footer. That frame is kept, one for each size of the terminal, with all that it
depends on. While these are what they were, the next start paints it, and the deck then paints the
same over it. It has nothing of a session: no name, no status, no word that was written.

Nothing here imports Textual. From `paint` on the terminal is as the deck has it: keys are neither
echoed nor lost, the kernel has them until the deck reads. `tui.terminal.painted_early` takes the
terminal over; whatever ends before gives it back by `leave`, and then says why.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import sys
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from sessions import VERSION
from sessions.errors import AgentdeckError
from sessions.paths import own_bytes, places, private_folder

ENTER = "\x1b[?1049h"
"""To the alternate screen, as Textual says it."""
_BEGIN = f"{ENTER}\x1b[?25l\x1b[?7l\x1b[?2004h"
"""There without a cursor; no row goes on in the next one, and what is pasted is marked as that."""
_END = "\x1b[?2004l\x1b[?7h\x1b[?1049l\x1b[?25h"
_HARMLESS = re.compile(r"(?:\x1b\[[0-9;]*[Hm]|\n|[^\x00-\x1f\x7f-\x9f\ud800-\udfff])+")
"""Text, its colours and where it stands: nothing else of a file reaches the terminal."""
_ENVIRONMENT = (
    "AGENTDECK_ASCII", "COLORTERM", "COLUMNS", "FORCE_COLOR", "LANG", "LC_ALL", "LC_CTYPE",
    "LINES", "NO_COLOR", "TERM", "TERM_PROGRAM", "TTY_COMPATIBLE",
)  # fmt: skip
_MOST_SIZES = 8
_MOST_BYTES = 4 << 20
"""Of a file that is read before there is anything to see."""
_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP)


class Early(NamedTuple):
    """A frame that stands on the terminal."""

    size: tuple[int, int]
    """Columns and rows."""
    key: dict[str, Any]
    frame: str
    attributes: list[Any]
    """The terminal's, as the user had them."""


_early: Early | None = None


@contextlib.contextmanager
def painted() -> Iterator[None]:
    """Paint it; and whatever happens within, the terminal is the user's again after it."""
    try:
        paint()
        yield
    finally:
        leave()


def paint() -> None:
    """Paint the frame of last time, if one would look like that again now."""
    global _early
    try:
        if not _is_ours():
            return
        columns, rows = os.get_terminal_size(0)
        now = key()
        frame = kept((columns, rows), now)
        if now is None or frame is None:
            return
        _early = Early((columns, rows), now, frame, termios.tcgetattr(0))
        for number in _SIGNALS:
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, _asked_to_end)
        termios.tcsetattr(0, termios.TCSANOW, _attributes(_early.attributes))
        _write(_BEGIN + frame)
    except (AgentdeckError, OSError, RuntimeError, ValueError, termios.error):
        leave()  # the deck starts without, and says what is wrong


def leave() -> None:
    """Give the terminal back, unless the deck has taken it over. What was typed for it goes."""
    # A second ctrl+c would leave it half given back: whatever asks for the end waits for this one.
    waiting = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, *_SIGNALS})
    try:
        early = taken()
        if early is None:
            return
        with contextlib.suppress(OSError):
            _write(_END)
        with contextlib.suppress(termios.error):
            termios.tcsetattr(0, termios.TCSAFLUSH, early.attributes)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, waiting)


def standing() -> Early | None:
    """The frame that stands on the terminal, if there is one."""
    return _early


def taken() -> Early | None:
    """The same, and from now on the terminal is the caller's."""
    global _early
    early, _early = _early, None
    if early is not None:
        for number in _SIGNALS:
            if signal.getsignal(number) is _asked_to_end:
                signal.signal(number, signal.SIG_DFL)
    return early


def _asked_to_end(number: int, _: object) -> None:
    leave()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _is_ours() -> bool:
    """Whether this is a terminal that the deck would take now. Raises OSError, as for no."""
    terminals = {os.fstat(fd).st_rdev for fd in (0, 1, 2) if os.isatty(fd)}
    return (
        all(map(os.isatty, (0, 1, 2)))
        and len(terminals) == 1
        and os.tcgetpgrp(0) == os.getpgrp()
        and os.environ.get("TERM", "dumb") not in ("", "dumb", "unknown")
        and not os.environ.keys() & {"TEXTUAL_DRIVER", "_AGENTDECK_COMPLETE"}
        and sys.stderr is not None
        and sys.stderr.encoding.lower() == "utf-8"
    )


def _attributes(own: list[Any]) -> list[Any]:
    """As Textual has them; but ctrl+c ends a start, as it does before a frame is painted."""
    changed = [*own[:6], list(own[6])]
    changed[0] &= ~(termios.IXON | termios.IXOFF | termios.ICRNL | termios.INLCR | termios.IGNCR)
    changed[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
    changed[6][termios.VMIN], changed[6][termios.VTIME] = 1, 0
    nothing = bytes([os.fpathconf(0, "PC_VDISABLE") & 0xFF])
    changed[6][termios.VQUIT] = changed[6][termios.VSUSP] = nothing
    return changed


def _write(text: str) -> None:
    data = text.encode()
    while data:
        data = data[os.write(2, data) :]


# -- what is kept


def key() -> dict[str, Any] | None:
    """All that the first frame depends on, but for the size; None: it has a draft of the user's.

    Raises AgentdeckError, OSError, ValueError.
    """
    here = places()
    try:
        memory = _read(here.state / "deck.json")
    except FileNotFoundError:
        memory = {}
    if _part(memory, "drafts").get(""):
        return None
    textual = {k: v for k, v in os.environ.items() if k.startswith("TEXTUAL")}
    return {
        "version": VERSION,
        "config": _identity(here.config_file),
        "environment": {name: os.environ.get(name) for name in _ENVIRONMENT} | textual,
        "theme": memory.get("theme") or "",
        "side width": memory.get("side_width") or 0,
        "tabs": bool(_part(memory, "arrangement").get("only")),
    }


def _read(path: Path) -> Any:
    """What a file of JSON holds. Raises OSError, ValueError: it is none, or no file at all."""
    try:
        return json.loads(own_bytes(path, _MOST_BYTES))
    except RecursionError:
        raise ValueError("no file of the deck's") from None


def _part(memory: Any, name: str) -> dict[str, Any]:
    part = memory.get(name, {}) if isinstance(memory, dict) else None
    if not isinstance(part, dict):
        raise ValueError("no memory of a deck's")
    return part


def _identity(path: Path) -> list[Any]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return [str(path)]
    return [str(path), found.st_mtime_ns, found.st_size, found.st_mode]


def _file(size: tuple[int, int]) -> Path:
    return places().state / "first-frames" / f"{size[0]}x{size[1]}.json"


def kept(size: tuple[int, int], key: dict[str, Any] | None) -> str | None:
    """The frame that is kept for a terminal of this size, if all is as it was then.

    Raises OSError, ValueError: it can't be read.
    """
    path = _file(size)
    if key is None or not path.exists():
        return None
    found = _read(path)
    if not isinstance(found, dict) or found.get("key") != key:
        return None
    frame = found.get("frame")
    return frame if isinstance(frame, str) and _HARMLESS.fullmatch(frame) else None


def keep(size: tuple[int, int], key: dict[str, Any], frame: str) -> None:
    """Keep a frame for the next start; of all sizes those that were kept last.

    Raises OSError, AgentdeckError.
    """
    from skills import private_files

    if not _HARMLESS.fullmatch(frame):
        return
    path = _file(size)
    folder = private_folder(path.parent)
    private_files.write(path, json.dumps({"key": key, "frame": frame}), synced=False)
    old = sorted(folder.glob("*.json"), key=lambda each: each.stat().st_mtime_ns)
    for each in old[:-_MOST_SIZES]:
        each.unlink(missing_ok=True)
