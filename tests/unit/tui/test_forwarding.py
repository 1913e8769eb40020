"""The palette sends answers on: now, or when a session is done."""

from __future__ import annotations

from sessions.api.plans import RunLine
from tests.support.deckpilot import opened
from tests.unit.tui.test_runs import PlansClient, of


class Going(PlansClient):
    """An engine with one run that goes on."""

    async def _plan_going(self) -> list[RunLine]:
        return await self._plan_list()


async def test_an_answer_goes_to_a_tile_and_to_a_task() -> None:
    async with opened(2, client=Going(of(3).run)) as here:
        here.client.start_turn("s001")
        here.deck.go("s001")
        await here.settle()
        here.deck.start("send_answer")
        await here.settle()
        await here.press("space", "down", "down", "down", "down", "space", "enter")
        await here.type("check")
        await here.press("enter")
        sent = {"session": "s001", "to": ["s002", "task:r:t"], "words": "check"}
        await here.until(lambda: here.client.said("session.hand") == [sent])
        assert here.notices() == ["The answer was sent."]


async def test_when_done_is_told_and_taken_back() -> None:
    async with opened(2) as here:
        here.deck.go("s001")
        here.deck.start("when_done")
        await here.settle()
        await here.press("space", "enter", "enter")
        await here.until(lambda: bool(here.client.summaries["s001"].then))
        await here.settle()
        assert "when done, to " in str(here.composer.border_subtitle)
        here.deck.start("when_done")
        await here.settle()
        await here.press("y")
        await here.until(lambda: here.client.summaries["s001"].then == {})
