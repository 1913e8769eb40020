"""What changes while a layout waits to be painted is painted with it."""

from __future__ import annotations

from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.messages import Update
from textual.screen import Screen
from textual.strip import Strip
from textual.widgets import Static

from tui.view.compositor import LeanScreen
from tui.view.textual_workarounds import SteadyScreen


class Word(Static):
    """Counts how often it is painted."""

    painted = 0

    def render_lines(self, crop: Region) -> list[Strip]:
        self.painted += 1
        return super().render_lines(crop)


def of(kind: type[Screen[Any]]) -> App[None]:
    class Under(kind):  # type: ignore[valid-type, misc]
        def compose(self) -> ComposeResult:
            yield Word("one", id="word")
            yield Word("other", id="other")

    class Shown(App[None]):
        def get_default_screen(self) -> Screen[None]:
            return Under()

    return Shown()


class Plain(SteadyScreen, Screen[Any]):
    """As dialogs are."""


@pytest.mark.parametrize("kind", [LeanScreen, Plain])
async def test_what_gets_dirty_between_a_layout_and_its_painting_is_painted(
    kind: type[Screen[Any]],
) -> None:
    app = of(kind)
    async with app.run_test() as pilot:
        await pilot.pause()
        screen, word = app.screen, app.screen.query_one("#word", Word)
        before = word.painted
        with app.batch_update():
            word._set_dirty()
            screen.post_message(Update(word))  # the screen has not got round to it yet
            screen._refresh_layout()  # to be painted once nothing is held back
        await pilot.pause()
        assert word.painted > before


async def test_a_keys_echo_is_painted_alone_and_the_rest_is_not_forgotten() -> None:
    app = of(LeanScreen)
    async with app.run_test() as pilot:
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, LeanScreen)
        word, other = (screen.query_one(name, Word) for name in ("#word", "#other"))
        before = word.painted, other.painted
        for each in (word, other):
            each._set_dirty()
            screen._dirty_widgets.add(each)
        screen.paint_now(word)
        assert (word.painted > before[0], other.painted > before[1]) == (True, False)
        screen.check_idle()
        await pilot.pause()
        assert other.painted > before[1]
