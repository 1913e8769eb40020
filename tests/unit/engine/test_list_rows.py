"""What the engine answers for a list of thousands: the order of all, and rows of some."""

from __future__ import annotations

import pytest

from sessions.engine.commands import deck as commands
from sessions.record import events as ev
from tests.support.deckrig import Rig


async def test_the_order_of_all_and_rows_of_some(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [await rig.session() for _ in range(4)]
    for session in (made[0], made[2]):
        await session.recorder.emit_synced(
            ev.WorktreeAdded(
                session=session.id, path="/w", name="r", branch="b", repository="/r/.git",
                base="abc", base_ref="refs/heads/main",
            )
        )  # fmt: skip
    first, second, third, fourth = ids = [session.id for session in made]
    assert await commands.order(rig.deck) == [fourth, third, first, second]
    for session in made[:3]:
        await rig.deck.put_down(session)
    assert await commands.order(rig.deck) == [fourth, third, first, second]

    monkeypatch.setattr(commands, "_AT_ONCE", 3)
    rows = await commands.rows(rig.deck, [second, "gone", fourth, first, third])
    assert [row["id"] for row in rows] == [second, fourth, first, third]
    assert [bool(row["worktree"]) for row in rows] == [False, False, True, True]
    assert rows[2]["created"] == made[0].summary.created
    assert set(ids) == {s.id for s in await rig.deck.all_summaries()}
