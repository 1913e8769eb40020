"""Work for a screen that may be left meanwhile."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from textual.css.query import NoMatches

from tests.support.deckpilot import opened
from tui.screens.dialogs import Prompt
from tui.screens.new_session import NewSessionForm
from tui.timing.background_work import gone, if_shown, while_shown

TUI = Path(__file__).parents[3] / "tui"


async def looks_for_nothing(form: NewSessionForm) -> None:
    form.query_one("#not-there")


async def test_what_a_left_screen_lacks_is_no_fault() -> None:
    async with opened(0) as here:
        await here.press("ctrl+n")
        form = here.app.screen
        assert isinstance(form, NewSessionForm)
        await here.press("escape")
        assert gone(form)
        await while_shown(form, looks_for_nothing, form)()


async def test_what_a_shown_screen_lacks_is_a_fault() -> None:
    async with opened(0) as here:
        await here.press("ctrl+n")
        form = here.app.screen
        assert isinstance(form, NewSessionForm)
        assert not gone(form)
        with pytest.raises(NoMatches):
            await while_shown(form, looks_for_nothing, form)()


async def test_the_form_may_be_left_while_the_engine_still_answers_it() -> None:
    async with opened(0) as here:
        here.client.gate.clear()
        await here.press("ctrl+n")
        form = here.app.screen
        form.query_one("#fault").remove()
        here.app.pop_screen()
        here.client.gate.set()
        await here.settle()
        assert here.app.screen is here.deck
        assert here.app.return_code is None


async def test_what_is_to_follow_a_refresh_is_left_with_its_screen() -> None:
    async with opened(1) as here:
        screen = Prompt("What?", enter="takes it")
        await here.app.push_screen(screen)
        done: list[int] = []
        if_shown(screen, lambda: done.append(1))()
        later = if_shown(screen, lambda: done.append(2))
        await screen.dismiss()
        later()
        assert done == [1]


def test_work_that_is_replaced_before_it_began_leaves_nothing_unawaited() -> None:
    """A worker is given a function: a coroutine that is made before would never be awaited."""
    for path in TUI.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            if not isinstance(call, ast.Call) or "exclusive=True" not in ast.unparse(call):
                continue
            if ast.unparse(call.func).endswith(".run_worker"):
                works, where = [call.args[0]], (path.name, call.lineno)
                if isinstance(call.args[0], ast.Call):
                    assert ast.unparse(call.args[0].func) == "while_shown", where
                    works = call.args[0].args
                assert not any(isinstance(work, ast.Call) for work in works), where
