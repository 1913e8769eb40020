"""It is always to be seen who has the keys, and a message that is typed reaches no panel."""

import pytest
from textual import events

from tests.support.deckpilot import opened


@pytest.mark.parametrize("going", ["alt+2", "alt+right", "ctrl+j"])
async def test_going_to_a_tile_from_a_panel_lands_in_the_composer(going: str) -> None:
    async with opened(2) as here:
        here.client.start_turn("s002")
        here.client.end_turn("s002", "error")
        await here.press("f3")
        assert here.deck.side.has_focus_within
        await here.press(going, "d", "i")
        assert here.app.focused is here.composer
        assert here.composer.text == "di"
        assert here.deck.model.current == "s002"
        assert here.client.said("priming.draw") == []


async def test_going_to_the_tile_that_is_current_lands_there_as_well() -> None:
    async with opened(2) as here:
        await here.press("f3", "alt+1", "x")
        assert here.composer.text == "x"


async def test_another_session_that_becomes_current_by_itself_takes_the_panel_the_keys() -> None:
    async with opened(2) as here:
        await here.press("f3")
        await here.client.call("session.set", session="s001", changes={"closed": True})
        await here.settle()
        assert here.deck.model.current == "s002"
        assert here.app.focused is here.composer


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_a_panel_that_has_the_keys_shows_it_and_names_its_session(
    size: tuple[int, int],
) -> None:
    async with opened(2, size) as here:
        await here.press("f3")
        side = here.deck.side
        assert side.has_class("-keys")
        assert "Prime of 1 task 1" in str(side.border_title)
        assert "has the keys" in str(side.border_title)
        assert here.line("footer").startswith(" esc leaves Prime, which has the keys")
        assert "the keys are in Prime" in str(here.composer.border_subtitle)
        await here.press("escape")
        assert not side.has_class("-keys")
        assert "has the keys" not in str(side.border_title)
        assert "the keys" not in str(here.composer.border_subtitle)


async def test_a_tile_that_has_the_keys_is_named_where_messages_are_written() -> None:
    async with opened(1) as here:
        await here.press("tab")
        assert "the keys are in the tile" in str(here.composer.border_subtitle)


@pytest.mark.parametrize("where", ["tab", "f3"])
async def test_a_paste_is_for_the_composer_wherever_the_keys_are(where: str) -> None:
    async with opened(1) as here:
        await here.press(where)
        assert here.app.focused is not here.composer
        here.app.post_message(events.Paste("pasted words"))
        await here.settle()
        assert here.composer.text == "pasted words"
        assert here.app.focused is here.composer


async def test_sending_scrolls_to_the_end() -> None:
    async with opened(1) as here:
        here.client.start_turn("s001")
        here.client.say("s001", "\n\n".join(f"line {n}" for n in range(200)))
        here.client.end_turn("s001")
        await here.settle()
        tile = here.deck.tile
        assert tile is not None
        tile.view.scroll_home(animate=False)
        await here.settle()
        await here.type("on")
        await here.press("enter")
        await here.until(lambda: tile.view.scroll_offset.y >= tile.view.max_scroll_y)


async def test_what_was_typed_in_the_chooser_and_is_no_filter_is_the_message() -> None:
    async with opened(2) as here:
        await here.press("ctrl+b", "space")  # ticks the first off
        await here.press("space", "down", "space")
        await here.type("hello you")
        await here.press("enter")
        assert here.composer.text == "hello you"
        assert here.deck.sender.many == ("s001", "s002")
        await here.press("ctrl+b")
        await here.type("more zz")
        await here.press("escape")
        assert here.composer.text == "hello youmore zz"
