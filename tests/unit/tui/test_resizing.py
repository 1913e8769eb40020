"""The deck is laid out for the terminal that is there."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Size
from textual.screen import Screen
from textual.widgets import Static

from tui.terminal import resizing
from tui.view.textual_workarounds import SteadyScreen


class Drag(resizing.SureSize):
    """An app whose last word about its size came too early."""


async def test_an_older_size_that_came_last_is_put_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resizing, "terminal_size", lambda: Size(100, 30))
    monkeypatch.setattr(Drag, "is_headless", False)
    app = Drag()
    async with app.run_test(size=(195, 44)) as pilot:
        await pilot.pause(resizing.AT_REST_S * 2)
        assert app.size == Size(100, 30)
        assert app.screen.size == Size(100, 30)


async def test_the_mouse_goes_down_where_a_widget_was_just_taken_out() -> None:
    class Bare(SteadyScreen, Screen[None]):
        def compose(self) -> ComposeResult:
            yield Static("some words", id="words")

    class Holds(App[None]):
        def get_default_screen(self) -> Screen[None]:
            return Bare()

    app = Holds()
    async with app.run_test(size=(40, 10)) as pilot:
        words = app.screen.query_one("#words")
        assert app.screen.get_widget_and_offset_at(3, 0)[0] is words
        parent = words.parent
        assert parent is not None
        words._detach()
        assert app.screen.get_widget_and_offset_at(3, 0) == (None, None)
        await pilot.mouse_down(offset=(3, 0))
        words._attach(parent)
        assert app.is_running
