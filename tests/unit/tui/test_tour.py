"""The tour: it opens on the first start, hinders nothing, and can be skipped and opened again."""

from __future__ import annotations

from pathlib import Path

from tests.support.deckpilot import opened
from tui.deck.memory import Memory
from tui.deck.tour import STEPS


async def test_the_first_start_offers_a_tour_that_goes_on_with_what_is_done(tmp_path: Path) -> None:
    memory = Memory.load(tmp_path / "deck.json")
    async with opened(0, (80, 24), memory=memory) as here:
        tour = here.deck.tour
        await here.until(lambda: tour.shown and tour.at == 0)
        assert here.app.focused is here.composer
        await here.type("hello")
        await here.press("enter")
        await here.until(lambda: tour.at == 1)  # a session has begun
        assert here.client.said("session.send")
        await here.press("enter")
        assert tour.at == 2 and "^j" in str(tour.query_one("#tour-words").render())
        await here.press("escape")
        assert not tour.shown and memory.toured
        here.deck.start("tour")
        await here.until(lambda: tour.shown)
        assert tour.at == 1  # there is a session already
        await here.press(*["enter"] * (len(STEPS) - 1))
        await here.until(lambda: not tour.shown)
        await here.until(lambda: "tour" not in here.line("footer"))
        here.deck.drafts.save()
    assert Memory.load(tmp_path / "deck.json").toured


async def test_who_has_been_here_before_is_offered_none(tmp_path: Path) -> None:
    (tmp_path / "deck.json").write_text("{}")
    async with opened(1, memory=Memory.load(tmp_path / "deck.json")) as here:
        assert not here.deck.tour.shown
