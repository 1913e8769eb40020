"""The frame has the terminal's size, whatever older size is told late."""

from __future__ import annotations

import pytest
from textual import events
from textual.geometry import Size
from textual.widgets import Input

from tests.support.deckpilot import opened
from tests.support.viewrig import ViewApp
from tui.screens.dialogs import Choose

OLD, NEW = Size(120, 40), Size(70, 20)


async def test_news_of_an_older_size_changes_nothing() -> None:
    app = ViewApp()
    async with app.run_test(size=(NEW.width, NEW.height)) as pilot:
        app.screen.post_message(events.Resize(OLD, OLD))
        await pilot.pause()
        assert app.screen._compositor.size == NEW
        assert app.screen.size == NEW


async def test_of_two_sizes_in_the_queue_the_terminals_counts() -> None:
    app = ViewApp()
    async with app.run_test(size=(OLD.width, OLD.height)) as pilot:
        app._size = NEW
        app.screen.post_message(events.Resize(NEW, NEW))
        app.screen.post_message(events.Resize(OLD, OLD))
        await pilot.pause()
        await pilot.pause()
        assert app.screen._compositor.size == NEW


@pytest.mark.parametrize("dialog", [False, True])
async def test_the_deck_and_what_lies_over_it_have_the_terminals_size(dialog: bool) -> None:
    async with opened(2, (OLD.width, OLD.height)) as here:
        if dialog:
            await here.press("ctrl+l")
            await here.until(lambda: isinstance(here.app.screen, Choose))
        here.app._size = NEW
        here.app.screen.post_message(events.Resize(NEW, NEW))
        here.app.screen.post_message(events.Resize(OLD, OLD))
        await here.settle()
        assert here.app.screen._compositor.size == NEW
        assert here.deck._compositor.size == NEW


async def test_what_is_being_taken_away_is_not_given_the_keys() -> None:
    app = ViewApp()
    async with app.run_test():
        going = Input()
        await app.screen.mount(going)
        removal = going.remove()
        app.screen.set_focus(going)  # as `focus` does, a little later
        await removal
        assert app.screen.focused is not going
