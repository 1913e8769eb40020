"""A dialog is left once, whoever waits for it."""

from __future__ import annotations

import asyncio

from tests.support.deckpilot import opened
from tui.screens.dialogs import Confirm


async def test_two_keys_that_both_leave_a_dialog_leave_one() -> None:
    async with opened(1) as here:
        below = here.app.screen
        first, second = Confirm("One?", "One.", "Yes"), Confirm("Two?", "Two.", "Yes")
        await here.app.push_screen(first)
        await here.app.push_screen(second)
        second.dismiss(True)
        second.dismiss(None)
        await here.until(lambda: second not in here.app.screen_stack)
        assert here.app.screen is first
        first.dismiss(None)
        await here.until(lambda: here.app.screen is below)


async def test_a_dialog_that_nobody_waits_for_any_more_is_left_without_harm() -> None:
    async with opened(1) as here:
        below, dialog = here.app.screen, Confirm("One?", "One.", "Yes")
        asked = asyncio.Event()

        async def ask() -> None:
            asked.set()
            await here.app.push_screen_wait(dialog)

        worker = here.deck.run_worker(ask())
        await asked.wait()
        await here.until(lambda: here.app.screen is dialog)
        worker.cancel()
        await here.settle()
        await here.press("escape")
        await here.until(lambda: here.app.screen is below)
