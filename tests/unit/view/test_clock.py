"""One clock for all tiles."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from sessions.record import events as ev
from tests.support.viewrig import ViewApp
from tui.view import clock as clock_module
from tui.view.clock import FrameClock


class View:
    """Counts how often it is drawn."""

    def __init__(self) -> None:
        self.drawn = 0
        self.event = asyncio.Event()

    def flush(self) -> bool:
        self.drawn += 1
        self.event.set()
        return False


async def test_a_woken_view_is_drawn_once_and_then_nothing_runs() -> None:
    app = ViewApp()
    async with app.run_test():
        clock, view = FrameClock(app), View()
        for _ in range(5):
            clock.wake(view)
        await asyncio.wait_for(view.event.wait(), 60)
        assert view.drawn == 1
        assert not clock.running
        assert clock.ticks == 1


async def test_a_machine_too_busy_to_look_at_the_time_delays_it_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = ViewApp()
    async with app.run_test() as pilot:
        await pilot.pause()  # Textual's own timers would never catch up with such a clock
        clock, view = FrameClock(app), View()
        hours = itertools.count(0.0, 3600.0)  # between one look at the clock and the next
        with monkeypatch.context() as busy:
            busy.setattr("textual.timer._time.get_time", lambda: next(hours))
            clock.wake(view)
            await asyncio.wait_for(view.event.wait(), 60)


async def test_all_dirty_views_come_up() -> None:
    app = ViewApp()
    async with app.run_test():
        clock, views = FrameClock(app), [View() for _ in range(24)]
        for view in views:
            clock.wake(view)
        await asyncio.wait_for(asyncio.gather(*(view.event.wait() for view in views)), 5)
        assert [view.drawn for view in views] == [1] * 24
        assert clock.ticks > 1, "in turn, not at once"


async def test_what_is_looked_at_is_drawn_more_often_than_the_crowd() -> None:
    app = ViewApp()
    async with app.run_test():
        clock, views = FrameClock(app), [View() for _ in range(24)]
        clock.first = views[20]
        async with asyncio.timeout(60):
            while clock.first.drawn < 9:
                for view in views:
                    clock.wake(view)
                await asyncio.sleep(0.005)
        others = [view.drawn for view in views if view is not clock.first]
        assert max(others) < 9 and min(others) > 0


async def test_in_a_browser_all_come_up_at_once() -> None:
    app = ViewApp()
    async with app.run_test():
        clock, views = FrameClock(app), [View() for _ in range(6)]
        clock.together = True
        for view in views:
            clock.wake(view)
        await asyncio.wait_for(asyncio.gather(*(view.event.wait() for view in views)), 60)
        assert clock.ticks == 1 and not clock.running
        clock.wake(views[0])
        assert clock.running
        await clock_stands(clock)
        assert views[0].drawn == 2


async def clock_stands(clock: FrameClock) -> None:
    async with asyncio.timeout(60):
        while clock.running:
            await asyncio.sleep(0.01)


async def test_views_out_of_sight_are_not_drawn() -> None:
    app = ViewApp()
    async with app.run_test():
        clock, shown, hidden = FrameClock(app), View(), View()
        clock.show([shown])
        clock.wake(hidden)
        clock.wake(shown)
        await asyncio.wait_for(shown.event.wait(), 60)
        assert hidden.drawn == 0 and not clock.running


async def test_the_clock_draws_the_text_that_came() -> None:
    app = ViewApp()
    async with app.run_test(size=(40, 12)) as pilot:
        app.say(ev.Text, text="it came")
        app.clock.wake(app.view)
        async with asyncio.timeout(60):
            while "it came" not in app.shown:
                await pilot.pause()


@pytest.mark.parametrize(
    ("last", "key", "waits"),
    [
        (0.0, 0.0, 0.0),  # nobody writes
        (0.0, 10.0, clock_module.ECHO_S),  # due, and right behind the echo
        (10.0 - clock_module.TOGETHER_S + 0.06, 10.0, 0.06),
        (9.95, 10.0, clock_module.WRITES_S),  # due when the next key is: behind that one's echo
    ],
)
async def test_in_a_browser_what_streams_comes_behind_the_echo_of_a_key(
    last: float, key: float, waits: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, told = ViewApp(), list[float]()
    async with app.run_test():
        clock = FrameClock(app)
        clock.together, clock._last = True, last
        monkeypatch.setattr(clock_module, "monotonic", lambda: 10.0)
        monkeypatch.setattr(clock, "_wait", told.append)
        if key:
            clock.key()
        clock.wake(View())
        assert told == [pytest.approx(waits)]
