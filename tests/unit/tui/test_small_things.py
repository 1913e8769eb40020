"""What is told by shape and words, stands where it hides nothing, and goes when it is not true."""

from __future__ import annotations

import asyncio
import gc
import warnings

from textual.dom import DOMNode
from textual.widgets._toast import Toast

from sessions.record.inbox_items import last_words
from sessions.record.names import first_words
from tests.support.deckpilot import opened
from tui.deck import sending
from tui.screens.help import Help
from tui.screens.new_session import NewSessionForm
from tui.timing.background_work import while_shown
from tui.widgets.fields import Tick
from tui.widgets.rows import Rows


async def test_a_tick_is_told_by_its_shape_and_a_notice_covers_no_line_of_a_dialog() -> None:
    async with opened(0, (80, 24)) as here:
        await here.press("ctrl+n")
        form = await here.screen(NewSessionForm)
        tick = form.query_one("#worktree", Tick)
        assert tick.render().plain.startswith("[ ]")
        tick.value = True
        assert tick.render().plain.startswith("[x]")
        here.app.notify("A sentence of some length, which says what has happened elsewhere.")
        await here.until(lambda: bool(form.query(Toast)))
        await here.settle()
        assert form.query_one("#dialog").region.y >= 1
        assert form.query_one(Toast).region.bottom <= form.query_one("#dialog").region.y + 1


async def test_help_says_what_keys_do_at_80_columns_too() -> None:
    async with opened(1, (80, 24)) as here:
        await here.press("f1")
        rows = (await here.screen(Help)).query_one(Rows)
        width = rows.scrollable_content_region.width
        told = [row.content().plain[:width] for row in rows.rows]
        assert any("Start one session or several" in words for words in told)
        assert any("Composer: enter" in words for words in told)


async def test_a_command_of_ones_own_is_said_to_run_only_while_it_does() -> None:
    async with opened(1) as here:
        ended = asyncio.Event()

        async def shell(**_: object) -> None:
            await ended.wait()

        here.client._session_shell = shell  # type: ignore[attr-defined]
        sending._WORTH_SAYING_S, before = 0.01, sending._WORTH_SAYING_S
        try:
            await here.type("!ls")
            await here.press("enter")
            await here.until(lambda: any("!ls runs" in told for told in here.notices()))
        finally:
            sending._WORTH_SAYING_S = before
        ended.set()
        await here.until(lambda: not any("!ls runs" in told for told in here.notices()))


def test_a_session_that_is_named_in_a_message_is_no_number_in_a_title() -> None:
    assert first_words("see @session:01habc and go on") == "see another session and go on"
    assert first_words("write to me@session:x") == "write to me@session:x"


def test_the_end_of_an_answer_is_told_in_whole_words() -> None:
    assert last_words("It is done.") == "It is done."
    told = last_words("something " * 30)
    assert told.startswith("…something") and len(told) <= 161
    assert last_words("x" * 300).startswith("…x")


def test_work_that_is_dropped_before_it_began_warns_of_nothing() -> None:
    async def work() -> None:
        raise AssertionError

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        while_shown(DOMNode(), work)
        gc.collect()
