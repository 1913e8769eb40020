"""Work that outlives what it was for, and keys that overtake those before them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVarTuple

from textual.css.query import NoMatches
from textual.dom import DOMNode, NoScreen

if TYPE_CHECKING:
    from textual.widget import Widget

CATCHES_UP_S = 0.5
Work = Callable[[], Coroutine[Any, Any, Any]]
Given = TypeVarTuple("Given")


def gone(node: DOMNode) -> bool:
    """Whether a node's screen has been left."""
    try:
        return node.screen not in node.app.screen_stack
    except NoScreen:
        return True


def while_shown(node: DOMNode, work: Callable[[*Given], Awaitable[None]], *given: *Given) -> Work:
    """Work for a screen or widget; what it can't find once that is gone is no fault.

    Textual cancels a node's workers only after it has taken away what is in the node. `work` is
    called when the worker begins: one that was replaced before leaves nothing un-awaited.
    """

    async def do() -> None:
        try:
            await work(*given)
        except NoMatches:
            if not gone(node):
                raise

    return do


def if_shown(node: DOMNode, do: Callable[[], object]) -> Callable[[], None]:
    """What is to be done after the next refresh; nothing if the node's screen has been left then.

    Textual (8.2.8) calls it all the same, and what it looks for has gone.
    """

    def done() -> None:
        if node.is_attached and not gone(node):
            do()

    return done


async def caught_up(field: Widget) -> None:
    """Wait until a widget has taken in the keys that came before.

    A key that is bound is done by the app, and the characters typed before it lie in the queue of
    the field that they are for.
    """
    done = asyncio.Event()
    if field.call_later(done.set):
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(done.wait(), CATCHES_UP_S)
