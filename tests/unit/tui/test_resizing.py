"""The deck is laid out for the terminal that is there."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Region, Size
from textual.screen import ModalScreen, Screen
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


async def test_a_dialog_that_opens_does_not_have_the_screen_below_laid_out_anew() -> None:
    laid_out: list[Screen[None]] = []

    class Counted(SteadyScreen, Screen[None]):
        def compose(self) -> ComposeResult:
            yield Static("some words", id="words")

        def _refresh_layout(self, size: Size | None = None, scroll: bool = False) -> None:
            laid_out.append(self)
            super()._refresh_layout(size, scroll)

    class Asks(Counted, ModalScreen[None]):
        """A dialog."""

    class Holds(App[None]):
        def get_default_screen(self) -> Screen[None]:
            return Counted()

    app = Holds()
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        below = app.screen
        laid_out.clear()
        await app.push_screen(Asks())
        await pilot.pause()
        assert app.screen in laid_out
        assert below not in laid_out
        for words in (below.query_one("#words"), app.screen.query_one("#words")):
            assert words.region == Region(0, 0, 40, 1)

        await pilot.resize_terminal(30, 8)  # and what it shows fits the terminal nevertheless
        await pilot.pause()
        assert below in laid_out
        for words in (below.query_one("#words"), app.screen.query_one("#words")):
            assert words.region.width == 30
