"""The usage screen: what it asks, what it lists, what it plots."""

from __future__ import annotations

from typing import Any

import pytest

from sessions.archive.usage_totals import Usage
from tests.support.deckpilot import opened
from tests.support.fake_client import FakeClient
from tui.screens.usage import chart_data
from tui.screens.usage.screen import UsageScreen
from tui.widgets.clickable_line import ClickableLine
from tui.widgets.rows import Rows


def row(turns: int = 1, **of: Any) -> Any:
    tokens = {"input": 100 * turns, "output": 10, "cache_read": 300 * turns, "cache_write": 0}
    usage = Usage({}, turns, tokens, of.pop("cost_usd", 0.5), waited_s=of.pop("waited_s", 90))
    return {**usage.to_json(), **of}


def client_with(**rows: list[Any]) -> FakeClient:
    client = FakeClient()

    async def usage(by: list[str], since: str = "", **_: Any) -> Any:
        found = rows.get(by[0], [])
        return {"rows": found, "total": chart_data.together(found), "others": 0}

    client._archive_usage = usage  # type: ignore[attr-defined]
    return client


def test_days_without_a_turn_stand_between_the_others() -> None:
    rows = [row(day="2026-11-26"), row(2, day="2026-11-29"), row(day="")]
    bars = chart_data.bars(rows, "day", "turns")
    assert bars.names == ("26 Nov", "27 Nov", "28 Nov", "29 Nov")
    assert bars.series == ((1, 0, 0, 2),)


def test_years_fit_a_plot_since_a_bar_stands_for_several_days() -> None:
    rows = [row(day="2024-01-01"), row(3, day="2026-11-29")]
    bars = chart_data.bars(rows, "day", "turns")
    assert len(bars.names) <= 60 and bars.names[-1] == "29 Nov"
    assert sum(bars.series[0]) == 4


@pytest.mark.parametrize("most", [0, 0.004, 1, 3, 7, 99, 1234, 2.5e6, 9e15])
@pytest.mark.parametrize("measure", chart_data.MEASURES)
def test_a_scale_is_round_and_holds_the_largest(most: float, measure: str) -> None:
    ticks = chart_data.scale(most, measure)
    assert ticks[0][0] == 0 and ticks[-1][0] >= most
    assert 2 <= len(ticks) <= 7


def test_the_largest_by_what_is_looked_at_stands_first() -> None:
    rows = [row(1, model="a", cost_usd=2.0), row(5, model="b", cost_usd=1.0)]
    assert [r["model"] for r in chart_data.in_order(rows, "model", "cost")] == ["a", "b"]
    assert [r["model"] for r in chart_data.in_order(rows, "model", "turns")] == ["b", "a"]


async def test_it_is_plotted_and_listed_by_day_and_by_the_others() -> None:
    client = client_with(
        day=[row(day="2026-11-28"), row(2, day="2026-11-29")],
        session=[row(session="s001", title="the parser")],
    )
    client.add("one")
    async with opened(client=client, size=(100, 36)) as deck:
        deck.deck.start("usage")
        await deck.until(lambda: bool(deck.app.screen.query("#plot")))
        screen = await deck.screen(UsageScreen)
        rows = screen.query_one(Rows)
        await deck.until(lambda: len(rows.rows) == 2)
        assert "2026-11-29" in rows.rows[0].content().plain
        drawn = screen.query_one("#plot").render().plain  # type: ignore[union-attr]
        assert "█" in drawn and "28 Nov" in drawn
        assert "810" in rows.rows[0].content().plain
        assert client.said("archive.usage")[0]["since"] != ""
        await deck.press("left")  # round to the last: sessions
        await deck.until(lambda: bool(rows.rows) and "the parser" in rows.rows[0].content().plain)
        await deck.press("m", "m", "d")
        assert " cache " in screen.query_one("#measure", ClickableLine).words
        assert client.said("archive.usage")[-1]["by"] == ["session"]
        await deck.press("enter")
        assert deck.deck.model.current == "s001"


@pytest.mark.parametrize("size", [(40, 24), (80, 14), (200, 60)])
async def test_nothing_to_show_is_said_in_any_size(size: tuple[int, int]) -> None:
    async with opened(client=client_with(), size=size) as deck:
        deck.deck.start("usage")
        await deck.until(lambda: bool(deck.app.screen.query("#plot")))
        screen = await deck.screen(UsageScreen)
        await deck.until(lambda: "No turn" in screen.query_one(Rows).empty)
        assert not screen.query_one("#plotted").display
