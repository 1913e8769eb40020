"""The palette: found by name, description and other words; with its key, and a hint for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input

from sessions.archive.export_file import export_file
from sessions.errors import UsageError
from sessions.record import events as ev
from tests.support.deckpilot import Opened, opened
from tui import actions as registry
from tui.palette import DeckCommands
from tui.screens.help import WIDGET_KEYS, Help
from tui.screens.settings.screen import SettingsScreen
from tui.widgets.clickable_line import ClickableLine
from tui.widgets.rows import Rows
from tui.words import synonyms


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
        of_settings = [t for t in await found(here, "notices") if t.startswith("Settings: ")]
        assert of_settings == ["Settings: notify"]
        assert "Export this session" in await found(here, "save html")
        assert any("history" in title for title in await found(here, "up, down history"))


async def test_what_is_called_so_comes_before_what_has_its_letters() -> None:
    async with opened(2) as here:
        titles = await found(here, "llm")
        assert titles[0].startswith("Change the model")
        assert not any(title.startswith("Terminal: scrolls") for title in titles)
        killing = await found(here, "kill")
        close, skills = (registry.actions()[name].title for name in ("close", "skills"))
        assert killing.index(close) < killing.index(skills)


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


async def test_every_action_is_found_by_its_name_its_description_and_its_other_words() -> None:
    async with opened(1) as here:
        offers = DeckCommands(here.deck)._offers(not_now=True)
        by_title = {offer.title: offer for offer in offers}
        for name, spec in registry.actions().items():
            if name == "palette":
                continue
            offer = by_title[spec.title]
            for words in (spec.title, spec.help, spec.name.replace("_", " ")):
                assert offer.has(words.casefold().split()), (name, words)
            other = synonyms.of(name).split()
            assert other or name.startswith("tile_"), f"{name} has no other words"
            assert all(offer.has([word]) for word in other), name
        for where, _, what in WIDGET_KEYS:  # what F1 tells besides
            assert f"{where}: {what}" in by_title
        for kind in ("acronym", "names", "arxiv", "terms"):
            assert f"Prime: {kind}" in by_title


async def test_a_slip_of_the_keys_finds_it_and_what_can_not_be_done_now_is_told() -> None:
    async with opened(1) as here:
        assert "Settings" in await found(here, "prefernces")
        assert "Fork" in await found(here, "dupilcate")
        provider = DeckCommands(here.deck)
        hits = [hit async for hit in provider.search("daemon")]
        again = min(hits, key=lambda hit: hit.score)
        assert "Not now." in str(again.help)
        again.command()  # type: ignore[unused-coroutine]
        await here.until(lambda: any("can't be done now" in said for said in here.notices()))
        assert not ["Not now" in str(hit.help) async for hit in provider.discover()].count(True)


async def test_a_click_on_what_has_a_key_tells_it_twice() -> None:
    async with opened(2) as here:
        line = here.deck.line("footer")
        for _ in range(3):
            here.deck.post_message(ClickableLine.Clicked(line, "act:zoom"))
            await here.settle()
        assert here.notices().count("Quicker next time: ^z, f11") == 2
        here.deck.post_message(ClickableLine.Clicked(line, "go:s002"))
        await here.until(lambda: "Quicker next time: alt+2" in here.notices())


async def test_on_a_phone_no_keys_are_told() -> None:
    async with opened(2, (40, 24)) as here:
        here.deck.shortcut_hints.than("zoom")
        here.deck.shortcut_hints.by_key("a dialog's yes", "y")
        assert here.notices() == []


def test_other_words_are_of_actions_that_there_are() -> None:
    assert synonyms.SYNONYMS.keys() <= registry.actions().keys()


def test_an_export_has_the_format_of_its_ending(tmp_path: Path) -> None:
    events: list[ev.Event] = [ev.stamp(ev.SessionCreated(id="a", title="Whales"), 1)]
    assert "Whales" in export_file(events, str(tmp_path / "a.md")).read_text()
    assert "<" in export_file(events, str(tmp_path / "a.html")).read_text()
    with pytest.raises(UsageError, match="no format"):
        export_file(events, str(tmp_path / "a.doc"))


async def test_what_f1_finds_is_named_by_its_group() -> None:
    async with opened(1, (120, 36)) as here:
        await here.press("f1")
        screen = await here.screen(Help)
        screen.query_one("#filter", Input).value = "redo typing"
        rows = screen.query_one(Rows)
        await here.until(lambda: len(rows.rows) == 1)
        assert rows.rows[0].content().plain.split()[0] == "Composer"
