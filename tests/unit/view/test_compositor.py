"""The lean compositor paints what Textual's paints."""

from __future__ import annotations

import random
from typing import Any

import pytest
from rich.console import Console
from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.geometry import Region
from textual.screen import ModalScreen, Screen
from textual.strip import Strip
from textual.widgets import Input, Static

from sessions.record import events as ev
from tests.support import screens
from tests.support.viewrig import ViewApp
from tui.view.compositor import LeanCompositor, LeanScreen
from tui.view.transcript_view import TranscriptView

SIZE = (60, 20)


class Painted:
    """A terminal that is given every update, as the driver would write it."""

    def __init__(self, app: App[None]) -> None:
        self.screen = screens.Screen(*SIZE)
        self.stream = screens.Stream(self.screen)
        self.console = Console(color_system="truecolor", force_terminal=True, width=SIZE[0])
        display: Any = app._display

        def spy(screen: object, update: object) -> None:
            if update is not None and hasattr(update, "render_segments"):
                self.screen.cursor_position(1, 1)
                self.stream.feed(update.render_segments(self.console).replace("\n", ""))
            display(screen, update)

        app._display = spy  # type: ignore[method-assign, assignment]


def truth(app: App[None]) -> list[str]:
    """The screen as the compositor has it when asked for all of it."""
    strips = app.screen._compositor.render_strips()
    return [strip.text for strip in strips]


def ends_cut(rows: list[str]) -> list[str]:
    """Rows without the blanks at their ends."""
    return [row.rstrip() for row in rows]


async def test_after_any_mix_of_changes_the_terminal_shows_what_the_widgets_hold() -> None:
    app = ViewApp()
    painted = Painted(app)
    rng = random.Random(1)
    async with app.run_test(size=SIZE) as pilot:
        for step in range(60):
            app.say(ev.Text, text=f" word{step}" + ("\n\n" if rng.random() < 0.4 else ""))
            app.view.flush()
            if step % 7 == 3:
                await pilot.press("tab", *"xy")
            if step % 11 == 5:
                app.view._stand(rng.randint(0, 5))
            if step % 13 == 6:
                app.view.follow()
            if step == 30:
                app.notify("over the view")
            await pilot.pause()
            await pilot.pause()
            assert ends_cut(painted.screen.display) == ends_cut(truth(app)), step


async def test_what_changes_while_a_frame_is_drawn_is_painted_at_its_end() -> None:
    app = ViewApp()
    painted = Painted(app)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, LeanScreen)
        for step in range(30):
            app.say(ev.Text, text=f" word{step}\n\n")
            with screen.one_frame():
                app.view.flush()
            assert ends_cut(painted.screen.display) == ends_cut(truth(app)), step
        with app.batch_update(), screen.one_frame():  # held back: not now, and not lost
            app.say(ev.Text, text="later")
            app.view.flush()
        await pilot.pause()
        assert any("later" in row for row in painted.screen.display)


class Short(Static):
    """Paints less than its place, as a widget does that is about to get another size."""

    def render_lines(self, crop: Region) -> list[Strip]:
        """A row less, and each of four cells."""
        return [Strip([Segment("abcd")]) for _ in range(crop.height - 1)]


class Gaps(App[None]):
    """A widget that paints less than its place, on a screen of this class."""

    CSS = "Short { height: 3; } Vertical { background: red; }"

    def __init__(self, screen: type[Screen[Any]]) -> None:
        super().__init__()
        self.kind = screen

    def get_default_screen(self) -> Screen[None]:
        """The screen to be looked at."""
        return self.kind()

    def compose(self) -> ComposeResult:
        """Something lies behind it."""
        with Vertical():
            yield Short()


async def test_where_a_widget_paints_less_than_its_place_what_lies_behind_is_seen() -> None:
    seen = []
    kinds: list[type[Screen[Any]]] = [Screen, LeanScreen]
    for kind in kinds:
        app = Gaps(kind)
        painted = Painted(app)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.pause()
            app.screen.refresh(layout=True)
            app.query_one(Short).refresh()
            await pilot.pause()
            seen.append((truth(app), ends_cut(painted.screen.display)))
    assert seen[0] == seen[1]


