"""Without an engine the deck says so, keeps what it shows, and finds the way back."""

import asyncio

from sessions.errors import EngineError
from tests.support.deckpilot import opened
from tui.deck.banner import Banner
from tui.deck.client import DeckClient
from tui.deck.welcome import Welcome


async def test_a_lost_engine_is_said_and_the_tiles_keep_their_text() -> None:
    async with opened(2) as here:
        here.client.start_turn("s001")
        here.client.say("s001", "what was said")
        await here.settle()
        here.client.on_lost("it was killed")
        await here.settle()
        banner = here.deck.query_one(Banner)
        assert banner.display
        assert "it was killed" in banner.words
        assert "^r reconnects" in banner.words
        assert "no engine" in here.line("status")
        assert here.deck.tile.view.transcript.blocks[-1].text == "what was said"  # type: ignore[union-attr]


async def test_reconnecting_goes_on_where_it_stopped() -> None:
    async with opened(1) as here:
        here.client.start_turn("s001")
        here.client.say("s001", "one ")
        here.client.on_lost("it was killed")
        here.client.sessions["s001"].watched = False
        here.client.say("s001", "two")
        await here.settle()
        await here.press("ctrl+r")
        await here.until(lambda: here.client.sessions["s001"].watched)
        assert here.deck.tile.view.transcript.blocks[-1].text == "one two"  # type: ignore[union-attr]
        assert not here.deck.query_one(Banner).display


async def test_an_engine_of_another_version_is_said_with_what_to_do() -> None:
    error = EngineError("The running engine is of version 9, this is 0.1.", "Stop it first.")
    async with opened(1, down=error) as here:
        await here.until(lambda: bool(here.deck.query_one(Banner).words))
        words = here.deck.query_one(Banner).words
        assert "version 9" in words
        assert "Stop it first." in words
        await here.press("ctrl+r")
        await here.until(lambda: here.deck.link.up)
        await here.settle()
        assert len(here.deck.grid.tiles()) == 1


async def test_keys_that_need_an_engine_are_not_offered_without_one() -> None:
    async with opened(1) as here:
        assert "fork" in here.line("footer")
        here.client.on_lost("gone")
        await here.settle()
        assert "fork" not in here.line("footer")
        assert "reconnect" in here.line("footer")


async def test_a_message_can_be_written_before_the_engine_is_there() -> None:
    async with opened(2, down=EngineError("Not yet.")) as here:
        await here.type("early")
        await here.press("ctrl+r")
        await here.until(lambda: here.deck.link.up)
        await here.settle()
        assert here.composer.text == "early"
        assert here.composer.border_title == "to 1 task 1"


async def test_leaving_hangs_up_and_stops_nothing() -> None:
    async with opened(1) as here:
        here.client.start_turn("s001")
        await here.press("ctrl+q")
        assert here.client.closed
        assert here.client.said("session.interrupt") == []
        assert here.client.said("deck.stop") == []


async def test_looking_for_it_again_is_said_and_so_is_that_there_is_none() -> None:
    async with opened(0, down=EngineError("It is slow.")) as here:
        await here.until(lambda: here.deck.link.tried)
        await here.settle()
        welcome = here.deck.query_one(Welcome)
        assert "no engine. ^r looks" in str(welcome.content)
        begun, go_on = asyncio.Event(), asyncio.Event()
        factory = here.deck.link._factory

        async def slow() -> DeckClient:
            begun.set()
            await go_on.wait()
            return await factory()

        here.deck.link._factory = slow
        await here.press("ctrl+r")
        await here.until(begun.is_set)
        await here.settle()
        assert "starting" in here.line("status")
        assert "Looking" in str(welcome.content)
        go_on.set()
        await here.until(lambda: here.deck.link.up)
