"""What a session may do: mode full is confirmed by typing, MCP servers are switched."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from textual.widgets import Input, Select, Static

from sessions.api.answers import McpServerState, SandboxState
from tests.support.deckpilot import Opened, opened
from tui.screens.confirm_full_mode import TypeFull
from tui.screens.dialogs import Choose
from tui.screens.new_session import NewSessionForm
from tui.screens.new_session import here as started_in
from tui.widgets.rows import Rows

NO_SANDBOX: SandboxState = {
    "works": False,
    "detail": "bubblewrap is not installed.",
    "remedy": "Install it.",
}


async def choose_full(here: Opened) -> None:
    """Choose mode full in the list of modes."""
    here.deck.start("permission")
    await here.until(lambda: isinstance(here.app.screen, Choose))
    await here.type("full")
    await here.press("enter")


async def test_full_in_a_sandbox_needs_no_typing() -> None:
    async with opened(1) as here:
        await choose_full(here)
        await here.until(lambda: bool(here.client.said("session.set")))
        assert here.client.said("session.set")[0]["changes"] == {"permission": "full"}
        assert here.client.said("session.confirm_full") == []


async def test_without_a_sandbox_the_list_of_modes_says_so() -> None:
    async with opened(1) as here:
        here.client.sandbox = NO_SANDBOX
        here.deck.start("permission")
        await here.until(lambda: isinstance(here.app.screen, Choose))
        rows = [row.content().plain for row in here.app.screen.query_one(Rows).rows]
        assert any("NO SANDBOX: bubblewrap is not installed. Install it." in row for row in rows)


async def test_without_a_sandbox_full_is_confirmed_by_typing() -> None:
    async with opened(1) as here:
        here.client.sandbox = NO_SANDBOX
        await choose_full(here)
        await here.until(lambda: isinstance(here.app.screen, TypeFull))
        said = str(here.app.screen.query_one("#full-text", Static).content)
        assert "bubblewrap is not installed." in said
        await here.press("enter")
        await here.type("y")
        await here.press("enter")
        assert isinstance(here.app.screen, TypeFull)
        here.app.screen.query_one(Input).value = ""
        await here.type("full")
        await here.press("enter")
        await here.until(lambda: bool(here.client.said("session.set")))
        order = [name for name, _ in here.client.calls]
        assert order.index("session.confirm_full") < order.index("session.set")


async def test_what_is_not_confirmed_stays_as_it_was() -> None:
    async with opened(1) as here:
        here.client.sandbox = NO_SANDBOX
        await choose_full(here)
        await here.until(lambda: isinstance(here.app.screen, TypeFull))
        await here.press("escape")
        await here.settle()
        assert here.client.said("session.set") == []
        assert here.client.said("session.confirm_full") == []


async def test_the_form_has_full_confirmed_before_it_makes_a_session() -> None:
    async with opened(0) as here:
        here.client.sandbox = NO_SANDBOX
        await here.press("ctrl+n")
        form = here.app.screen
        await here.until(lambda: form.query_one("#profile", Select).value == "local")
        await here.settle()
        form.query_one("#permission", Select).value = "full"
        await here.press("enter")
        await here.until(lambda: isinstance(here.app.screen, TypeFull))
        assert here.client.said("session.create") == []
        await here.type("full")
        await here.press("enter")
        await here.until(lambda: bool(here.client.said("session.create")))
        made = here.client.said("session.create")[0]
        assert (made["permission"], made["confirmed_full"]) == ("full", True)


async def test_a_form_whose_full_is_not_confirmed_makes_nothing() -> None:
    async with opened(0) as here:
        here.client.sandbox = NO_SANDBOX
        await here.press("ctrl+n")
        form = here.app.screen
        await here.until(lambda: form.query_one("#profile", Select).value == "local")
        await here.settle()
        form.query_one("#permission", Select).value = "full"
        await here.press("enter")
        await here.until(lambda: isinstance(here.app.screen, TypeFull))
        await here.press("escape")
        await here.settle()
        assert here.client.said("session.create") == []


async def test_a_directory_that_is_gone_is_refused_in_the_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    monkeypatch.setenv("PWD", str(gone))
    async with opened(0) as here:
        gone.rmdir()
        await here.press("ctrl+n")
        assert isinstance(here.app.screen, NewSessionForm)
        assert here.app.screen.query_one("#cwd", Input).value == str(gone)
        await here.press("enter")
        assert f"There is no directory {gone}" in str(
            here.app.screen.query_one("#fault", Static).content
        )
        here.app.screen.query_one("#cwd", Input).value = ""
        await here.press("enter")
        assert here.client.said("session.create") == []
    os.chdir(tmp_path)


async def test_the_directory_of_a_session_that_is_gone_is_refused_in_the_form() -> None:
    async with opened(1) as here:
        here.client.sessions["s001"].summary.cwd = "/no/such/place"
        await here.press("ctrl+n")
        await here.press("enter")
        fault = str(here.app.screen.query_one("#fault", Static).content)
        assert "There is no directory /no/such/place" in fault
        assert here.client.said("session.create") == []


def test_a_directory_that_is_gone_has_its_name_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    monkeypatch.setenv("PWD", str(gone))
    gone.rmdir()
    assert started_in() == str(gone)


# -- MCP servers

SERVERS: list[McpServerState] = [
    {"name": "db", "on": True, "switched": False, "where": "uvx mcp-server-sqlite"},
    {"name": "web", "on": False, "switched": False, "where": "http://127.0.0.1:9/mcp"},
]


async def in_the_list(here: Opened) -> None:
    """Open the list of servers."""
    here.client.servers = SERVERS
    here.deck.start("mcp")
    await here.until(lambda: isinstance(here.app.screen, Choose))


async def test_servers_are_switched_for_this_session() -> None:
    async with opened(1) as here:
        await in_the_list(here)
        await here.press("ctrl+t", "down", "ctrl+t", "enter")
        await here.until(lambda: here.app.screen is here.deck)
        await here.settle()
        asked = here.client.said("session.mcp")[-1]
        assert asked == {"session": "s001", "changes": {"db": False, "web": True}}
        assert "From the next turn on." in here.notices()[-1]


async def test_servers_that_are_left_as_they_are_change_nothing() -> None:
    async with opened(1) as here:
        await in_the_list(here)
        await here.press("enter")
        await here.settle()
        assert [args for args in here.client.said("session.mcp") if "changes" in args] == []


async def test_without_servers_the_list_says_where_they_come_from() -> None:
    async with opened(1) as here:
        here.deck.start("mcp")
        await here.until(lambda: isinstance(here.app.screen, Choose))
        assert "[mcp.servers.NAME]" in here.app.screen.query_one(Rows).empty
