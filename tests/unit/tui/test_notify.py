"""A change out of sight is told once; what is in sight is not told."""

from unittest.mock import Mock

from sessions.errors import AgentdeckError
from tests.support.deckpilot import opened
from tui.options import DeckOptions, Notify


async def test_the_end_of_a_turn_out_of_sight_is_told_once() -> None:
    async with opened(2) as here:
        here.client.start_turn("s002")
        here.client.end_turn("s002")
        here.client.on_summary(here.client.sessions["s002"].summary)
        await here.settle()
        assert here.notices() == ["task 2 is done"]


async def test_the_current_tile_is_not_told_and_counts_as_seen() -> None:
    async with opened(2) as here:
        here.client.start_turn("s001")
        here.client.end_turn("s001")
        await here.until(lambda: bool(here.client.said("session.seen")))
        assert here.notices() == []
        assert here.client.sessions["s001"].summary.status == "idle"


async def test_a_tile_that_is_not_current_stays_unseen() -> None:
    async with opened(2) as here:
        here.client.start_turn("s002")
        here.client.end_turn("s002")
        await here.settle()
        assert here.client.said("session.seen") == []
        assert "1 done" in here.line("status")


async def test_with_the_terminal_out_of_focus_the_terminal_is_told_without_escapes() -> None:
    async with opened(1) as here:
        driver = Mock()
        here.app._driver = driver
        here.app.app_focus = False
        here.client.emit("s001")
        here.client.sessions["s001"].summary.title = "a\x07\x1b]52;c;AAAA"
        here.client.start_turn("s001")
        here.client.ask("s001")
        await here.settle()
        written = "".join(call.args[0] for call in driver.write.call_args_list)
        told = written[written.index("\x1b]9;") :]
        assert told.count("\x07") == 2
        assert "\x1b]52" not in told


async def test_notices_can_be_switched_off() -> None:
    quiet = DeckOptions(notify=Notify(deck=False, bell=False, terminal=False))
    async with opened(2, options=quiet) as here:
        here.client.start_turn("s002")
        here.client.end_turn("s002")
        await here.settle()
        assert here.notices() == []


async def test_an_error_in_a_notice_is_plain_text() -> None:
    async with opened(1) as here:
        here.deck.say_error(AgentdeckError("[@click=app.quit]x[/] \x1b[2J [/", "Do this."))
        await here.settle()
        assert "\x1b" not in here.notices()[0]
        assert here.app.is_running
