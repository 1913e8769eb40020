"""A session's own budget: written as people write it, and in force before its next turn."""

from __future__ import annotations

import pytest

from sessions.engine.commands import load_commands
from sessions.errors import UsageError
from sessions.runtime.budget import parse, said
from tests.support.deckrig import Rig
from tests.support.rig import until


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        ("2.50", {"usd": 2.5}),
        ("$2.50, 200k tokens", {"usd": 2.5, "tokens": 200_000}),
        ("3 h and 20 turns", {"hours": 3, "turns": 20}),
        ("1.5M tok; 4 dollars", {"tokens": 1_500_000, "usd": 4}),
        ("0", {}),
    ],
)
def test_a_budget_is_read_as_it_is_written_and_said_so_that_it_can_be_read(
    text: str, found: dict[str, float]
) -> None:
    assert parse(text) == found
    assert parse(said(found)) == found


@pytest.mark.parametrize(
    "text", ["much", "$3 tokens", "2,50x", "-1", "3 apples", "2,50", "9" * 400, "1e400"]
)
def test_what_is_no_budget_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no budget"):
        parse(text)


async def test_a_session_pauses_at_its_own_budget_and_goes_on_with_a_larger_one(rig: Rig) -> None:
    commands = load_commands()
    made = await commands["session.create"](rig.deck, cwd=str(rig.root), budget="5 tokens")
    session = await rig.deck.get(made["id"])
    await session.send("one")
    await rig.idle(session)
    await session.send("two")
    await until(lambda: bool(session.summary.paused))
    assert "budget of 5 tokens" in session.summary.paused
    told = await commands["session.budget"](rig.deck, session=session.id, text="1k tokens")
    assert told == "1k tokens" and session.summary.budget == {"tokens": 1000}
    assert not session.summary.paused
    await session.send("three")
    await until(lambda: session.summary.turns == 3 and session.summary.status == "done")
