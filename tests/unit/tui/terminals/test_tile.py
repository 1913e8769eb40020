"""A terminal in a tile of the deck: its cells, its keys, its mouse, its end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any
from unittest import mock

import pytest
from textual import events
from textual.geometry import Offset, Size
from textual.selection import Selection
from textual.widgets import Input

from sessions.api.terminals import TerminalOutput, TerminalWatched
from sessions.record import events as ev
from sessions.record.summary import Summary
from sessions.record.summary_parts import AskOption
from sessions.record.terminal_state import called
from tests.support.deckpilot import Opened, opened
from tests.support.fake_terminals import TerminalClient
from tests.support.idle import painted_at_once
from tui.actions import actions
from tui.screens.dialogs import Confirm, Prompt
from tui.screens.new_session import NewSessionForm
from tui.screens.replay import ReplayScreen
from tui.terminal.keys import AltLetter
from tui.terminals.tile import TerminalTile, foot_of_terminal
from tui.terminals.view import SOONEST_S, TerminalView
from tui.widgets.inbox_item import WantBox, answers
from tui.widgets.permission import PermissionBox
from tui.words.text import title_of

pytest.importorskip("pyghostty")


@asynccontextmanager
async def shown(
    *printed: bytes, size: tuple[int, int] = (100, 30), argv: tuple[str, ...] = ()
) -> AsyncIterator[tuple[Opened, TerminalClient, TerminalView]]:
    """A deck with one terminal, which has printed that."""
    client = TerminalClient()
    session = client.terminal(*argv)
    for data in printed:
        client.prints(session, data)
    async with opened(client=client, size=size) as here:
        await here.until(lambda: isinstance(here.deck.tile, TerminalTile))
        tile = here.deck.tile
        assert isinstance(tile, TerminalTile)
        await here.until(lambda: tile.terminal.emulator is not None)
        yield here, client, tile.terminal


def text_of(view: TerminalView) -> str:
    return "\n".join(strip.text.rstrip() for strip in view._strips).rstrip()


async def typing(here: Opened, view: TerminalView) -> None:
    """Give the terminal the keys."""
    view.focus()
    await here.until(lambda: view.has_focus)


async def test_what_was_printed_before_and_after_is_shown() -> None:
    async with shown(b"before\r\n") as (here, client, view):
        await here.until(lambda: "before" in text_of(view))
        client.prints(view.session, b"\x1b[31mafter\x1b[0m\x1b]0;title\x07")
        await here.until(lambda: "after" in text_of(view))
        assert "title" not in text_of(view)
        style = next(s.style for s in view._strips[1] if s.text == "after")
        assert style is not None and style.color is not None and style.color.triplet is not None


async def test_what_still_comes_of_an_earlier_watch_takes_nothing_from_the_next() -> None:
    async with shown(b"before\r\n") as (here, _, view):
        await here.until(lambda: "before" in text_of(view))
        teller = view.teller
        assert teller is not None
        view.await_past()
        view.came(TerminalOutput(8, b"after\r\n"))  # the engine has not heard of the next one
        told: TerminalWatched = {
            "columns": 80, "rows": 24, "start": 0, "end": 15, "preamble": "", "whole": True,
            "running": True,
        }  # fmt: skip
        view.begin(told, teller, b"")
        view.came(TerminalOutput(0, b"before\r\nafter\r\n"))
        await here.until(lambda: text_of(view) == "before\nafter")


async def test_a_size_that_came_before_the_engines_answer_is_told_after_it() -> None:
    async with shown() as (here, client, view):
        await here.until(lambda: view._sizing is None)
        told = Size(*view.room)
        view._told, client.sizes[:] = (1, 1), []
        view.say_room(told)
        assert view._told == told, "the engine knows it"
        view.say_room(Size(0, 0))  # not laid out yet when the engine was asked
        await here.until(lambda: client.sizes == [tuple(told)])


async def test_the_colours_that_a_program_sets_are_drawn_until_it_takes_them_back() -> None:
    async with shown(b"\x1b[31mred\x1b[0m plain") as (here, client, view):
        await here.until(lambda: "plain" in text_of(view))

        def drawn(word: str) -> tuple[Any, Any]:
            style = next(s.style for s in view._strips[0] if s.text.strip() == word)
            assert style is not None and style.color is not None and style.bgcolor is not None
            return style.color.triplet, style.bgcolor.triplet

        before = drawn("red"), drawn("plain")
        client.prints(view.session, b"\x1b]4;1;#010203\x07\x1b]10;#040506\x07\x1b]11;#070809\x07")
        await here.until(lambda: drawn("plain") == ((4, 5, 6), (7, 8, 9)))
        assert drawn("red") == ((1, 2, 3), (7, 8, 9))
        client.prints(view.session, b"\x1b]104\x07\x1b]110\x07\x1b]111\x07")
        await here.until(lambda: (drawn("red"), drawn("plain")) == before)


async def test_the_scrollbar_stands_at_the_end_of_what_came_last() -> None:
    lines = b"".join(b"line %d\r\n" % n for n in range(200))
    async with shown(lines) as (here, client, view):
        await here.until(lambda: "line 199" in text_of(view))
        client.prints(view.session, lines)
        await here.until(lambda: view.vertical_scrollbar.position > 300)


async def test_a_selection_stays_where_it_is_when_old_lines_go() -> None:
    lines = b"".join(b"line %d\r\n" % n for n in range(10_600))
    async with shown(lines) as (here, client, view):
        await here.until(lambda: view.fed >= len(lines) and "line 10599" in text_of(view))
        await here.settle()
        y = view._gone + view._top + view._first + 2
        word = text_of(view).splitlines()[2]
        here.deck.selections = {view: Selection(Offset(0, y), Offset(40, y))}
        assert view.selected().strip() == word
        client.prints(view.session, b"".join(b"more %d\r\n" % n for n in range(400)))
        await here.until(lambda: "more 399" in text_of(view) and view._gone > 0)
        assert view.selected().strip() == word
        client.prints(view.session, b"".join(b"then %d\r\n" % n for n in range(12_000)))
        await here.until(lambda: "then 11999" in text_of(view))
        assert view.selected() == ""


async def test_a_selection_goes_when_lines_are_broken_elsewhere() -> None:
    async with shown(b"one two three four\r\n" * 5) as (here, client, view):
        await here.until(lambda: "four" in text_of(view))
        columns = view.emulator.columns if view.emulator is not None else 0
        here.deck.selections = {view: Selection(Offset(0, 1), Offset(7, 1))}
        client.prints(view.session, b"more", size=(columns, 9))
        await here.until(lambda: "more" in text_of(view))
        assert view.selected() == "one two"
        client.prints(view.session, b" follows", size=(12, 9))
        await here.until(lambda: "follows" in text_of(view))
        assert view.selected() == "" and here.deck.selections == {}


async def test_one_of_a_machine_that_was_away_is_looked_on_at_again() -> None:
    async with shown(b"before") as (here, client, view):
        await here.until(lambda: "before" in text_of(view))
        rig = client.sessions[view.session]

        def summary() -> Summary:
            assert here.deck.tile is not None
            return here.deck.tile.summary

        for status in ("offline", "unknown"):
            rig.summary.status = status
            client.on_summary(Summary.from_json(rig.summary.to_json()))
            await here.until(lambda status=status: summary().status == status)
        await here.until(lambda: len(client.said("terminal.watch")) == 2)
        await here.until(lambda: "before" in text_of(view))


def test_a_terminal_is_called_as_its_command_is_written() -> None:
    argv = ["/usr/bin/sh", "-c", "echo one; exec cat"]
    summary = Summary.from_json({"id": "a", "terminal": {"argv": argv}})
    assert title_of(summary) == called(argv) == "echo one; exec cat"
    assert called(["/opt/run", "-c", "a b"]) == "run -c 'a b'" and called(["bash", "-l"]) == "bash"


async def test_every_key_is_the_programs_but_the_one_that_leaves() -> None:
    async with shown() as (here, client, view):
        await typing(here, view)
        await here.press("a", "ctrl+c", "escape", "f1", "ctrl+q", "alt+1", "tab", "up", "enter")
        assert client.typed == b"a\x03\x1b\x1bOP\x11\x1b1\t\x1b[A\r"
        assert "f12 leaves" in here.line("footer")
        for byte in ("\x7f", "\x08"):
            view.post_message(events.Key("backspace", byte))
        await here.until(lambda: client.typed.endswith(b"\r\x7f\x08"))
        await here.press("f12", "x")
        assert here.composer.text == "x" and b"x" not in client.typed
        await here.press("backspace", "f12", "y")
        assert client.typed.endswith(b"y")


async def test_the_echo_comes_however_soon_the_next_piece_does() -> None:
    async with shown() as (here, client, view):
        await typing(here, view)
        for n in range(10):
            # Just before it may be drawn again: a timer of so little would never come.
            view._drawn_at = monotonic() - SOONEST_S + 1e-7
            client.prints(view.session, b"%d " % n)
            await here.until(lambda n=n: f"{n} " in text_of(view) + " ")


async def test_an_echo_is_painted_before_anything_else_has_its_turn() -> None:
    async with shown() as (here, client, view):
        await typing(here, view)
        await here.settle()
        with (
            mock.patch.object(here.deck, "paint_now", wraps=here.deck.paint_now) as painted,
            mock.patch("tui.terminals.view.ECHO_WITHIN_S", 60),
            painted_at_once(),
        ):
            view._drawn_at = here.deck._painted_at = monotonic() + 60  # it may not be drawn again
            client.prints(view.session, b"by itself ")
            assert "by itself" not in text_of(view)
            await here.press("x")
            client.prints(view.session, b"echo ")
            assert "echo" in text_of(view) and painted.called
            assert not here.deck._compositor._dirty_regions
            client.prints(view.session, b"and more")
            assert painted.call_count == 1


async def test_what_is_written_for_a_terminal_is_typed_and_run_by_a_second_enter() -> None:
    async with shown() as (here, client, view):
        here.composer.focus()
        await here.type("make test")
        assert "enter types it, a second" in str(here.composer.border_subtitle)
        await here.press("enter")
        await here.until(lambda: view.has_focus)
        assert (client.typed, here.composer.text) == (b"make test", "")
        await here.press("enter")
        await here.until(lambda: client.typed == b"make test\r")


async def test_lines_that_would_run_and_are_not_wanted_are_a_draft_again() -> None:
    async with shown() as (here, client, view):
        client.brackets = False
        here.composer.focus()
        here.app.post_message(events.Paste("one\ntwo"))
        await here.until(lambda: here.composer.text == "one\ntwo")
        await here.press("enter")
        await here.screen(Confirm)
        await here.press("n")
        await here.until(lambda: here.composer.text == "one\ntwo")
        assert not client.typed and not view.has_focus


async def test_the_last_command_goes_to_sessions_once_the_shell_has_told_of_one() -> None:
    async with shown() as (here, client, view):
        offered = {a.name for a in actions().values() if a.when(here.deck)}
        assert not offered & {"send_command", "send_answer", "when_done"}
        other = client.add()
        client.on_summary(client.sessions[other].summary)
        client.emit(view.session, ev.ShellRan(command="make", output="ok", exit=0, seconds=1.0))
        await here.settle()
        here.deck.start("send_command")
        await here.settle()
        await here.press("space", "enter", "enter")
        sent = {"session": view.session, "to": [other], "words": ""}
        await here.until(lambda: client.said("session.hand") == [sent])


async def test_what_is_still_takes_less_memory() -> None:
    with mock.patch("tui.terminals.view.REST_AFTER_S", 0.01):
        async with shown() as (here, client, view):
            client.prints(view.session, b"line\r\n" * 3000)
            await here.until(lambda: view._rested)
            client.prints(view.session, b"more")
            await here.until(lambda: "more" in text_of(view) and view._rested)


async def test_alt_with_b_is_no_move_by_a_word() -> None:
    async with shown() as (here, client, view):
        await typing(here, view)
        here.app.post_message(events.Key(AltLetter.of("b"), None))
        here.app.post_message(events.Key("ctrl+left", None))
        await here.until(lambda: len(client.typed) > 3)
        assert client.typed == b"\x1bb\x1b[1;5D"


async def test_a_paste_of_lines_asks_where_they_would_run() -> None:
    async with shown() as (here, client, view):
        await typing(here, view)
        here.app.post_message(events.Paste("one\ntwo"))
        await here.until(lambda: client.typed == b"one\ntwo")
        client.brackets = False
        here.app.post_message(events.Paste("three\nfour"))
        question = await here.screen(Confirm)
        assert "three" in question.text and client.typed == b"one\ntwo"
        await here.press("n")
        await here.until(lambda: here.app.screen is here.deck)
        assert client.typed == b"one\ntwo"


async def test_the_wheel_scrolls_or_is_the_programs() -> None:
    lines = b"".join(b"line %d\r\n" % n for n in range(200))
    async with shown(lines) as (here, client, view):
        await here.until(lambda: "line 199" in text_of(view))
        await typing(here, view)
        await here.pilot._post_mouse_events([events.MouseScrollUp], widget=view)
        await here.until(lambda: view.back == 3)
        assert "3 lines back" in text_of(view) and not client.typed
        await here.press("z")
        assert (view.back, client.typed) == (0, b"z")
        client.prints(view.session, b"\x1b[?1000h\x1b[?1006h")
        await here.until(lambda: view.emulator is not None and view.emulator.mouse)
        await here.pilot._post_mouse_events([events.MouseScrollUp], widget=view, offset=(2, 1))
        told = b"\x1b[<64;3;%dM"  # from the terminal's first row, which a small tile may not show
        await here.until(lambda: client.typed.endswith(told % (2 + view._first)))
        assert not view.allow_select


async def test_a_click_that_the_program_gets_makes_its_tile_the_current_one_too() -> None:
    client = TerminalClient()
    for _ in range(2):
        client.prints(client.terminal(), b"\x1b[?1000h\x1b[?1006h")
    async with opened(client=client, size=(100, 30)) as here:
        await here.until(lambda: len(here.deck.tiles) == 2)
        other = next(t for s, t in here.deck.tiles.items() if s != here.deck.model.current)
        assert isinstance(other, TerminalTile)
        view = other.terminal
        await here.until(lambda: view.emulator is not None and view.emulator.mouse)
        await here.pilot.click(view, offset=(2, 1))
        await here.until(lambda: here.deck.model.current == other.session)
        await here.until(lambda: view.has_focus)
        assert b"\x1b[<0;3;" in client.typed


async def test_looking_back_finds_and_returns() -> None:
    lines = b"".join(b"line %d\r\n" % n for n in range(3000))
    async with shown(lines) as (here, client, view):
        await here.until(lambda: "line 2999" in text_of(view))
        await here.press("f7", *"line 77", "enter")
        await here.until(lambda: view.hits.total == 11)
        assert "line 77" in text_of(view) and "1 of 11" in text_of(view)
        await here.press("n", "n")
        assert view.hits.at == 3 and not client.typed
        await here.press("escape", "q")
        assert (view.looking, view.back, client.typed) == (False, 0, b"q")


async def test_what_is_pasted_while_a_text_is_looked_for_goes_there_and_not_to_the_program() -> (
    None
):
    async with shown(b"one two\r\n") as (here, client, view):
        await here.until(lambda: "one two" in text_of(view))
        await here.press("f7", "o")
        here.app.post_message(events.Paste("ne\ntwo"))
        await here.until(lambda: view.typing == "one")
        await here.press("f12")
        await here.until(lambda: view.typing is None)
        assert not client.typed and not view.has_focus


async def test_questions_are_answered_but_not_those_of_the_past() -> None:
    async with shown(b"\x1b[6n") as (here, client, view):
        await here.until(lambda: not view.past)
        client.prints(view.session, b"ab\x1b[6n")
        await here.until(lambda: client.replied == b"\x1b[1;3R")


async def test_its_size_is_told_once_it_stays() -> None:
    async with shown() as (here, client, view):
        await here.resize(90, 20)
        await here.until(lambda: bool(client.sizes) and client.sizes[-1] == tuple(view.room))
        told = len(client.sizes)
        for _ in range(1000):
            view._told = None
            view.on_resize(events.Resize(view.size, view.size))
        await here.until(lambda: len(client.sizes) > told)
        await here.settle()
        assert len(client.sizes) == told + 1


async def test_ten_by_three_is_drawn() -> None:
    async with shown(b"\x1b[2J\x1b[Htop left", size=(26, 13)) as (here, _, view):
        await here.until(lambda: "top" in text_of(view))


async def test_out_of_view_nothing_is_sent() -> None:
    client = TerminalClient()
    first = client.terminal()
    client.add("a session")
    async with opened(client=client) as here:
        await here.until(lambda: first in client.watching)
        await here.press("alt+2", "f11")
        await here.until(lambda: first not in client.watching)
        await here.press("f11")
        await here.until(lambda: first in client.watching)


async def test_an_emulator_that_raises_is_begun_anew() -> None:
    async with shown(b"old\r\n") as (here, client, view):
        await here.until(lambda: "old" in text_of(view))
        assert view.emulator is not None
        with mock.patch.object(view.emulator, "feed", side_effect=RuntimeError("no")):
            client.prints(view.session, b"bad")
            await here.until(lambda: len(client.said("terminal.watch")) == 2)
        await here.until(lambda: view.emulator is not None and not view.words)
        client.prints(view.session, b"new")
        await here.until(lambda: text_of(view).endswith("new"))
        assert "bad" not in text_of(view)


async def test_without_an_emulator_the_tile_says_what_is_missing() -> None:
    client = TerminalClient()
    client.terminal()
    with mock.patch("tui.terminals.emulator_choice.missing", return_value="Install the extra."):
        async with opened(client=client) as here:
            await here.until(lambda: isinstance(here.deck.tile, TerminalTile))
            tile = here.deck.tile
            assert isinstance(tile, TerminalTile)
            await here.until(lambda: "Install the extra." in text_of(tile.terminal))


async def test_a_new_one_has_the_keys() -> None:
    client = TerminalClient()
    async with opened(1, client=client) as here:
        await here.press("alt+0")
        await here.screen(Prompt)
        await here.press(*"vim 'a b'", "enter")
        await here.until(lambda: isinstance(here.deck.focused, TerminalView))
        assert client.said("terminal.new")[0]["argv"] == ["vim", "a b"]
        await here.until(lambda: "vim 'a b'" in here.line("footer"))


async def test_the_end_is_said_and_the_deck_has_its_keys_again() -> None:
    async with shown(argv=("make",)) as (here, client, view):
        await typing(here, view)
        client.prints(view.session, b"done", end=True)
        client.emit(view.session, ev.TerminalEnded(code=2))
        await here.until(lambda: view.over)
        summary = client.summaries[view.session]
        assert ("It ended with code 2." in str(foot_of_terminal(summary))) or (
            "ended with code 2" in str(foot_of_terminal(summary))
        )
        await here.press("f1")
        await here.until(lambda: here.app.screen is not here.deck)


async def test_the_inbox_goes_to_a_terminal_or_starts_it_again_and_writes_to_none() -> None:
    async with shown() as (here, client, view):
        client.emit(view.session, ev.TerminalSaid(state="needs-you", message="Bash?"))
        other = client.add()
        client.on_summary(client.sessions[other].summary)
        here.deck.go(other)
        await here.settle()

        async def box(keys: str) -> WantBox:
            def there() -> bool:
                found = list(here.app.screen.query(WantBox))
                return (
                    bool(found)
                    and found[0].armed
                    and keys == "".join(key for key, _ in answers(found[0].want))
                )

            await here.until(there)
            return here.app.screen.query_one(WantBox)

        await here.press("f8")
        assert (await box("t")).told == "Bash?"
        await here.press("t")
        await here.until(lambda: here.deck.model.current == view.session)
        client.emit(view.session, ev.TerminalEnded(code=2))
        here.deck.go(other)
        await here.settle()
        await here.press("f8")
        assert "code 2" in (await box("ast")).told
        await here.press("a")
        await here.until(lambda: client.said("terminal.again") == [{"session": view.session}])
        assert not client.said("session.again")


async def test_a_wide_character_under_the_cursor_is_drawn() -> None:
    async with shown("e\u0301日本 x\r\x1b[C".encode()) as (here, client, view):
        await typing(here, view)
        await here.until(lambda: "日本 x" in text_of(view))
        client.prints(view.session, b"\x1b[C")  # on its second half

        def moved() -> bool:
            at = view.emulator.cursor() if view.emulator is not None else None
            return at is not None and at.x == 2

        await here.until(moved)
        assert text_of(view) == "e\u0301日本 x"


def beside_an_answer(client: TerminalClient, text: str) -> tuple[str, str]:
    """A terminal, and a session that has answered so."""
    terminal, session = client.terminal(), client.add("answers")
    client.start_turn(session)
    client.say(session, text)
    client.end_turn(session)
    return terminal, session


async def test_code_of_an_answer_is_typed_not_run() -> None:
    client = TerminalClient()
    terminal, _ = beside_an_answer(client, "Run this:\n\n```sh\nmake test\n```\n")
    async with opened(client=client) as here:
        await here.until(lambda: terminal in client.watching)
        await here.press("alt+2")
        here.deck.start("to_terminal")
        await here.until(lambda: client.typed == b"make test")
        await here.until(lambda: isinstance(here.deck.focused, TerminalView))


async def test_code_whose_lines_would_run_is_not_typed_when_that_is_refused() -> None:
    client = TerminalClient()
    client.brackets = False
    terminal, session = beside_an_answer(client, "Run this:\n\n```python\nif 1:\n    go()\n```\n")
    async with opened(client=client) as here:
        await here.until(lambda: terminal in client.watching)
        await here.press("alt+2")
        here.deck.start("to_terminal")
        asked = await here.screen(Confirm)
        assert "if 1:\n    go()" in asked.text
        await here.press("n")
        await here.until(lambda: here.app.screen is here.deck)
        await here.settle()
        assert not client.typed and here.deck.model.current == session


async def test_the_clipboard_is_the_programs_only_when_it_is_allowed() -> None:
    async with shown() as (here, client, view):
        options: list[AskOption] = [
            {"id": "copy", "name": "Copy it", "kind": "allow_once", "short": "copy"}
        ]
        asked = ev.PermissionAsked(
            turn=0, call="", ask="a1", tool="clipboard", summary="It wants to copy", options=options
        )
        client.emit(view.session, asked)
        await here.until(lambda: here.deck.tile is not None and here.deck.tile.box is not None)
        with mock.patch.object(here.app, "copy_to_clipboard") as copied:
            here.deck.decide(PermissionBox.Answered(view.session, "a1", "copy"))
            await here.until(lambda: copied.called)
        assert copied.call_args.args == ("from the program",)


async def test_a_recording_is_played_and_gone_through() -> None:
    async with shown() as (here, client, _):
        client.recorded = [
            (0.5, "o", "first\r\n"), (1.0, "r", "40x10"), (60.0, "o", "second"),
        ]  # fmt: skip
        here.deck.start("replay")
        screen = await here.screen(ReplayScreen)
        await here.until(lambda: len(screen.moments) == 3)
        assert screen.length == 3.5
        await here.press("space", "end")
        await here.until(lambda: "second" in screen_text(screen))
        assert screen.view.emulator is not None and screen.view.emulator.columns == 40
        await here.press("left")
        assert "second" not in screen_text(screen)
        await here.press("right")
        assert screen_text(screen).split() == ["first", "second"]


async def test_a_recording_that_stands_still_takes_no_time() -> None:
    async with shown() as (here, client, _):
        client.recorded = [(60.0, "o", "one\r\n")] * 300
        here.deck.start("replay")
        screen = await here.screen(ReplayScreen)
        await here.until(lambda: ticks(screen))
        await here.press("space")
        assert not ticks(screen)
        with mock.patch.object(screen, "hint") as said:
            screen._show(screen.at)
            assert not said.called  # it says the same: nothing is painted
        await here.press("space")
        assert ticks(screen)
        await here.press("end")
        assert screen.at == screen.length and not ticks(screen)


def ticks(screen: ReplayScreen) -> bool:
    return screen._timer is not None and screen._timer._active.is_set()


def screen_text(screen: ReplayScreen) -> str:
    return "\n".join(strip.text for strip in screen.view._strips)


async def test_the_form_begins_a_terminal_too() -> None:
    client = TerminalClient()
    async with opened(1, client=client) as here:
        await here.press("ctrl+n")
        form = await here.screen(NewSessionForm)
        form.query_one("#program", Input).value = "htop -d 5"
        form.action_create()
        await here.until(lambda: isinstance(here.deck.focused, TerminalView))
        assert client.said("terminal.new")[0]["argv"] == ["htop", "-d", "5"]
