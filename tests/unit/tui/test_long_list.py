"""A list of very many sessions: the first rows are there before the others were asked for."""

import asyncio

import pytest
from textual.widgets import Input

from sessions.api.answers import SessionListed
from sessions.record import events as ev
from sessions.record.summary_parts import SessionAbove
from tests.support.deckpilot import Opened, opened
from tui.screens import session_list
from tui.screens.dialogs import STILL_READING, Choose
from tui.widgets.rows import Rows


def _keys(here: Opened) -> list[str]:
    return [row.key for row in here.app.screen.query_one(Rows).rows]


async def _closed(here: Opened, count: int) -> None:
    """So many sessions that are no tiles."""
    for number in range(count):
        made = here.client.add(f"old {number}")
        here.client._fold(made, ev.SessionSet(closed=True))


async def test_a_list_is_shown_before_all_of_it_is_read() -> None:
    async with opened(1) as here:
        await _closed(here, session_list._FIRST + 20)
        rows, held = here.client._deck_rows, asyncio.Event()

        async def slowly(sessions: list[str]) -> list[SessionListed]:
            if len(sessions) < session_list._FIRST - 1:  # the first of it is a tile's
                await held.wait()
            return await rows(sessions)

        here.client._deck_rows = slowly  # type: ignore[method-assign]
        await here.press("ctrl+l")
        await here.until(lambda: isinstance(here.app.screen, Choose))
        assert here.app.screen.query_one("#dialog").border_title == "All sessions (101)"
        assert len(_keys(here)) == session_list._FIRST
        assert _keys(here)[0] == "s001"
        here.app.screen.query_one("#filter", Input).value = "nothing of it"
        await here.until(lambda: not _keys(here))
        assert here.app.screen.query_one(Rows).empty == STILL_READING
        here.app.screen.query_one("#filter", Input).value = "old"
        held.set()
        await here.until(lambda: len(_keys(here)) == 100)
        assert here.app.screen.query_one(Rows).empty != STILL_READING
        asked = [args["sessions"] for command, args in here.client.calls if command == "deck.rows"]
        assert [len(ids) for ids in asked] == [session_list._FIRST - 1, 21]


async def test_a_list_that_is_left_asks_no_more() -> None:
    async with opened(1) as here:
        await _closed(here, session_list._FIRST + 20)
        rows, held = here.client._deck_rows, asyncio.Event()

        async def slowly(sessions: list[str]) -> list[SessionListed]:
            if len(sessions) < session_list._FIRST - 1:
                await held.wait()
            return await rows(sessions)

        here.client._deck_rows = slowly  # type: ignore[method-assign]
        await here.press("ctrl+l")
        await here.until(lambda: isinstance(here.app.screen, Choose))
        await here.press("escape")
        held.set()
        await here.until(lambda: here.app.screen is here.deck)
        await here.press("ctrl+l")
        await here.until(lambda: len(_keys(here)) == 101)


def test_a_session_that_another_one_started_is_marked_as_such() -> None:
    from sessions.record.summary import Summary
    from tui.screens.session_list import session_pick

    def shown(parent: SessionAbove | None) -> str:
        summary = Summary("s1", title="Scout", parent=parent)
        return "".join(text for text, _ in session_pick(summary).cells)

    assert "└ Scout" in shown({"id": "s0", "seq": 0, "call": "c"})
    assert "└" not in shown({"id": "s0", "seq": 7}), "a fork is its own"
    assert "└" not in shown(None)


@pytest.mark.parametrize("room", [40, 80, 120])
def test_a_sessions_title_has_the_room_of_a_row_and_all_is_told_below(room: int) -> None:
    from sessions.record.summary import Summary
    from tui.screens.session_list import session_pick

    title = "Why retries count twice"
    summary = Summary(
        "s1", title=title, model="m-1", cwd="/srv/deck", updated="2026-11-29T15:40:00Z"
    )
    pick = session_pick(summary, 1, room)
    assert title[:16] in "".join(text for text, _ in pick.cells)[:room]
    assert all(word in pick.told for word in (title, "11-29 15:40", "m-1", "/srv/deck"))


def test_a_list_has_the_rows_for_the_words_that_say_why_it_is_empty() -> None:
    grown: list[int] = []
    rows = Rows("…")
    rows.grown = lambda: grown.append(rows.tallest)
    rows.empty = "x" * 100
    assert grown == [3]
