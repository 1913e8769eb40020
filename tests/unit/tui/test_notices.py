"""Notices come and go, and leave nothing behind."""

from __future__ import annotations

from textual.widgets._toast import ToastHolder

from tests.support.deckpilot import opened


async def test_many_notices_leave_six_on_screen() -> None:
    async with opened(1) as here:
        for number in range(30):
            here.app.notify(f"notice {number}", timeout=60)
        await here.settle()
        assert here.notices() == [f"notice {n}" for n in range(24, 30)]
        await here.until(lambda: len(here.app.screen.query(ToastHolder)) == 6)


async def test_a_notice_that_is_taken_back_leaves_no_widget_behind() -> None:
    async with opened(1) as here:
        for number in range(10):
            here.app.notify(f"notice {number}", timeout=60)
            await here.settle()
            for notice in list(here.app._notifications):
                here.app._unnotify(notice)
            await here.settle()
        here.app.notify("the last", timeout=60)
        await here.until(lambda: len(here.app.screen.query(ToastHolder)) == 1)


async def test_a_session_that_is_deleted_while_tiles_are_mounted_is_left_out() -> None:
    async with opened(4) as here:
        grid = here.deck.grid
        wanted = here.deck.model.visible()
        here.deck.model.drop("s002")
        with here.app.batch_update():
            await grid._settle([*wanted, "gone"])
            grid._arrange(grid.shape(), wanted)
        await here.settle()
        here.deck.redraw(reflow=True)
        await here.until(lambda: [t.session for t in grid.tiles()] == ["s001", "s003", "s004"])
