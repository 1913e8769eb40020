"""Doing something a little later, on a busy machine too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual.message_pump import MessagePump


def later(pump: MessagePump, seconds: float, work: Callable[[], object]) -> asyncio.TimerHandle:
    """Do it then, if `pump` is still there; what fails is told as of one of its handlers.

    Textual's timers (8.2.8) are skipped, and for ever, where their time has passed before they
    look at the clock for the first time: whoever waits for one of them then waits always.
    """

    def do() -> None:
        if not pump.is_running:
            return
        try:
            work()
        except Exception as error:  # noqa: BLE001 - the boundary of a handler
            pump.app._handle_exception(error)

    return asyncio.get_running_loop().call_later(seconds, do)
