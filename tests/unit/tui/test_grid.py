"""What is in view is mounted and watched; the rest costs its summaries and nothing else."""

import pytest
from textual import events as ui
from textual.geometry import Region

from sessions.record import events as ev
from tests.support.deckpilot import opened
from tui.app import DeckApp
from tui.deck.banner import Banner
from tui.deck.tile import Tile


async def test_six_sessions_are_side_by_side_and_fill_the_grid() -> None:
    async with opened(6) as here:
        tiles = here.deck.grid.tiles()
        assert [tile.session for tile in tiles] == [f"s{n:03}" for n in range(1, 7)]
        area = sum(tile.region.area for tile in tiles)
        assert area == here.deck.grid.region.area


async def test_five_sessions_leave_no_hole() -> None:
    async with opened(5) as here:
        area = sum(tile.region.area for tile in here.deck.grid.tiles())
        assert area == here.deck.grid.region.area


async def test_only_tiles_in_view_are_mounted_and_watched() -> None:
    async with opened(30) as here:
        watched = {s.id for s in here.client.sessions.values() if s.watched}
        assert watched == set(here.deck.model.visible())
        assert len(here.deck.query(Tile)) == 9


async def test_another_page_is_watched_and_the_first_is_not_any_more() -> None:
    async with opened(30) as here:
        await here.press("alt+pagedown")
        await here.until(lambda: here.client.sessions["s010"].watched)
        assert not here.client.sessions["s001"].watched
        assert "page 2/4" in here.line("status")


async def test_what_happened_out_of_view_is_there_when_it_comes_into_view() -> None:
    async with opened(30) as here:
        here.client.start_turn("s001")
        here.client.say("s001", "one ")
        await here.press("alt+pagedown")
        await here.until(lambda: not here.client.sessions["s001"].watched)
        here.client.say("s001", "two")
        await here.press("alt+pageup")
        await here.until(lambda: here.client.sessions["s001"].watched)
        blocks = here.deck.model.live["s001"].transcript.blocks
        assert blocks[-1].text == "one two"
        replays = [
            a["from_seq"] for a in here.client.said("session.watch") if a["session"] == "s001"
        ]
        assert replays == [1, 5]


async def test_80x24_shows_one_tile_and_tabs() -> None:
    async with opened(6, (80, 24)) as here:
        assert len(here.deck.query(Tile)) == 1
        assert "1 " in here.line("tabs")
        await here.press("alt+3")
        assert [t.session for t in here.deck.grid.tiles()] == ["s003"]


async def test_all_tiles_in_view_need_no_tabs() -> None:
    async with opened(6) as here:
        assert not here.deck.query_one("#tabs").display


async def test_zoom_and_back() -> None:
    async with opened(6) as here:
        await here.press("alt+4", "ctrl+z")
        assert [t.session for t in here.deck.grid.tiles()] == ["s004"]
        assert "zoom" in here.line("status")
        await here.press("f11")
        assert len(here.deck.grid.tiles()) == 6


async def test_a_tile_that_stays_is_the_same_widget_with_its_scroll() -> None:
    async with opened(2) as here:
        tile = here.deck.grid.tile("s001")
        for _ in range(4):
            await here.client._session_create(title="more")
        await here.settle()
        assert here.deck.grid.tile("s001") is tile


async def test_a_reader_who_scrolled_up_is_there_again_after_a_zoom_elsewhere() -> None:
    async with opened(2) as here:
        here.client.start_turn("s001")
        here.client.say("s001", "\n\n".join(f"paragraph {n}" for n in range(200)))
        await here.until(lambda: here.deck.tile.view.max_scroll_y > 50)  # type: ignore[union-attr]
        here.deck.tile.view.scroll_to(y=10, animate=False)  # type: ignore[union-attr]
        await here.settle()
        await here.press("alt+2", "ctrl+z")
        assert here.deck.grid.tile("s001") is None
        await here.press("ctrl+z")
        await here.settle()
        assert here.deck.grid.tile("s001").view.scroll_offset.y == 10  # type: ignore[union-attr]


async def test_comparing_shows_two_and_once_more_shows_all() -> None:
    async with opened(5) as here:
        await here.press("alt+c", "down", "enter")
        assert [t.session for t in here.deck.grid.tiles()] == ["s001", "s003"]
        assert "comparing" in here.line("status")
        await here.press("alt+c")
        assert len(here.deck.grid.tiles()) == 5


async def test_a_click_makes_a_tile_current_and_keeps_the_composer_in_focus() -> None:
    async with opened(4) as here:
        tile = here.deck.grid.tile("s003")
        assert tile is not None
        await here.pilot.click(tile, offset=(10, 5))
        await here.settle()
        assert here.deck.model.current == "s003"
        assert here.app.focused is here.composer


async def test_a_click_on_a_tab_goes_there() -> None:
    async with opened(6, (80, 24)) as here:
        x = here.line("tabs").index("3 ") + 1
        await here.pilot.click("#tabs", offset=(x, 0))
        await here.settle()
        assert here.deck.model.current == "s003"


