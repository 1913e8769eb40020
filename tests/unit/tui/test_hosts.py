"""Sessions of other machines in the deck: their name, their state, and a new one there."""

from __future__ import annotations

from datetime import UTC, datetime

from textual.widgets import Checkbox, Input, Select

from sessions.record.summary import Summary
from tests.support.deckpilot import opened
from tests.support.fake_client import host
from tui.commands.review import on_a_host
from tui.deck.tile import foot_of, head_of
from tui.screens.dialogs import Choose
from tui.screens.new_session import NewSessionForm


def test_a_session_of_another_machine_names_it_and_says_when_it_is_offline() -> None:
    summary = Summary("s001", title="The parser", host="build", status="offline")
    assert head_of(summary, 1, 60).plain == "1 build: The parser ◇ offline "
    assert "build can't be reached" in foot_of(summary, 80, datetime.now(UTC)).plain


async def test_a_new_session_is_made_on_the_machine_that_is_chosen() -> None:
    async with opened(1) as here:
        await here.press("ctrl+n")
        form = await here.screen(NewSessionForm)
        await here.settle()
        assert not form.query_one("#host-row").display  # one machine: nothing to choose
        await here.press("escape")
        here.client.hosts = [host("build")]
        await here.press("ctrl+n")
        form = await here.screen(NewSessionForm)
        await here.until(lambda: form.query_one("#host-row").display)
        form.query_one("#host", Select).value = "build"
        await here.until(lambda: form.host == "build")
        form.query_one("#cwd", Input).value = "/only/over/there"
        await here.press("ctrl+s")
        await here.until(lambda: any(c == "session.create" for c, _ in here.client.calls))
        (args,) = [args for command, args in here.client.calls if command == "session.create"]
        assert (args["host"], args["cwd"]) == ("build", "/only/over/there")


async def test_a_repository_of_here_goes_along_if_that_is_ticked() -> None:
    async with opened(1) as here:
        here.client.hosts = [host("build")]
        await here.press("ctrl+n")
        form = await here.screen(NewSessionForm)
        await here.until(lambda: form.query_one("#host-row").display)
        form.query_one("#host", Select).value = "build"
        await here.until(lambda: form.query_one("#bring-row").display)
        assert form.query_one("#cwd", Input).value == ""
        form.query_one("#bring", Checkbox).value = True
        await here.until(lambda: bool(form.query_one("#cwd", Input).value))
        folder = form.query_one("#cwd", Input).value
        await here.press("ctrl+s")
        await here.until(lambda: any(c == "session.create" for c, _ in here.client.calls))
        (args,) = [args for command, args in here.client.calls if command == "session.create"]
        assert (args["host"], args["bring"], "cwd" in args) == ("build", folder, False)


async def test_other_machines_are_listed_and_tried_at_once() -> None:
    async with opened(1) as here:
        here.client.hosts = [host("build", "build can't be reached.", sessions=3)]
        await here.deck.action_deck("hosts")
        screen = await here.screen(Choose)
        assert "can't be reached" in screen.listing.rows[0].cells[2][0]
        await here.press("enter")
        await here.until(lambda: ("deck.hosts", {"again": True}) in here.client.calls)


async def test_a_branch_of_another_machine_is_brought_here() -> None:
    async with opened(1) as here:
        (summary,) = here.client.summaries.values()
        here.deck.go(summary.id)
        assert not on_a_host(here.deck)
        summary.host, summary.branch = "build", "agentdeck/x-1"
        assert on_a_host(here.deck)
        here.deck.start("fetch-branch")
        await here.until(lambda: bool(here.notices()))
        assert "agentdeck/x-1 is in /work. Not committed" in here.notices()[-1]
