"""How the deck ends when nobody pressed a key: it is asked to, or its terminal is gone.

Textual handles neither. Left alone, SIGTERM would leave the terminal in raw mode, and a terminal
that goes without SIGHUP (no controlling terminal, a parent that swallows it) would leave a deck
that reads the end of its input again and again, a whole core of it.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textual.app import App

_SAVE_S = 2.0
_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


def watch(app: App[Any], leave: Callable[[int], None], save: Callable[[], None]) -> None:
    """End `app` with its terminal, and when it is asked to; call it in the app's own loop.

    Args:
        app: the app, which must own a real terminal.
        leave: leaves as the user would, with an exit code (128 + the signal's number).
        save: keeps what is not on disk yet; all that is left to do without a terminal.
    """
    if app.is_headless:
        return
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, leave, 128 + number)
    threading.Thread(
        target=_end_with_terminal, args=(0, loop, save), name="terminal", daemon=True
    ).start()


def hung_up(fd: int) -> bool:
    """Wait, without using any time, until the terminal behind `fd` is gone.

    False if that can't be told (`fd` was closed, or the system can't poll terminals).
    """
    poll = select.poll()
    poll.register(fd, 0)  # hang-ups and errors are always reported
    return any(what & (select.POLLHUP | select.POLLERR) for _, what in poll.poll())


def _end_with_terminal(fd: int, loop: asyncio.AbstractEventLoop, save: Callable[[], None]) -> None:
    if not hung_up(fd):
        return
    saved = threading.Event()

    def last() -> None:
        try:
            save()
        finally:
            saved.set()

    try:
        loop.call_soon_threadsafe(last)
    except RuntimeError:  # the loop is closed: the app has left already
        return
    # The loop may be stuck in a write to the terminal that is no more; then this was all.
    saved.wait(_SAVE_S)
    os._exit(128 + signal.SIGHUP)
