"""The settings screen: found, changed, written; a change by hand meanwhile is asked about."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input, Static

from sessions.config.settings import as_json, overview
from sessions.paths import places
from tests.support.deckpilot import Opened, opened
from tests.support.fake_client import FakeClient
from tui import actions as registry
from tui.screens.dialogs import Choose, Confirm
from tui.screens.settings.forms import EditSetting, PressKey
from tui.screens.settings.items import HEAD, about, items, row_of
from tui.screens.settings.screen import SettingsScreen
from tui.widgets.rows import Rows


@asynccontextmanager
async def shown(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: str = "",
    size: tuple[int, int] = (120, 36),
) -> AsyncIterator[tuple[Opened, SettingsScreen]]:
    """The screen over a file with that text."""
    monkeypatch.setenv("AGENTDECK_HOME", str(tmp_path))
    client = FakeClient()
    client.config_file = places().config_file
    client.config_file.write_text(text)
    client.config_file.chmod(0o600)
    async with opened(1, size, client=client) as here:
        here.deck.start("settings")
        screen = await here.screen(SettingsScreen)
        await here.until(lambda: bool(screen.sections))
        yield here, screen


async def find(here: Opened, screen: SettingsScreen, words: str) -> None:
    screen.query_one("#filter", Input).value = words
    await here.settle()


def said(screen: SettingsScreen) -> str:
    return str(screen.query_one("#said", Static).content)


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_a_switch_is_found_by_its_words_and_written_with_comments_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    text = "# mine\n[tools]\ntimeout_s = 9 # short\n"
    async with shown(tmp_path, monkeypatch, text, size) as (here, screen):
        await find(here, screen, "sandbox network")
        assert screen.query_one(Rows).key == "tools.network"
        about = str(screen.query_one("#about", Static).content)
        assert "may use the network" in about and "default: off" in about
        await here.press("enter")
        await here.until(lambda: "tools.network is on" in said(screen))
        assert "in new sessions" in said(screen)
        written = here.client.config_file.read_text()
        assert written == "# mine\n[tools]\ntimeout_s = 9 # short\nnetwork = true\n"


async def test_a_number_is_checked_as_it_is_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shown(tmp_path, monkeypatch) as (here, screen):
        await find(here, screen, "session_usd")
        await here.press("enter")
        form = await here.screen(EditSetting)
        form.query_one(Input).value = "2,5x"
        await here.until(lambda: "must be a number" in form.fault)
        await here.press("enter")
        assert here.app.screen is form
        form.query_one(Input).value = "2.5"
        await here.until(lambda: not form.fault)
        await here.press("enter")
        await here.until(lambda: "limits.session_usd is 2.5, in force at once" in said(screen))
        assert "session_usd = 2.5" in here.client.config_file.read_text()


async def test_where_the_file_was_changed_meanwhile_a_plain_question_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shown(tmp_path, monkeypatch, "[limits]\nmax_steps = 5\n") as (here, screen):
        await find(here, screen, "limits.max_steps")
        await here.press("enter")
        await here.until(lambda: isinstance(here.app.screen, EditSetting))
        by_hand = "[limits]\nmax_steps = 7\ndeck_usd = 3.0\n"
        here.client.config_file.write_text(by_hand)
        here.app.screen.query_one(Input).value = "9"
        await here.press("enter")
        question = await here.screen(Confirm)
        assert "limits.max_steps is 7 there" in question.text
        await here.press("n")
        await here.until(lambda: "left as it is" in said(screen))
        assert here.client.config_file.read_text() == by_hand


async def test_the_key_that_is_pressed_is_the_actions_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shown(tmp_path, monkeypatch) as (here, screen):
        await find(here, screen, "keys.zoom")
        await here.press("enter")
        form = await here.screen(PressKey)
        await here.press("x")
        assert "for writing" in str(form.query_one("#fault", Static).content)
        await here.press("f1")
        assert "'Help' gives up" in str(form.query_one("#pressed", Static).content)
        await here.press("enter")
        await here.until(lambda: here.deck.options.keys.get("zoom") == ("f1",))
        assert 'zoom = "f1"' in here.client.config_file.read_text()
        await here.press("escape", "f1")
        assert here.deck.model.zoomed
        assert registry.keys_of(registry.actions()["help"], here.deck.options.keys) == ()


async def test_a_server_is_made_with_what_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shown(tmp_path, monkeypatch) as (here, screen):
        await find(here, screen, "session_usd")
        await here.press("ctrl+n")
        await here.until(lambda: isinstance(here.app.screen, Choose))
        await here.type("mcp")
        await here.press("enter")
        await here.type("db")
        await here.press("enter")
        await here.type("uvx server --at 'a b'")
        await here.press("enter")
        await here.until(lambda: "mcp.servers.db is made" in said(screen))
        written = here.client.config_file.read_text()
        assert 'command = ["uvx", "server", "--at", "a b"]' in written
        assert screen.item is not None and screen.item.name == "mcp.servers.db"
        rows = screen.query_one(Rows)
        await here.until(lambda: 0 <= rows.cursor - rows.scroll_offset.y < rows.size.height - 3)
        await here.press("tab", "alt+d")
        await here.until(lambda: isinstance(here.app.screen, Confirm))
        await here.press("y")
        await here.until(lambda: "is removed" in said(screen))
        assert "uvx" not in here.client.config_file.read_text()


async def test_another_machine_is_made_by_the_name_that_ssh_has_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shown(tmp_path, monkeypatch) as (here, screen):
        await here.press("ctrl+n")
        await here.until(lambda: isinstance(here.app.screen, Choose))
        for words in ("machine", "far", "me@build"):
            await here.type(words)
            await here.press("enter")
        await here.until(lambda: "hosts.far is made" in said(screen))
        assert 'ssh = "me@build"' in here.client.config_file.read_text()


async def test_the_next_opening_shows_what_was_told_before_the_engine_answers_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shown(tmp_path, monkeypatch) as (here, screen):
        await here.press("escape")
        answered, asked = asyncio.Event(), here.client._config_settings

        async def later() -> Any:
            await answered.wait()
            return await asked()

        monkeypatch.setattr(here.client, "_config_settings", later)
        here.client.config_file.write_text("[limits]\nturns_at_once = 7\n")
        here.deck.start("settings")
        again = await here.screen(SettingsScreen)
        await here.until(lambda: bool(again.query_one(Rows).rows))
        assert again is not screen and not answered.is_set()
        answered.set()
        await find(here, again, "turns_at_once")
        await here.until(lambda: " 7" in again.query_one(Rows).rows[1].content().plain)


@pytest.mark.parametrize("width", [76, 146])
def test_what_is_told_of_a_section_and_the_values_of_its_keys_stand_in_line(
    tmp_path: Path, width: int
) -> None:
    sections = as_json(overview(tmp_path / "config.toml"))["sections"]
    section = next(s for s in sections if list(s["keys"]) == ["priming", "daydream"])
    shown = list(items([section], {"priming.daydream"}, ()))
    texts = ["".join(text for text, _ in row_of(item, width, True).cells) for item in shown]
    columns = {texts[0].index("Draws that"), texts[1].index("off"), texts[2].index("50000")}
    assert len(columns) == 1
    assert about(shown[1])[1].startswith("default: off")


def test_what_goes_over_the_wire_is_what_dataclasses_would_tell(tmp_path: Path) -> None:
    told = overview(tmp_path / "config.toml")
    assert json.loads(json.dumps(as_json(told))) == json.loads(json.dumps(asdict(told)))


async def test_a_setting_is_found_by_another_word_and_misspelt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shown(tmp_path, monkeypatch) as (here, screen):
        await find(here, screen, "budget")
        assert "limits.session_usd" in screen.shown
        await find(here, screen, "shortcut duplicate")
        assert "keys.fork" in screen.shown
        assert "keys.new" not in screen.shown
        await find(here, screen, "sandbxo")
        assert [key for key in screen.shown if not key.startswith(HEAD)] == ["tools.sandbox"]


async def test_on_a_phone_a_row_has_its_name_and_its_value_and_the_way_out_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shown(tmp_path, monkeypatch, size=(40, 24)) as (here, screen):
        await find(here, screen, "session_tokens")
        rows = ["".join(text for text, _ in row.cells) for row in screen.query_one(Rows).rows]
        assert rows[1].split() == ["session_tokens", "0"]
        hints = screen.query_one("#offers")
        assert "esc closes" in hints.render().plain  # type: ignore[union-attr]
        await here.until(lambda: hints.size.height == hints.render().plain.count("\n") + 1)  # type: ignore[union-attr]
        assert hints.region.bottom <= screen.query_one("#dialog").content_region.bottom
        row = next(n for n, line in enumerate(hints._lines(36)) if "esc closes" in line.plain)  # type: ignore[attr-defined]
        column = hints._lines(36)[row].plain.index("esc closes") + 5  # type: ignore[attr-defined]
        await here.pilot.click("#offers", offset=(column, row))
        await here.until(lambda: here.app.screen is here.deck)
