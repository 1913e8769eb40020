"""f8: several requests are read and answered in one place."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.widgets import Input

from tests.support.deckpilot import Opened, opened
from tui.screens.requests import Requests
from tui.widgets.permission import PermissionBox
from tui.widgets.rows import Rows


@asynccontextmanager
async def listed(size: tuple[int, int] = (120, 36)) -> AsyncIterator[Opened]:
    """Three sessions ask, and the list is open."""
    async with opened(3, size) as here:
        for number in (1, 2, 3):
            here.client.start_turn(f"s00{number}")
            here.client.ask(f"s00{number}", f"a{number}", f"make target-{number}")
        await here.settle()
        await here.press("f8")
        yield here


def box(here: Opened) -> PermissionBox:
    return here.app.screen.query_one(PermissionBox)


async def armed(here: Opened) -> None:
    await here.settle()
    await here.until(lambda: bool(here.app.screen.query(PermissionBox)) and box(here).armed)


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_the_one_in_hand_is_shown_whole_and_its_letters_answer_it(
    size: tuple[int, int],
) -> None:
    async with listed(size) as here:
        assert isinstance(here.app.screen, Requests)
        assert len(here.app.screen.query_one(Rows).rows) == 3
        assert box(here).ask["detail"] == "make target-1"
        assert box(here).region.height >= 4
        await armed(here)
        await here.press("o")
        await armed(here)
        assert box(here).ask["detail"] == "make target-2"
        await here.press("n")
        await armed(here)
        await here.press("s")
        assert [(a["session"], a["decision"]) for a in here.client.said("session.answer")] == [
            ("s001", "once"),
            ("s002", "no"),
            ("s003", "session"),
        ]
        assert not here.app.screen.query(PermissionBox)
        assert "Nothing waits" in str(here.app.screen.query_one("#dialog").border_title)


async def test_a_key_pressed_twice_answers_one() -> None:
    async with listed() as opened_:
        await armed(opened_)
        await opened_.press("o", "o")
        assert len(opened_.client.said("session.answer")) == 1


async def test_arrows_take_another_in_hand_and_a_reason_can_be_written() -> None:
    async with listed() as here:
        await here.press("down")
        await armed(here)
        assert box(here).session == "s002"
        await here.press("r")
        await here.until(lambda: isinstance(here.app.focused, Input))
        await here.type("no go")
        await here.press("enter")
        answer = here.client.said("session.answer")[0]
        assert (answer["session"], answer["reason"]) == ("s002", "no go")


async def test_what_was_answered_elsewhere_leaves_and_the_tile_can_be_gone_to() -> None:
    async with listed() as here:
        await here.client.call("session.answer", session="s001", ask="a1", decision="no")
        await here.settle()
        assert box(here).session == "s002"
        await here.press("ctrl+g")
        assert here.deck.model.current == "s002"
        assert here.app.focused is here.deck.tile.box  # type: ignore[union-attr]


async def test_esc_leaves_and_all_go_on_waiting() -> None:
    async with listed() as here:
        await here.press("escape")
        assert here.app.screen is here.deck
        assert here.client.said("session.answer") == []
