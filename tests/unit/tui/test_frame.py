"""Dialogs are as large as what they hold, up to most of the screen, and never shrink while open."""

from __future__ import annotations

from tests.support.deckpilot import opened
from tui.screens.dialogs import Choose, Listing, Pick
from tui.screens.inbox import InboxScreen
from tui.widgets.rows import Rows


def choice(count: int, width: int = 8) -> Choose:
    return Choose(
        "One of these", Listing([Pick(str(n), ((f"{n:<{width}}", ""),)) for n in range(count)])
    )


async def test_a_dialog_is_as_large_as_what_it_holds_and_stays_so() -> None:
    async with opened(0, (120, 36)) as here:
        few = choice(5)
        here.app.push_screen(few)
        await here.settle()
        frame = few.query_one("#dialog")
        assert few.query_one(Rows).size.height == 5
        assert frame.region.width < 70 and frame.region.height == 10
        await here.type("3")
        assert len(few.query_one(Rows).rows) == 1
        assert frame.region.height == 10
        await here.resize(80, 24)
        assert (frame.region.width, frame.region.height) == (80, 10)
        await here.press("escape")
        many = choice(300, 200)
        here.app.push_screen(many)
        await here.settle()
        frame = many.query_one("#dialog")
        assert (frame.region.width, frame.region.height) == (80, 21)
        await here.press("down")
        assert str(frame.border_subtitle) == "2 of 300"  # there are more than can be seen
        assert many.query_one("#offers").region.bottom == frame.region.bottom - 1


async def test_the_inbox_is_as_high_as_what_it_tells() -> None:
    async with opened(1, (120, 36)) as here:
        here.client.start_turn("s001")
        here.client.ask("s001", detail="make")
        await here.press("f8")
        inbox = await here.screen(InboxScreen)
        await here.until(lambda: 0 < inbox.query_one("#request").size.height < 16)
