"""Work that outlives what it was for: a dialog is left while the engine still answers it."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from textual.css.query import NoMatches
from textual.dom import DOMNode, NoScreen


def gone(node: DOMNode) -> bool:
    """Whether a node's screen has been left."""
    try:
        return node.screen not in node.app.screen_stack
    except NoScreen:
        return True


async def while_shown(node: DOMNode, work: Coroutine[Any, Any, None]) -> None:
    """Do some work for a screen or widget; what it can't find once that is gone is no fault.

    Textual cancels a node's workers only after it has taken away what is in the node.
    """
    try:
        await work
    except NoMatches:
        if not gone(node):
            raise
