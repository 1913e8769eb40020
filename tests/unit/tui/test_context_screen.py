"""What fills a context, on screen."""

from __future__ import annotations

from typing import Any

import pytest
from textual.widgets import Static

from sessions.api.answers import ContextFilled
from sessions.errors import UsageError
from tests.support.deckpilot import opened
from tests.support.fake_client import FakeClient
from tui.screens.context import ContextScreen, _counts


def client(parts: dict[str, int], window: int = 10_000, counted: int = 0) -> FakeClient:
    made = FakeClient()
    made.add("one")

    async def context(session: str) -> Any:
        return {"parts": parts, "tokens": sum(parts.values()), "window": window,
                "counted": counted}  # fmt: skip

    made._session_context = context  # type: ignore[attr-defined]
    return made


@pytest.mark.parametrize("size", [(40, 24), (80, 24), (200, 60)])
async def test_a_bar_has_every_part_at_its_length(size: tuple[int, int]) -> None:
    parts = {"system": 100, "skills": 1, "conversation": 4899}
    async with opened(client=client(parts, counted=5200), size=size) as deck:
        deck.deck.start("context")
        screen = await deck.screen(ContextScreen)
        bar = screen.query_one("#bar", Static)
        await deck.until(lambda: "█" in str(bar.render()) and bar.size.width > 20)
        await deck.settle()
        drawn = str(bar.render())
        assert len(drawn) == bar.size.width and 0.4 < drawn.count("█") / len(drawn) < 0.6
        told = str(screen.query_one("#parts", Static).render())
        assert "49.0 %" in told and "0.0 %" in told
        counts = str(screen.query_one("#counts", Static).render())
        assert "5.0k tokens of 10.0k, 50 %" in counts and "counted 5.2k" in counts


async def test_more_than_the_window_and_a_window_that_is_not_known() -> None:
    for window in (100, 0):
        async with opened(client=client({"files": 500}, window)) as deck:
            deck.deck.start("context")
            screen = await deck.screen(ContextScreen)
            bar = screen.query_one("#bar", Static)
            await deck.until(lambda bar=bar: "█" in str(bar.render()))
            assert "░" not in str(bar.render())


async def test_a_refusal_is_a_sentence_there_with_its_remedy_once() -> None:
    made = client({})
    made.refuse["session.context"] = UsageError("It can't be read.", "Try again.")
    async with opened(client=made) as deck:
        deck.deck.start("context")
        fault = (await deck.screen(ContextScreen)).query_one("#fault", Static)
        await deck.until(lambda: "can't be read" in str(fault.render()))
        assert str(fault.render()) == "It can't be read. Try again."


def test_a_share_that_is_small_is_not_none() -> None:
    shown: ContextFilled = {"parts": {}, "tokens": 5, "window": 10_000, "counted": 0}
    assert _counts(shown) == ["About 5 tokens of 10.0k, less than 1 %."]
