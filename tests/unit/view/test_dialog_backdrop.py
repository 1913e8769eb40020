"""What streams behind a dialog is painted now and then, and not while keys come; and once for all
that happens in a moment."""

from __future__ import annotations

import re
from time import monotonic

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.screen import ModalScreen, Screen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input, Static

from tests.support.deckpilot import opened
from tui.screens.dialogs import Prompt
from tui.view import compositor, dialog_backdrop
from tui.view.compositor import LeanScreen


class Under(LeanScreen):
    """Something that changes."""

    def compose(self) -> ComposeResult:
        yield Static("one", id="word")


class Over(ModalScreen[None]):
    """A dialog; counts how often what lies behind is painted into it."""

    painted = 0

    def refresh(self, *regions: object, **how: bool) -> Over:
        Over.painted += bool(regions)
        return super().refresh(*regions, **how)  # type: ignore[arg-type]


class Both(App[None]):
    """A screen with a dialog on it."""

    key_at = 0.0

    def get_default_screen(self) -> Screen[None]:
        return Under()


async def test_behind_a_dialog_nothing_is_painted_while_keys_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(compositor, "BEHIND_S", 3600.0)
    app = Both()
    async with app.run_test() as pilot:
        under = app.screen
        assert isinstance(under, Under)
        await app.push_screen(Over())
        await pilot.pause()
        Over.painted = 0
        app.key_at = monotonic()
        for word in ("two", "three"):
            under.query_one("#word", Static).update(word)
            await pilot.pause()
        assert Over.painted == 0
        assert under._compositor._dirty_regions, "what changed is still to be painted"
        app.key_at = monotonic() - 7200.0
        under._behind_next = 0.0
        under._paint_behind()
        assert Over.painted > 0
        app.pop_screen()
        await pilot.pause()
        assert "three" in str(under.query_one("#word", Static).render())
        assert not under._compositor._dirty_regions


async def test_what_lies_behind_is_painted_as_textual_does_and_once_in_a_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dialog_backdrop, "FRESH_S", 3600.0)
    async with opened(2) as here:
        dialog = Prompt("A word", enter="takes it")
        here.app.push_screen(dialog)
        await here.settle()
        dialog.query_one(Input).cursor_blink = False
        await here.settle()
        ours = here.app.export_screenshot()
        rows = dialog._rows
        here.deck.redraw()
        dialog.refresh(layout=True)
        await here.settle()
        assert dialog._rows is rows and len(rows) == 36
        dialog.refresh(Region(0, 0, 5, 1))  # as the deck does where something changed in it
        await here.settle()
        assert dialog._rows is not rows
        monkeypatch.setattr(dialog_backdrop.Dimmed, "render_line", Widget.render_line)
        dialog._styles_cache.clear()
        dialog.refresh()
        await here.settle()
        assert looks(here.app.export_screenshot()) == looks(ours)


def looks(svg: str) -> list[str]:
    """What is seen: texts and colours, without the picture's own names."""
    return re.findall(r"(fill: ?#\w+|>[^<]+</text)", svg)


async def test_a_painting_that_takes_long_has_all_of_its_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Textual says what lies behind for a painting's first row alone."""
    monkeypatch.setattr(dialog_backdrop, "FRESH_S", 0.0)
    painted: list[tuple[int, str]] = []
    kept = dialog_backdrop.Dimmed.render_line

    def told(self: dialog_backdrop.Dimmed, y: int) -> Strip:
        strip = kept(self, y)
        painted.append((y, strip.text.strip()))
        return strip

    monkeypatch.setattr(dialog_backdrop.Dimmed, "render_line", told)
    app = Both()
    async with app.run_test() as pilot:
        await app.screen.mount(Static("two", id="below"))
        await pilot.pause()
        await app.push_screen(Prompt("?", enter="takes it"))
        await pilot.pause()
        assert {text for y, text in painted if y == 0} == {"one"}
        assert {text for y, text in painted if y == 1} == {"two"}
