"""A terminal's answers are taken out of what it sends; keys and what is no answer go on."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tui.pictures import terminal_support
from tui.pictures.terminal_support import judged
from tui.terminal.terminal_answers import TerminalAnswers

XTERM = "\x1bP>|XTerm(379)\x1b\\\x1b[6;17;8t\x1b[?63;1;2;4;6c"


@pytest.fixture
def asked() -> tuple[TerminalAnswers, list[tuple[str, str]]]:
    answers, told = TerminalAnswers(), []
    answers.expect(lambda what, answer: told.append((what, answer)))
    return answers, told


def test_answers_are_taken_and_keys_between_them_stay(
    asked: tuple[TerminalAnswers, list[tuple[str, str]]],
) -> None:
    answers, told = asked
    assert answers.text(f"a\x1b[A{XTERM}b\x1b[?1;0;256Sc") == "a\x1b[Abc"
    assert told == [("name", "XTerm(379)"), ("cell", "17;8"),
                    ("attributes", "63;1;2;4;6"), ("colours", "0;256")]  # fmt: skip
    assert answers.text("\x1b[200~\x1b[6~\x1b[?2026;2$y") == "\x1b[200~\x1b[6~\x1b[?2026;2$y"


@pytest.mark.parametrize("at", range(1, len(XTERM)))
def test_an_answer_in_two_pieces_is_one(
    at: int, asked: tuple[TerminalAnswers, list[tuple[str, str]]]
) -> None:
    answers, told = asked
    assert answers.text("x" + XTERM[:at]) + answers.text(XTERM[at:] + "y") == "xy"
    assert len(told) == 3


def test_an_escape_key_is_only_waited_with(
    asked: tuple[TerminalAnswers, list[tuple[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, _ = asked
    assert answers.text("\x1b") == ""
    monkeypatch.setattr("tui.terminal.terminal_answers.HELD_S", 0.0)
    assert answers.late() == "\x1b" and answers.late() == ""
    assert TerminalAnswers().text("\x1b[?63;4c") == "\x1b[?63;4c"  # nothing was asked


@pytest.mark.parametrize(
    ("said", "tmux", "environ", "form"),
    [
        ({"attributes": "63;1;4;22"}, "", {}, "sixel"),
        ({"attributes": "64;1;14"}, "", {}, "blocks"),
        ({"attributes": "4"}, "", {}, "blocks"),  # a level, no power
        ({"attributes": "62", "name": "kitty(0.35.2)"}, "", {}, "kitty"),
        ({"attributes": "62", "name": "kitty(0.26.5)"}, "", {}, "blocks"),
        ({"attributes": "62", "name": "ghostty 1.0.1"}, "", {}, "kitty"),
        ({"attributes": "62;4", "name": "WezTerm 2024"}, "", {}, "sixel"),
        ({"attributes": "1;2;4"}, "", {"TMUX": "x"}, "sixel"),
        ({"attributes": "1;2"}, "kitty(0.35.2)\tRGB,256\t1", {"TMUX": "x"}, "kitty"),
        ({"attributes": "1;2"}, "kitty(0.35.2)\t256\ton", {"TMUX": "x"}, "blocks"),
        ({"attributes": "1;2"}, "XTerm(379)\tRGB\ton", {"TMUX": "x"}, "blocks"),
        ({}, "", {"AGENTDECK_PICTURES": "kitty"}, "kitty"),
    ],
)
def test_what_the_answers_mean(
    said: dict[str, str], tmux: str, environ: dict[str, str], form: str
) -> None:
    assert judged(said, tmux, environ).form == form


def test_what_would_let_pictures_through_tmux_is_told() -> None:
    told = judged({"attributes": "1;2"}, "ghostty 1.1\tRGB\toff", {"TMUX": "x"})
    assert (told.form, told.hint) == ("blocks", terminal_support.PASSTHROUGH)


@pytest.mark.parametrize("cell", ["0;0", "99999;1", "17", "", ";"])
def test_a_cell_that_can_t_be_is_guessed(cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal_support, "_by_system", lambda: (0, 0))
    assert judged({"attributes": "62;4", "cell": cell}, "", {}).cell == (10, 20)
    lies = {"attributes": "62;4", "colours": "0;99999999"}
    assert judged(lies, "", {}).colours == 256
    assert judged({**lies, "colours": "0;16"}, "", {}).colours == 16


def test_the_deck_starts_without_any_of_it() -> None:
    program = (
        "import sys, tui.deck.screen; heavy = ('PIL', 'textual_image', 'resvg_py', 'numpy');"
        "print([name for name in sys.modules if name.split('.')[0] in heavy])"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
