"""Pilots wait until the loop has nothing left to do, instead of for 20 ms of little CPU time.

Textual's pilot takes a process that hardly used the CPU for 20 ms as idle: slow, since every key
and every pause pays it twice, and wrong on a busy machine, where a process that waits for its turn
uses none either. What a test waits for is known exactly: callbacks of the loop that are ready,
threads at work, and timers that are about to fire.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import textual.app
import textual.pilot
from textual import events
from textual._compositor import Compositor
from textual.app import App
from textual.keys import _character_to_key
from textual.message_pump import MessagePump
from textual.screen import Screen

import tui.timing.idle
from tests.support import textual_once
from tui.app import DeckApp
from tui.deck import preload

SOON_S = 0.02
"""Timers that fire within this are waited for: frames, and what follows a refresh."""
WAITS = 60
"""So often at most: what moves for ever is not waited for."""


_holding: list[None] = []


@contextmanager
def _noted(within: list[None]) -> Iterator[None]:
    within.append(None)
    try:
        yield
    finally:
        within.pop()


def threads_held() -> AbstractContextManager[None]:
    """Within it no thread is waited for: those that work wait for the test themselves."""
    return _noted(_holding)


def _threads_work(loop: Any) -> bool:
    pool = loop._default_executor
    if _holding or not isinstance(pool, ThreadPoolExecutor):
        return False
    inside: Any = pool
    return bool(inside._work_queue.qsize()) or len(inside._threads) > inside._idle_semaphore._value


_UNPAINTED: dict[Compositor, list[Screen[Any]]] = {}
_render_update = Compositor.render_update
_at_once: list[None] = []


def painted_at_once() -> AbstractContextManager[None]:
    """Within it a deck paints as soon as it would in a terminal: it is what the test is about."""
    return _noted(_at_once)


def _painted_when_idle(
    compositor: Compositor,
    full: bool = False,
    screen_stack: list[Screen[Any]] | None = None,
    simplify: bool = False,
) -> Any:
    """Keep in mind that something is to be painted; the whole, which a picture needs, at once.

    A test's terminal shows nothing, and what it looks at is there when its pilot has waited: a
    dialog that opens and closes is painted thrice so, and not fifteen times.
    """
    screen = compositor.root
    app = screen.app if isinstance(screen, Screen) else None
    if full or _at_once or not isinstance(app, DeckApp) or not app.is_headless:
        return _render_update(compositor, full, screen_stack, simplify)
    _UNPAINTED[compositor] = screen_stack or []
    return None


def _paint() -> bool:
    """Paint what is to be painted on a screen that is in front; whether there was anything."""
    found = bool(_UNPAINTED)
    while _UNPAINTED:
        compositor, behind = _UNPAINTED.popitem()
        screen = compositor.root
        if not isinstance(screen, Screen) or not screen.is_running or not screen.is_current:
            continue
        with screen.app._context():
            try:
                _render_update(compositor, screen_stack=behind)
            except Exception as error:  # as where it is painted at once
                screen.app._handle_exception(error)
    return found


async def wait_for_idle(min_sleep: float = 0, max_sleep: float = 30, paints: bool = True) -> None:
    """Return when nothing is ready, no thread works, no timer is about to fire, all is painted."""
    loop: Any = asyncio.get_running_loop()
    end = loop.time() + max_sleep
    waits = clear = 0
    while clear < 3 and waits < WAITS and loop.time() < end:
        await asyncio.sleep(0)  # once around: what can be read by now is ready afterwards
        clear += 1
        if loop._ready:
            clear = 0
            continue
        now = loop.time()
        due = min((t.when() for t in loop._scheduled if not t.cancelled()), default=now + 1)
        if due < now + SOON_S or _threads_work(loop):
            clear = 0
            waits += 1
            await asyncio.sleep(max(0.001, min(due - now, SOON_S)))
        elif clear == 3 and paints and _paint():
            clear = 0
    if paints:
        _paint()


async def wait_between_keys(_: float = 0) -> None:
    """The same after each of the keys that are pressed one after the other: painted is at the end.

    A terminal that sends them fast sees no more of what is between; who looks at it has waited.
    """
    await wait_for_idle(paints=False)


def _at_rest(pump: MessagePump) -> bool:
    """Whether it waits for a message; one that takes none any more keeps nobody waiting."""
    if pump._closing or pump._closed:
        return True
    queue = pump._message_queue
    waits = bool(queue.ready_event._waiters) and queue.empty()
    return waits and pump._pending_message is None and not pump._next_callbacks


def _all_at_rest(app: App[Any]) -> bool:
    """Whether nothing on the screen in front has a message, nor works on one."""
    if app._exception is not None or not app.screen_stack or not _at_rest(app):
        return False
    return all(_at_rest(each) for each in app.screen.walk_children(with_self=True))


async def _wait_for_screen(pilot: textual.pilot.Pilot[Any], timeout: float = 30.0) -> bool:
    """Wait until all on the screen has done what it was told.

    Textual sends each a message for that, and waits until it is read. With two dozen of them that
    was half of all messages of a test, though most had nothing to do: who waits for a message has
    read all others, and so only where somebody still works after a while is Textual's way gone.
    """
    for _ in range(WAITS):
        if _all_at_rest(pilot.app):
            return True
        await asyncio.sleep(0)
    return await _wait_for_each(pilot, timeout)


_wait_for_each = textual.pilot.Pilot._wait_for_screen


async def write(pilot: textual.pilot.Pilot[Any], text: str) -> None:
    """Keys that make a text, as fast as a terminal sends them, and what comes of all of them."""
    for character in text:
        key = _character_to_key(character)
        pilot.app.post_message(events.Key(key, character))
    await pilot.pause()


def install() -> None:
    """Have all pilots wait so, and the apps that they drive parse no style sheet twice.

    Nor do these get ready, as soon as half a second has no key in it, what their first dialog would
    need: on a busy machine every test has one. What a deck leaves is no garbage to be looked for
    when the next one starts, nor kept for good.
    """
    vars(textual.app)["wait_for_idle"] = wait_between_keys
    vars(textual.pilot)["wait_for_idle"] = wait_for_idle
    pilot: Any = textual.pilot.Pilot
    pilot._wait_for_screen = _wait_for_screen
    preload.IDLE_S = 3600.0
    compositor: Any = Compositor
    compositor.render_update = _painted_when_idle
    tui.timing.idle.started = lambda: None
    textual_once.install()


install()
