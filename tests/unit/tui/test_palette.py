"""The palette: found by name, description and other words; with its key, and a hint for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessions.archive.export_file import export_file
from sessions.errors import UsageError
from sessions.record import events as ev
from tests.support.deckpilot import Opened, opened
from tui import actions as registry
from tui import synonyms
from tui.palette import DeckCommands
from tui.screens.settings.screen import SettingsScreen


async def found(here: Opened, query: str) -> list[str]:
    """The titles that a query brings, best first."""
    provider = DeckCommands(here.deck)
    hits = [hit async for hit in provider.search(query)]
    hits.sort(key=lambda hit: -hit.score)
    return [str(hit.text) for hit in hits]


async def test_it_finds_by_name_by_description_and_by_what_others_call_it() -> None:
    async with opened(2) as here:
        assert (await found(here, "fork"))[0] == "Fork"
        assert "Fork" in await found(here, "empty queue")  # of its help
        assert "Fork" in await found(here, "duplicate")
        assert "Settings" in await found(here, "preferences")
        assert "Prime: arxiv" in await found(here, "arxiv")
        assert "Settings: limits" in await found(here, "settings limits")
        assert "Export this session" in await found(here, "save html")
        assert any("history" in title for title in await found(here, "up, down history"))


async def test_the_key_stands_beside_and_is_told_once_it_would_have_been_quicker() -> None:
    async with opened(2) as here:
        await here.press("ctrl+p")
        await here.type("zoom")
        await here.until(lambda: here.app.screen.query_one("CommandList").option_count > 0)  # type: ignore[attr-defined]
        shown = here.app.screen.query_one("CommandList").get_option_at_index(0).prompt  # type: ignore[attr-defined]
        assert "^z" in str(shown)
        await here.press("enter")
        await here.until(lambda: here.deck.model.zoomed)
        await here.until(lambda: any("Quicker next time: ^z" in said for said in here.notices()))


async def test_daydreams_are_switched_where_they_are_set() -> None:
    async with opened(1) as here:
        here.deck.start("daydreams")
        await here.until(lambda: isinstance(here.app.screen, SettingsScreen))


def test_other_words_are_of_actions_that_there_are() -> None:
    assert synonyms.SYNONYMS.keys() <= registry.actions().keys()


def test_an_export_has_the_format_of_its_ending(tmp_path: Path) -> None:
    events: list[ev.Event] = [ev.stamp(ev.SessionCreated(id="a", title="Whales"), 1)]
    assert "Whales" in export_file(events, str(tmp_path / "a.md")).read_text()
    assert "<" in export_file(events, str(tmp_path / "a.html")).read_text()
    with pytest.raises(UsageError, match="no format"):
        export_file(events, str(tmp_path / "a.doc"))