async def test_a_region_that_two_widgets_share_is_painted_by_both() -> None:
    app = ViewApp()
    async with app.run_test(size=SIZE):
        compositor = app.screen._compositor
        assert isinstance(compositor, LeanCompositor)
        height = app.view.size.height
        inside = Region(0, 0, 10, 2)
        across = Region(0, height - 1, 10, 2)  # the view's last row and the input line
        assert compositor._parts(inside) == [(inside, app.view, app.view.region)]
        parts = compositor._parts(across)
        assert parts is not None
        assert [part.height for part, _, _ in parts] == [1, 1]


class Over(App[None]):
    """Two columns of text, and a list that lies over both."""

    CSS = """
    Screen { layers: below above; layout: horizontal; }
    Vertical { width: 1fr; border: round red; }
    #list { layer: above; dock: bottom; offset: 0 -3; height: 4; display: none; }
    """

    def get_default_screen(self) -> Screen[Any]:
        """With the compositor that is tested."""
        return LeanScreen(id="_default")

    def compose(self) -> ComposeResult:
        """The list is the last one, and docked."""
        for column in "ab":
            with Vertical():
                yield Static("\n".join(f"{column}{row}" for row in range(20)))
        yield Static("\n".join(f"offer {row}" for row in range(4)), id="list")


async def test_a_list_that_comes_over_tiles_and_goes_paints_only_its_own_rows() -> None:
    app = Over()
    painted = Painted(app)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        compositor = app.screen._compositor
        seen: list[Region] = []
        told = compositor.render_update

        def spy(**given: Any) -> Any:
            seen.extend(compositor._dirty_regions)
            return told(**given)

        compositor.render_update = spy  # type: ignore[method-assign, assignment]
        listed = app.query_one("#list")
        for shown in (True, False, True):
            seen.clear()
            listed.display = shown
            await pilot.pause()
            await pilot.pause()
            assert {(at.y, at.bottom) for at in seen} == {(13, 17)}
            assert ends_cut(painted.screen.display) == ends_cut(truth(app))
            app.query(Static).first().refresh()  # it lies partly below the list
            await pilot.pause()
            assert ends_cut(painted.screen.display) == ends_cut(truth(app))


async def test_what_lies_behind_others_is_not_rendered_and_what_peeps_out_is() -> None:
    class Two(App[None]):
        CSS = "Vertical { width: 30; height: 10; } Static { height: 10; }"

        def get_default_screen(self) -> LeanScreen:
            return LeanScreen()

        def compose(self) -> ComposeResult:
            with Vertical(id="full"):
                yield Static("x")
            with Vertical(id="half"):
                yield Input()

    app = Two()
    async with app.run_test(size=SIZE):
        compositor = app.screen._compositor
        assert isinstance(compositor, LeanCompositor)
        covered = compositor._covered()
        assert app.query_one("#full") in covered
        assert app.query_one("#half") not in covered
        assert app.screen not in covered


async def test_a_dialog_over_the_view_is_not_painted_over() -> None:
    class Dialog(ModalScreen[None]):
        CSS = "Dialog { align: center middle; } Static { width: 30; height: 5; }"

        def compose(self) -> ComposeResult:
            yield Static("DIALOG")

    app = ViewApp()
    painted = Painted(app)
    async with app.run_test(size=SIZE) as pilot:
        app.push_screen(Dialog())
        await pilot.pause()
        for _ in range(10):
            app.say(ev.Text, text="text under the dialog, and more of it\n\n")
            app.view.flush()
            await pilot.pause()
            await pilot.pause()
        assert any("DIALOG" in row for row in painted.screen.display)
        assert not any("under" in row[20:40] for row in painted.screen.display[8:12])


@pytest.mark.parametrize("lean", [True, False])
async def test_the_view_needs_no_lean_screen(lean: bool) -> None:
    app = ViewApp(lean=lean)
    async with app.run_test(size=SIZE) as pilot:
        app.say(ev.Text, text="words")
        app.view.flush()
        await pilot.pause()
        assert any("words" in row for row in truth(app))
        assert isinstance(app.query_one(TranscriptView), TranscriptView)
