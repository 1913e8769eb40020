"""Going back to a turn of one's choice, by keyboard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from sessions.api.answers import Restored, Undone
from tests.support.deckpilot import Opened, opened
from tests.support.fake_client import FakeClient
from tui.screens.dialogs import Choose
from tui.screens.turns import put_back
from tui.widgets.rows import Rows


class Client(FakeClient):
    """Says what came of putting files back."""

    async def _session_undo(self, **_: Any) -> Undone:
        return {"turn": 2, "restored": ["/w/a.py"], "removed": [], "refused": []}

    async def _session_rewind(self, **_: Any) -> Restored:
        return {
            "restored": [], "removed": ["/w/new.py"], "refused": [("/w/b.py", "changed since")],
            "note": "",
        }  # fmt: skip


@asynccontextmanager
async def three_turns() -> AsyncIterator[Opened]:
    """A session with three turns, in the list of its turns."""
    async with opened(1, client=Client()) as here:
        for text in ("plan it", "write it\nwith tests", "ship it"):
            here.client.start_turn("s001", text)
            here.client.end_turn("s001")
        await here.settle()
        yield here


def rows(here: Opened) -> list[str]:
    """The rows of the list on screen."""
    return [row.content().plain for row in here.app.screen.query_one(Rows).rows]


async def choose(here: Opened, turn: int, way: str) -> None:
    """Take a turn from the list, then the way whose row begins so."""
    await here.press("alt+t")
    await here.until(lambda: isinstance(here.app.screen, Choose))
    await here.press(*["down"] * (3 - turn), "enter")
    await here.until(lambda: any(row.startswith(way) for row in rows(here)))
    at = [row.startswith(way) for row in rows(here)].index(True)
    await here.press(*["down"] * at, "enter")
    await here.until(lambda: here.app.screen is here.deck)
    await here.settle()


async def test_the_turns_are_listed_the_newest_first() -> None:
    async with three_turns() as here:
        await here.press("alt+t")
        await here.until(lambda: isinstance(here.app.screen, Choose))
        assert ["ship it" in rows(here)[0], "plan it" in rows(here)[2]] == [True, True]
        assert "write it  (+1 lines)" in rows(here)[1]


async def test_a_fork_after_a_turn() -> None:
    async with three_turns() as here:
        await choose(here, 2, "Fork after")
        await here.until(lambda: here.deck.model.current == "s002")
        assert here.client.said("session.fork") == [
            {"session": "s001", "turn": 2, "title": "task 1 (fork)"}
        ]
        assert here.composer.text == ""


async def test_a_fork_before_a_turn_has_its_message_in_the_composer() -> None:
    async with three_turns() as here:
        await choose(here, 2, "Fork before")
        await here.until(lambda: here.deck.model.current == "s002")
        assert here.client.said("session.fork")[0]["turn"] == 1
        await here.until(lambda: here.composer.text == "write it\nwith tests")
        await here.press("alt+1")
        assert here.composer.text == ""


async def test_undo_to_a_turn_keeps_files_and_gives_the_message_back() -> None:
    async with three_turns() as here:
        await choose(here, 2, "Undo to here")
        assert here.client.said("session.undo") == [{"session": "s001", "turn": 2, "files": False}]
        assert here.composer.text == "write it\nwith tests"


async def test_undo_to_a_turn_with_files_says_what_was_put_back() -> None:
    async with three_turns() as here:
        await choose(here, 2, "Undo, files")
        assert here.client.said("session.undo") == [{"session": "s001", "turn": 2, "files": True}]
        assert "Put back: a.py." in here.notices()[-1]
        assert "What commands did stands." in here.notices()[-1]


async def test_files_alone_say_what_was_removed_and_what_was_left() -> None:
    async with three_turns() as here:
        await choose(here, 3, "Put files back")
        assert here.client.said("session.rewind") == [{"session": "s001", "turn": 3}]
        assert here.client.said("session.undo") == []
        assert "new.py" in here.notices()[-1]
        assert "b.py, changed since" in here.notices()[-1]
        assert here.composer.text == ""


async def test_what_stands_in_the_composer_is_not_written_over() -> None:
    async with three_turns() as here:
        await here.type("mine")
        await choose(here, 2, "Undo to here")
        assert here.composer.text == "mine"


async def test_esc_twice_lists_the_turns() -> None:
    async with three_turns() as here:
        await here.press("escape")
        assert here.app.screen is here.deck
        await here.press("escape")
        await here.until(lambda: isinstance(here.app.screen, Choose))


async def test_esc_twice_with_a_draft_does_nothing() -> None:
    async with three_turns() as here:
        await here.type("mine")
        await here.press("escape", "escape")
        assert here.app.screen is here.deck
        assert here.composer.text == "mine"


async def test_the_footer_names_esc_only_where_it_ends_something() -> None:
    async with three_turns() as here:
        assert "esc" not in here.line("footer").split()
        here.client.start_turn("s001")
        await here.settle()
        assert "interrupt" in here.line("footer")


async def test_the_cursor_begins_on_the_turn_in_hand() -> None:
    async with three_turns() as here:
        await here.press("tab", "ctrl+up", "ctrl+up")
        tile = here.deck.tile
        assert tile is not None and tile.view.block_in_hand is not None
        turn = tile.view.block_in_hand.turn
        await here.press("alt+t")
        await here.until(lambda: isinstance(here.app.screen, Choose))
        assert here.app.screen.query_one(Rows).key == str(turn)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({}, "No file had to be put back."),
        ({"restored": ["/w/a", "/w/b"]}, "Put back: a, b."),
        ({"restored": [f"/w/{n}" for n in range(9)]}, "and 5 more"),
        ({"refused": [["/w/a", "x"], ["/w/b", "y"]]}, "a, x (and 1 more)"),
    ],
)
def test_what_came_of_putting_files_back_is_said(answer: Restored, words: str) -> None:
    assert words in put_back(answer)
