"""Keys that come right behind one that opens something are for what it opens."""

from __future__ import annotations

import pytest
from textual import events
from textual.widgets import Input

from tests.support.deckpilot import Opened, opened
from tui.deck.memory import Memory
from tui.screens.dialogs import Choose
from tui.screens.new_session import NewSessionForm


def send(here: Opened, *keys: str) -> None:
    """Keys as a terminal sends them: all at once, whatever they bring about."""
    for key in keys:
        here.app.post_message(events.Key(key, key if len(key) == 1 else None))


async def test_letters_behind_a_dialogs_key_are_the_dialogs_while_the_engine_is_slow() -> None:
    async with opened(3) as here:
        here.client.gate.clear()
        send(here, "ctrl+l", "t", "a", "s", "k")
        await here.pilot.pause()
        assert here.composer.text == ""
        here.client.gate.set()
        await here.until(lambda: isinstance(here.app.screen, Choose))
        field = here.app.screen.query_one("#filter", Input)
        await here.until(lambda: field.value == "task")
        assert here.composer.text == ""


async def test_a_key_of_the_composers_own_and_a_paste_too() -> None:
    memory = Memory(history=["about whales", "about ships"])
    async with opened(1, memory=memory) as here:
        send(here, "ctrl+r")
        here.app.post_message(events.Paste("whal"))
        send(here, "enter", "s", "!")
        await here.until(lambda: here.composer.text == "about whaless!")
        assert here.client.said("session.send") == []


async def test_what_takes_too_long_has_the_keys_no_more() -> None:
    async with opened(1) as here:
        here.app._behind.most_s = 0.05
        here.client.gate.clear()
        send(here, "ctrl+k", "h", "i")
        await here.until(lambda: here.composer.text == "hi")
        here.client.gate.set()


async def test_a_form_gets_what_was_typed_behind_its_key_and_what_follows_goes_on() -> None:
    async with opened(1) as here:
        send(here, "ctrl+n", "x", "y", "escape", "z")
        await here.until(lambda: here.composer.text == "z")
        assert here.app.screen is here.deck
        send(here, "ctrl+n", "x", "y")
        form = await here.screen(NewSessionForm)
        await here.until(lambda: "xy" in {f.value for f in form.query(Input)})


async def test_keys_behind_one_that_opens_nothing_come_at_once() -> None:
    async with opened(2) as here:
        send(here, "a", "alt+2", "b", "alt+1", "c")
        await here.until(lambda: here.composer.text == "ac")


async def test_no_key_is_kept_where_textuals_timers_never_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with opened(1) as here:
        # As on a machine that is too busy for them to look at the clock in time.
        monkeypatch.setattr(here.app, "set_timer", lambda *_: None)
        send(here, "ctrl+n", "x", "escape", "z")
        await here.until(lambda: here.composer.text == "z")


@pytest.mark.parametrize("press", ["key", "click"])
async def test_a_dialog_asked_for_twice_while_the_engine_is_slow_opens_once(press: str) -> None:
    async with opened(3) as here:
        here.app._behind.most_s = 0.0
        here.client.gate.clear()
        for _ in range(2):
            if press == "key":
                await here.pilot.press("ctrl+l")
            else:
                here.deck.start("sessions")
        await here.until(lambda: sum(w.group == "action-sessions" for w in here.deck.workers) == 2)
        here.client.gate.set()
        await here.screen(Choose)
        await here.until(
            lambda: all(w.group != "action-sessions" or w.is_running for w in here.deck.workers)
        )
        await here.settle()
        assert len(here.app.screen_stack) == 3
        await here.press("escape")
        await here.settle()
        assert here.app.screen is here.deck
