"""A search ends where the words stand."""

from __future__ import annotations

from sessions.record import events as ev
from tests.support.deckpilot import Opened, opened
from tests.support.fake_client import hit
from tui.widgets.rows import Rows


def fill(here: Opened, session: str, turns: int = 30) -> dict[int, int]:
    """Turns with long answers; the `seq` of each turn's message."""
    seqs = {}
    for turn in range(1, turns + 1):
        here.client.start_turn(session, f"question {turn}")
        seqs[turn] = len(here.client.sessions[session].events) - 1
        here.client.say(session, f"answer {turn}\n\n" + "filler\n\n" * 8)
        here.client.end_turn(session)
    return seqs


def shown(here: Opened) -> str:
    """What the current tile shows."""
    assert here.deck.tile is not None
    return "\n".join(strip.text for strip in here.deck.tile.view._strips)


async def look_for(here: Opened, words: str) -> None:
    """Search, and take the first hit."""
    await here.press("ctrl+f")
    await here.type(words)
    await here.until(lambda: bool(here.app.screen.query_one(Rows).rows))
    await here.press("enter")
    await here.until(lambda: here.app.screen is here.deck)
    await here.settle()


async def test_a_search_goes_to_the_message() -> None:
    async with opened(2) as here:
        seqs = fill(here, "s002")
        await here.settle()
        here.client.found = [hit("s002", seqs[7])]
        await look_for(here, "question")
        await here.until(lambda: "question 7" in shown(here))
        assert here.deck.model.current == "s002"


async def test_words_that_stand_otherwise_in_the_text_still_lead_to_the_message() -> None:
    async with opened(1) as here:
        seqs = fill(here, "s001")
        await here.settle()
        here.client.found = [hit("s001", seqs[4])]
        await look_for(here, "zyzzyva")
        await here.until(lambda: "question 4" in shown(here))


async def test_a_closed_session_is_opened_at_the_place() -> None:
    async with opened(1) as here:
        seqs = fill(here, here.client.add("old"))
        here.client.emit("s002", ev.SessionSet(closed=True))
        here.client.found = [hit("s002", seqs[3])]
        await look_for(here, "answer")
        await here.until(lambda: here.deck.model.current == "s002")
        await here.until(lambda: "question 3" in shown(here))


async def test_a_session_that_is_not_on_the_deck_is_named_by_its_title() -> None:
    async with opened(1) as here:
        here.client.found = [hit("s999", 3, title="the \x1b[31mold one")]
        await here.press("ctrl+f")
        await here.type("x")
        rows = here.app.screen.query_one(Rows)
        await here.until(lambda: bool(rows.rows))
        assert "old one" in rows.rows[0].content().plain
        assert "\x1b" not in rows.rows[0].content().plain


async def test_the_keys_go_on_from_hit_to_hit() -> None:
    async with opened(1) as here:
        seqs = fill(here, "s001")
        await here.settle()
        here.client.found = [hit("s001", seqs[7])]
        await look_for(here, "question")
        await here.until(lambda: "question 7" in shown(here))
        await here.press("n", "n", "n")
        assert "question 10" in shown(here)
