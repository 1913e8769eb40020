"""While the index is made, the deck shows how far it is, and a search what it can find so far."""

from tests.support.deckpilot import Opened, opened
from tests.support.fake_client import hit
from tui.screens.search import SearchScreen
from tui.widgets.rows import Rows


def _told(here: Opened) -> str:
    return here.deck.line("status").words


def _hint(here: Opened) -> str:
    return str(here.app.screen.query_one("#dialog").border_subtitle)


async def test_how_far_the_index_is_stands_in_the_status_line() -> None:
    async with opened(1) as here:
        here.client.on_notice({"kind": "index", "message": "", "done": 340, "of": 2500})
        await here.until(lambda: "index 340/2,500" in _told(here))
        here.client.on_notice({"kind": "index", "message": "", "done": 2500, "of": 2500})
        await here.until(lambda: "index" not in _told(here))
        here.client.on_notice({"kind": "index", "message": "", "done": 1, "of": 2})
        await here.until(lambda: "index 1/2" in _told(here))
        here.client.on_lost("it ended")
        await here.until(lambda: "index" not in _told(here))


async def test_a_search_says_how_much_it_looks_in_and_looks_again_when_all_is_in() -> None:
    async with opened(1) as here:
        here.client.on_notice({"kind": "index", "message": "", "done": 340, "of": 2500})
        here.client.found = [hit("s001", 1, "a tide")]
        await here.press("ctrl+f")
        await here.until(lambda: isinstance(here.app.screen, SearchScreen))
        assert "340 of 2,500 records can be searched so far" in _hint(here)
        await here.type("tide")
        await here.until(lambda: _hint(here).startswith("1 found · 340 of 2,500 records"))
        here.client.found = here.client.found * 2
        here.client.on_notice({"kind": "index", "message": "", "done": 2500, "of": 2500})
        await here.until(lambda: _hint(here).startswith("2 found · enter"))
        assert len(here.app.screen.query_one(Rows).rows) == 2
        await here.press("escape")
        await here.until(lambda: here.app.screen is here.deck)
        assert not here.deck.topics.index.publish()  # nobody is told any more
