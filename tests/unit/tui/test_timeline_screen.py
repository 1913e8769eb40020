"""A turn's timeline on screen."""

from __future__ import annotations

from typing import Any

import pytest
from textual.widgets import Static

from tests.support.deckpilot import opened
from tests.support.fake_client import FakeClient
from tui.screens.timeline import TimelineScreen
from tui.widgets.rows import Rows


def span(kind: str, name: str, begin: float, end: float) -> dict[str, Any]:
    return {"kind": kind, "name": name, "begin": begin, "end": end, "about": "x\x1b[31m",
            "status": "ok"}  # fmt: skip


@pytest.mark.parametrize("size", [(40, 24), (80, 24), (200, 60)])
async def test_stretches_are_told_and_drawn_and_turns_gone_through(size: tuple[int, int]) -> None:
    client = FakeClient()
    session = client.add("one")
    for _ in range(2):
        client.start_turn(session)
        client.end_turn(session)

    async def timeline(session: str, turn: int) -> Any:
        spans = [span("model", "thinks", 0, 1), span("person", "bash", 1, 91)]
        return {"turn": turn, "at": "2026-11-28T12:00:00.000Z", "ended": turn == 1,
                "seconds": 91.0, "spans": spans, "sums": {"model": 1, "person": 90}}  # fmt: skip

    client._session_timeline = timeline  # type: ignore[attr-defined]
    async with opened(client=client, size=size) as deck:
        deck.deck.start("timeline")
        screen = await deck.screen(TimelineScreen)
        rows = screen.query_one(Rows)
        await deck.until(lambda: len(rows.rows) == 2 and rows.size.height == 2)
        told = rows.rows[1].content().plain
        assert "you, for bash" in told and "1:30" in told and told.endswith("█") == (size[0] > 40)
        assert "1:31 in all" in str(screen.query_one("#sums", Static).render())
        assert "Turn 2" in str(screen.query_one("#dialog").border_title)
        await deck.press("down", "left")
        await deck.until(lambda: "Turn 1" in str(screen.query_one("#dialog").border_title))
        await deck.press("left")
        assert [said["turn"] for said in client.said("session.timeline")] == [2, 1, 1]


async def test_an_open_timeline_follows_a_turn_that_runs() -> None:
    client = FakeClient()
    session = client.add("one")
    client.start_turn(session)
    spans = [span("model", "thinks", 0, 1)]

    async def timeline(session: str, turn: int) -> Any:
        return {"turn": turn, "at": "2026-11-28T12:00:00.000Z", "ended": len(spans) > 1,
                "seconds": 9.0, "spans": list(spans), "sums": {"model": 1}}  # fmt: skip

    client._session_timeline = timeline  # type: ignore[attr-defined]
    async with opened(client=client) as deck:
        deck.deck.start("timeline")
        screen = await deck.screen(TimelineScreen)
        rows = screen.query_one(Rows)
        await deck.until(lambda: len(rows.rows) == 1)
        client.say(session, "more of the same")
        spans.append(span("tool", "bash", 1, 9))
        await deck.settle()
        assert len(rows.rows) == 1
        client.end_turn(session)
        await deck.until(lambda: len(rows.rows) == 2)
        assert "still runs" not in str(screen.query_one("#dialog").border_title)
