"""What the keys of a dialog do stands in its frame: a line that is cut hides the last of them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from textual.geometry import Size

from tests.support.deckpilot import opened
from tui.screens.dialogs import Prompt
from tui.screens.new_session import NewSessionForm
from tui.widgets.hints import Hints

TUI = Path(__file__).parents[3] / "tui"
MOST = 66
"""What fits at 80 columns in a dialog that takes nine tenths of them, as the widest do."""


def test_the_keys_of_a_dialog_fit_its_frame() -> None:
    for path in TUI.rglob("*.py"):
        for dialog in ast.walk(ast.parse(path.read_text())):
            if not isinstance(dialog, ast.ClassDef):
                continue
            for call in ast.walk(dialog):
                if isinstance(call, ast.Call) and ast.unparse(call.func) == "self.hint":
                    for said in ast.walk(call):
                        if isinstance(said, ast.Constant) and isinstance(said.value, str):
                            assert len(said.value) <= MOST, said.value


def test_keys_that_were_said_while_there_was_no_room_are_laid_out_for_what_there_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hints = Hints()
    hints.say((("a", "all tiles"), ("b", "both")))
    monkeypatch.setattr(Hints, "size", Size(40, 1))
    assert hints.render().plain == "a all tiles  b both"


async def test_a_dialog_is_as_wide_as_what_its_frame_says() -> None:
    async with opened(0) as here:
        here.app.push_screen(Prompt("A title", enter="takes it"))
        prompt = await here.screen(Prompt)
        await here.until(lambda: bool(prompt.query("#dialog")))
        frame = prompt.query_one("#dialog")
        await here.until(lambda: frame.outer_size.width == 64)
        said = "enter takes it · insert adds it · delete: the default · esc leaves it"
        prompt.hint(said)
        await here.until(lambda: frame.outer_size.width == len(said) + 6)


async def test_on_a_phone_what_enter_does_is_said_without_a_cut_word() -> None:
    async with opened(1, (90, 36)) as here:
        await here.until(lambda: "new line" in str(here.deck.composer.border_subtitle))
        await here.pilot.resize_terminal(42, 36)
        await here.until(lambda: str(here.deck.composer.border_subtitle) == "enter sends")
        await here.press("ctrl+n")
        form = await here.screen(NewSessionForm)
        frame = form.query_one("#dialog")
        await here.until(lambda: str(frame.border_subtitle) == "enter creates · esc cancels")


async def test_on_a_phone_the_first_message_is_told_of_in_three_words() -> None:
    async with opened(0, (42, 32)) as here:
        composer, sender = here.deck.composer, here.deck.sender
        await here.until(lambda: str(composer.border_subtitle) == "enter starts it")
        sender.waiting = composer.Submitted("go", (), composer.draft)
        sender.name_target()
        assert str(composer.border_subtitle) == "it waits for the engine"
        sender.waiting = None
        sender.name_target()
        await here.pilot.resize_terminal(80, 24)
        await here.until(lambda: "default profile" in str(here.deck.composer.border_subtitle))


def test_a_hint_that_is_longer_than_a_line_hides_none_behind_it() -> None:
    hints = Hints()
    hints.say((("enter", "goes on, while nothing is written"), ("escape", "skips the tour")))
    assert hints.get_content_height(Size(34, 9), Size(40, 24), 34) == 2
    assert hints._lines(34)[1].plain == "written  esc skips the tour"


def test_every_dialog_that_lists_its_keys_says_how_to_leave_it() -> None:
    for path in (TUI / "screens").rglob("*.py"):
        if "Hints(" in (text := path.read_text()):
            assert '"escape"' in text, path
