"""The pictures that are on screen, or were: read and drawn in a thread, each once.

Whoever shows pictures asks for one each time it draws; what is not there yet is got, and all who
show some are told when it came. What has not been asked for longest goes.
"""

from __future__ import annotations

import asyncio
import logging
import os
import stat
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from tui.pictures import kitty
from tui.pictures.decode import MOST_BYTES, NotDrawn
from tui.pictures.drawn_picture import Shown, make
from tui.pictures.terminal_support import BLOCKS, PictureSupport, SupportAsked

if TYPE_CHECKING:
    from textual.app import App
    from textual.widget import Widget

log = logging.getLogger("agentdeck.deck")

_ANSWERS_S = 0.3
KEPT = 48
"""Pictures that are kept drawn."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Why there is no picture."""

    why: str


Found = Shown | Missing
Key = tuple[Path, int, int, str]


class PictureCache:
    """One for an app. Everything but `_made` happens in its loop."""

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self.powers = BLOCKS
        self._found: OrderedDict[Key, Found] = OrderedDict()
        self._getting: dict[Key, Future[Found]] = {}
        self._adopted: deque[Shown] = deque()
        self._watchers: WeakSet[Widget] = WeakSet()
        self._threads: ThreadPoolExecutor | None = None
        self._asking: SupportAsked | None = None

    def watch(self, widget: Widget) -> None:
        """A widget whose `picture_came` is called when a picture has come, or is drawn better."""
        self._watchers.add(widget)

    def get(self, path: Path, width: int, height: int, state: str = "") -> Found | None:
        """A picture within so many cells, or why there is none; None: it is being got.

        `state`: what tells a file from itself at another time.
        """
        self._ask()
        key = (path, width, height, state)
        if (found := self._found.get(key)) is not None:
            self._found.move_to_end(key)
            return found
        if key not in self._getting:
            if self._threads is None:
                # One thread: what several did at once would hold up the keys.
                self._threads = ThreadPoolExecutor(1, "pictures")
            work = partial(_made, path, width, height, self.powers, partial(self._soon, key))
            self._getting[key] = future = self._threads.submit(work)
            future.add_done_callback(lambda done: self._came(key, done))
        return None

    def _ask(self) -> SupportAsked:
        if self._asking is None:
            self._asking = SupportAsked(self._app, self._better)
            self._asking.begin()
        return self._asking

    async def known(self) -> PictureSupport:
        """What the terminal can, as soon as it has said it; it is not waited for long."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ask().answered.wait(), _ANSWERS_S)
        return self.powers

    def adopt(self, shown: Shown) -> Shown:
        """A picture that was made elsewhere: the terminal is sent what it needs of it."""
        if shown.first:
            self._write(shown.first)
            shown.first = ""
            self._adopted.append(shown)
            while len(self._adopted) > KEPT:
                self._forget([self._adopted.popleft()])
        return shown

    def _soon(self, key: Key, shown: Shown) -> None:
        """In the thread: it can be shown already, and will be shown better."""
        with suppress(RuntimeError):
            self._app.call_later(self._show_soon, key, shown)

    def _show_soon(self, key: Key, shown: Shown) -> None:
        if key in self._getting:
            self._found[key] = shown
            self._tell()

    def _came(self, key: Key, done: Future[Found]) -> None:
        """In the thread."""
        try:
            self._app.call_later(self._take, key, done)
        except RuntimeError:
            log.debug("a picture came after the deck had gone")

    def _take(self, key: Key, done: Future[Found]) -> None:
        if self._getting.get(key) is not done:
            return  # it was begun for a terminal that can do less
        del self._getting[key]
        if done.cancelled() or done.exception() is not None:
            log.warning("a picture could not be drawn: %r", done.exception())
            found: Found = Missing("it can't be drawn")
        else:
            found = done.result()
        if isinstance(found, Shown) and found.first:
            self._write(found.first)
            found.first = ""
        self._found[key] = found
        while len(self._found) > KEPT:
            self._forget([self._found.popitem(last=False)[1]])
        self._tell()

    def _tell(self) -> None:
        for widget in list(self._watchers):
            if widget.is_attached:
                widget.picture_came()  # type: ignore[attr-defined]

    def _better(self, powers: PictureSupport) -> None:
        """The terminal draws pictures better than was known."""
        if powers.hint:
            self._app.notify(powers.hint, timeout=15)
        if (powers.form, powers.cell, powers.colours) == (
            self.powers.form, self.powers.cell, self.powers.colours
        ):  # fmt: skip
            return
        self._forget(self._found.values())
        self.powers = powers
        self._found.clear()
        self._getting.clear()
        self._tell()

    def _forget(self, gone: Any) -> None:
        numbers = [each.number for each in gone if isinstance(each, Shown) and each.number]
        if numbers:
            self._write(kitty.forgotten(numbers, in_tmux=self.powers.in_tmux))

    def _write(self, said: str) -> None:
        driver = self._app._driver
        if driver is not None and not self._app.is_headless:
            driver.write(said)

    def close(self) -> None:
        """The deck ends: the terminal keeps nothing of it."""
        self._forget([*self._found.values(), *self._adopted])
        self._found.clear()
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)


def _made(
    path: Path, width: int, height: int, powers: PictureSupport, soon: Callable[[Shown], None]
) -> Found:
    try:
        return make(read_file(path), width, height, powers, soon)
    except NotDrawn as error:
        return Missing(str(error))
    except (OSError, ValueError) as error:
        return Missing(getattr(error, "strerror", "") or "it can't be read")


def read_file(path: Path) -> bytes:
    """What a file holds. Raises OSError, and NotDrawn for what is no file or too large."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise NotDrawn("it is no file")
        if status.st_size > MOST_BYTES:
            raise NotDrawn("the file is too large")
        return file.read(MOST_BYTES + 1)


def shelf(app: App[Any]) -> PictureCache:
    """The app's pictures."""
    found = getattr(app, "_pictures", None)
    if not isinstance(found, PictureCache):
        found = PictureCache(app)
        app._pictures = found  # type: ignore[attr-defined]
    return found