@pytest.mark.parametrize("size", [(40, 12), (40, 24), (60, 20), (240, 80)])
async def test_every_size_can_be_used(size: tuple[int, int]) -> None:
    async with opened(6, size) as here:
        await here.type("hi")
        await here.press("enter")
        assert here.client.said("session.send") == [{"session": "s001", "text": "hi"}]
        tile = here.deck.tile
        assert tile is not None
        assert tile.region.width >= 30
        assert tile.region.height >= 3
        assert here.composer.region.bottom <= size[1]


async def test_40_columns_are_told_in_a_sentence() -> None:
    async with opened(1, (40, 20)) as here:
        assert "40 columns" in here.deck.query_one(Banner).words
        await here.resize(120, 36)
        assert here.deck.query_one(Banner).words == ""


async def test_a_phone_is_not_told_to_be_wider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DeckApp, "is_web", True)
    async with opened(1, (42, 34)) as here:
        assert here.deck.query_one(Banner).words == ""


async def test_a_storm_of_resizes_ends_in_the_right_shape() -> None:
    async with opened(12, (200, 60)) as here:
        here.client.start_turn("s001")
        for step in range(16):
            here.client.say("s001", f"word {step} ")
            await here.pilot.resize_terminal(60 + (step * 37) % 160, 14 + (step * 11) % 60)
        await here.resize(200, 60)
        await here.until(lambda: len(here.deck.grid.tiles()) == 12)
        await here.resize(80, 24)
        await here.until(lambda: len(here.deck.grid.tiles()) == 1)
        watched = {s.id for s in here.client.sessions.values() if s.watched}
        assert watched == {"s001"}


async def test_losing_and_getting_the_focus_changes_nothing() -> None:
    async with opened(6) as here:
        here.client.start_turn("s001")
        for _ in range(10):
            here.app.post_message(ui.AppBlur())
            here.app.post_message(ui.AppFocus())
            here.client.say("s001", "word ")
        await here.settle()
        assert here.app.focused is here.composer
        assert len(here.deck.grid.tiles()) == 6


async def test_a_long_session_comes_into_view_whole() -> None:
    async with opened(1) as here:
        long = here.client.add("long")
        for turn in range(1000):
            here.client._fold(long, ev.UserMessage(turn=turn + 1, text=f"question {turn}"))
            here.client._fold(long, ev.Text(turn=turn + 1, text=f"answer **{turn}**\n\n- a\n- b"))
            here.client._fold(long, ev.TurnEnded(turn=turn + 1, reason="end_turn"))
        here.client.on_summary(here.client.sessions[long].summary)
        await here.settle()
        await here.press("alt+2")
        await here.until(lambda: len(here.deck.model.live[long].transcript.blocks) == 2000)


async def test_a_session_set_aside_comes_back_when_it_needs_you() -> None:
    async with opened(2) as here:
        here.client.start_turn("s001")
        await here.press("alt+s")
        assert here.deck.model.order == ["s002"]
        assert "1 set aside" in here.line("status")
        here.client.ask("s001")
        await here.until(lambda: "s001" in here.deck.model.order)


async def test_tiles_change_places_and_the_order_is_remembered() -> None:
    async with opened(3) as here:
        await here.press("alt+shift+right")
        assert [t.session for t in here.deck.grid.tiles()] == ["s002", "s001", "s003"]
        here.deck.drafts.save()
        assert here.deck.memory.order == ["s002", "s001", "s003"]


async def test_a_countdown_ticks_only_while_it_is_in_view() -> None:
    async with opened(1) as here:
        here.client.start_turn("s001")
        here.client.emit("s001", ev.Retry(turn=1, kind="overloaded", wait_s=30, attempt=1))
        await here.settle()
        assert "retry in" in str(here.deck.tile.border_subtitle)  # type: ignore[union-attr]
        assert here.deck.chrome._countdown is not None
        here.client.say("s001", "back")
        await here.settle()
        assert here.deck.chrome._countdown is None


async def test_text_that_comes_while_styles_change_is_painted() -> None:
    """A style change drops the laid out rows; whoever lays them out again must have all painted."""
    async with opened(1) as here:
        here.client.start_turn("s001")
        here.client.say("s001", "first ")
        await here.until(lambda: not here.deck.clock.running)
        await here.settle()
        view = here.deck.tile.view  # type: ignore[union-attr]
        painted: list[tuple[Region, ...]] = []
        refresh = view.refresh

        def spy(*regions: Region, **how: bool) -> object:
            painted.append(regions)
            return refresh(*regions, **how)

        view.refresh = spy
        here.client.say("s001", "last")
        view.notify_style_update()
        view.render_lines(Region(0, 0, view.size.width, 1))
        await here.until(lambda: not here.deck.clock.running)
        assert () in painted
