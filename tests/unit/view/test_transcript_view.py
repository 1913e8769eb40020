"""The view under a pilot: following, scrolling, folding, searching, copying, marking."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.events import MouseScrollUp, Paste
from textual.pilot import Pilot

from sessions.record import events as ev
from tests.support.viewrig import ViewApp
from tui.view.scroll_position import ScrollPosition
from tui.view.transcript_view import TranscriptView


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTDECK_HOME", str(tmp_path))


@asynccontextmanager
async def viewing(
    lines: int = 0, size: tuple[int, int] = (40, 12)
) -> AsyncIterator[tuple[ViewApp, Pilot[None]]]:
    """A view, 11 rows high, with so many numbered lines of one answer."""
    app = ViewApp()
    async with app.run_test(size=size) as pilot:
        if lines:
            app.say(ev.Text, text="\n\n".join(f"line {n}" for n in range(lines)))
        app.view.flush()
        await pilot.pause()
        yield app, pilot


async def test_it_follows_the_end_while_text_comes() -> None:
    async with viewing(50) as (app, _):
        assert app.rows[-1] == "  line 49"
        app.say(ev.Text, text="\n\nthe last")
        app.view.flush()
        assert app.rows[-1] == "  the last"


async def test_scrolled_up_it_stays_and_says_how_much_came() -> None:
    async with viewing(50) as (app, pilot):
        await pilot.press("pageup")
        await pilot.wait_for_scheduled_animations()
        before = app.rows[:-1]
        app.say(ev.Text, text="\n\nmore\n\nand more\n\n")
        app.view.flush()
        assert app.rows[:-1] == before
        assert "new lines" in app.rows[-1]
        await pilot.press("end")
        assert app.rows[-1] == "  and more" and app.view.following


@pytest.mark.parametrize("key", ["home", "up", "pageup"])
async def test_keys_scroll_up_and_end_follows_again(key: str) -> None:
    async with viewing(50) as (app, pilot):
        await pilot.press(key)
        await pilot.wait_for_scheduled_animations()
        assert not app.view.following and app.rows[-1] != "  line 49"
        await pilot.press("end")
        assert app.view.following and app.rows[-1] == "  line 49"


async def test_home_shows_the_first_line() -> None:
    async with viewing(50) as (app, pilot):
        await pilot.press("home")
        assert app.rows[0] == "  line 0"


async def test_the_wheel_scrolls() -> None:
    async with viewing(50) as (app, pilot):
        await pilot._post_mouse_events([MouseScrollUp], app.view)
        await pilot.pause()
        assert not app.view.following


async def test_a_resize_keeps_the_place() -> None:
    async with viewing(200) as (app, pilot):
        app.view.go_to(ScrollPosition(0, 100))
        await pilot.pause()
        first = app.rows[0]
        assert "line" in first
        await pilot.resize_terminal(80, 12)
        await pilot.pause()
        assert app.rows[0] == first


async def test_a_place_is_found_again_by_another_view() -> None:
    async with viewing(200) as (app, pilot):
        app.view.go_to(ScrollPosition(0, 100))
        first, place = app.rows[0], app.view.place
        other = TranscriptView(app.view.transcript)
        await app.view.remove()
        await app.mount(other, before=0)
        await pilot.pause()
        other.go_to(place)
        assert other._strips[0].text.rstrip() == first


async def test_a_resize_storm_ends_with_everything_in_its_place() -> None:
    async with viewing(60) as (app, pilot):
        for width in (20, 100, 33, 61, 25, 40):
            await pilot.resize_terminal(width, 12)
            app.say(ev.Text, text=f" w{width}")
        app.view.flush()
        await pilot.pause()
        assert app.rows[-1].endswith("w25 w40")
        assert all(strip.cell_length == 39 for strip in app.view._strips)


async def test_enter_unfolds_the_block_in_hand_and_tells() -> None:
    async with viewing() as (app, pilot):
        app.say(ev.Thinking, text="a secret thought")
        app.say(ev.Text, text="answer")
        app.view.flush()
        assert "a secret thought" not in app.shown
        await pilot.press("ctrl+up", "ctrl+up", "enter")
        assert "a secret thought" in app.shown
        message = app.told[-1]
        assert isinstance(message, TranscriptView.BlockActivated)
        assert message.block.kind == "thinking"
        await pilot.press("enter")
        assert "a secret thought" not in app.shown


async def test_a_click_on_the_head_of_a_folded_block_unfolds_it() -> None:
    async with viewing() as (app, pilot):
        app.say(ev.Thinking, text="a secret thought")
        app.view.flush()
        await pilot.click(app.view, offset=(5, 0))
        assert "a secret thought" in app.shown


async def test_the_block_in_hand_is_marked_and_let_go() -> None:
    async with viewing() as (app, pilot):
        app.say(ev.Text, text="answer")
        app.view.flush()
        await pilot.press("ctrl+up")
        assert app.rows[0] == "┃ answer"
        await pilot.press("escape")
        assert app.rows[0] == "  answer"


async def test_search_goes_from_match_to_match_and_round() -> None:
    async with viewing(100) as (app, pilot):
        await pilot.press("slash", *"LINE", "space", "7", "enter")  # 7, 70 to 79
        assert app.view.searching is not None and len(app.view.searching.matches) == 11
        assert "line 79" in app.shown and "11 of 11" in app.rows[-1]
        await pilot.press("n")
        assert "line 7" in app.shown.split("\n")[app.view._found_row - app.view._top]
        assert "1 of 11" in app.rows[-1]
        await pilot.press("N")
        assert "line 79" in app.shown
        await pilot.press("escape")
        assert app.view.searching is None


async def test_search_finds_what_is_folded_and_unfolds_it() -> None:
    async with viewing() as (app, pilot):
        app.say(ev.Thinking, text="a needle in here")
        app.say(ev.Text, text="answer")
        app.view.flush()
        await pilot.press("slash", *"needle", "enter")
        assert "a needle in here" in app.shown


async def test_search_says_that_there_is_nothing() -> None:
    async with viewing(3) as (app, pilot):
        await pilot.press("slash", *"zebra", "enter")
        assert "not found" in app.rows[-1]


async def test_what_is_pasted_into_the_search_is_searched() -> None:
    async with viewing(30) as (app, pilot):
        await pilot.press("slash")
        app.view.post_message(Paste("line 3\nmore"))
        await pilot.pause()
        await pilot.press("enter")
        assert app.view.searching is not None and app.view.searching.needle == "line 3"


async def test_the_mouse_selects_and_copying_joins_broken_lines_and_leaves_bars_out(
    tmp_path: Path,
) -> None:
    async with viewing() as (app, pilot):
        app.say(ev.Text, text="some words that are long enough to be broken\n\n```\ncode\n```")
        app.view.flush()
        await pilot.pause()
        await pilot.mouse_down(app.view, offset=(2, 0))
        await pilot.hover(app.view, offset=(30, 3))
        await pilot.mouse_up(app.view, offset=(30, 3))
        await pilot.press("c")
        assert app.clipboard == "some words that are long enough to be broken\n\ncode"
        assert (tmp_path / "state" / "clipboard.txt").read_text() == app.clipboard
        assert (tmp_path / "state" / "clipboard.txt").stat().st_mode & 0o777 == 0o600


async def test_copy_takes_the_block_in_hand_as_it_was_written() -> None:
    async with viewing() as (app, pilot):
        app.say(ev.Text, text="a **bold** word")
        app.view.flush()
        await pilot.press("ctrl+up", "c")
        assert app.clipboard == "a **bold** word"


async def test_copy_code_takes_the_last_block_then_the_one_before() -> None:
    async with viewing() as (app, pilot):
        app.say(ev.Text, text="```\none\n```\n\n```\ntwo\n```\n")
        app.view.flush()
        await pilot.press("x")
        assert app.clipboard == "two"
        await pilot.press("x")
        assert app.clipboard == "one"


async def test_a_link_is_opened_only_on_demand_and_only_on_the_web(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[str] = []
    async with viewing() as (app, pilot):
        monkeypatch.setattr(app, "open_url", lambda url, **_: opened.append(url))
        app.say(ev.Text, text="[x](smb://a/b) then https://a.b/c.")
        app.view.flush()
        await pilot.click(app.view, offset=(4, 0))
        assert opened == []
        await pilot.press("o")
        assert opened == ["https://a.b/c"]


async def test_a_block_is_marked_for_the_harvest() -> None:
    async with viewing() as (app, pilot):
        app.say(ev.Text, text="worth keeping")
        app.view.flush()
        await pilot.press("ctrl+up", "m")
        message = app.told[-1]
        assert isinstance(message, TranscriptView.BlockMarked)
        assert message.text == "worth keeping" and message.block.seq == 1


async def test_undone_turns_stay_readable_but_look_undone() -> None:
    async with viewing() as (app, _):
        app.say(ev.UserMessage, text="do it")
        app.say(ev.Text, text="done")
        app.view.flush()
        app.say(ev.TurnUndone)
        app.view.flush()
        assert "done" in app.shown
        row = next(strip for strip in app.view._strips if "done" in strip.text)
        assert any(segment.style is not None and segment.style.strike for segment in row)


async def test_markup_in_text_is_text() -> None:
    async with viewing() as (app, pilot):
        app.say(ev.Text, text="[@click=app.quit]press[/] [b]not bold[/b] [/")
        app.view.flush()
        assert "[@click=app.quit]press[/] [b]not bold[/b]" in app.shown.replace("\n  ", " ")
        await pilot.click(app.view, offset=(20, 0))
        assert app.is_running


async def test_themes_change_colours_not_words() -> None:
    async with viewing(5) as (app, pilot):
        before, words = app.view._strips[0]._segments[-1].style, app.shown
        app.theme = "textual-light"
        await pilot.pause()
        await pilot.pause()
        assert app.shown == words
        assert app.view._strips[0]._segments[-1].style != before


async def test_a_transcript_that_was_there_before_is_shown_at_once() -> None:
    async with viewing(5) as (app, pilot):
        other = TranscriptView(app.view.transcript)
        await app.mount(other, before=0)
        await pilot.pause()
        assert "line 4" in "\n".join(strip.text for strip in other._strips)


async def test_a_scroll_position_moves_the_scrollbar() -> None:
    async with viewing(100) as (app, pilot):
        await pilot.press("home")
        assert app.view.vertical_scrollbar.position == 0
        await pilot.press("end")
        assert app.view.vertical_scrollbar.position > 80


async def test_streaming_never_lays_the_screen_out_again() -> None:
    async with viewing(50) as (app, pilot):
        laid_out = 0
        original = app.screen._refresh_layout

        def counting(*args: object, **kwargs: object) -> None:
            nonlocal laid_out
            laid_out += 1
            original(*args, **kwargs)  # type: ignore[arg-type]

        app.screen._refresh_layout = counting  # type: ignore[method-assign]
        for number in range(30):
            app.say(ev.Text, text=f"\n\nnew {number}")
            app.view.flush()
            await pilot.pause()
        assert laid_out == 0
