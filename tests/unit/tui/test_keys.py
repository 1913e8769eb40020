"""Keys as terminals without the Kitty protocol send them."""

import pytest
from textual import events
from textual._xterm_parser import XTermParser

from tui import actions as registry
from tui.terminal import keys


def read(data: str) -> list[str]:
    """The keys that Textual's parser reads at once, without waiting for more."""
    parser = XTermParser()
    return [event.key for event in parser.feed(data) if isinstance(event, events.Key)]


def pasted(*pieces: str) -> tuple[list[str], list[str]]:
    """What is pasted and the keys that come with it, from pieces as they arrive."""
    parser = XTermParser()
    told = [event for piece in pieces for event in parser.feed(piece)]
    texts = [event.text for event in told if isinstance(event, events.Paste)]
    return texts, [event.key for event in told if isinstance(event, events.Key)]


@pytest.fixture(autouse=True)
def learned() -> None:
    keys.learn()


@pytest.mark.parametrize("digit", "123456789")
def test_alt_with_a_digit_goes_to_a_tile(digit: str) -> None:
    assert read(f"\x1b{digit}") == [f"alt+{digit}"]


def test_alt_enter_is_not_enter() -> None:
    assert read("\x1b\r") == ["alt+enter"]


def test_every_action_with_alt_and_a_letter_is_read_at_once() -> None:
    for spec in registry.actions().values():
        for key in spec.keys:
            modifier, _, last = key.rpartition("+")
            if modifier == "alt" and len(last) == 1:
                assert read(f"\x1b{last}") == [key], spec.name


@pytest.mark.parametrize(
    ("data", "key"),
    [("\x1b[A", "up"), ("\x1bOP", "f1"), ("\x1bb", "ctrl+left"), ("\x1bf", "ctrl+right"),
     ("\n", "ctrl+j"), ("\x1a", "ctrl+z"), ("\x1b[13;2u", "shift+enter")],
)  # fmt: skip
def test_other_keys_are_what_they_were(data: str, key: str) -> None:
    assert read(data) == [key]


BEGIN, END = "\x1b[200~", "\x1b[201~"


@pytest.mark.parametrize(
    ("inside", "text"),
    [
        ("one\x1b[13;1utwo\x1b[13uthree", "one\ntwo\nthree"),
        ("a\x1b[9;1ub\x1b[27;1;13~c", "a\tb\nc"),
        ("x\x1b[65;2uy \x1b[228;1u", "xAy ä"),
        ("red \x1b[31mword\x1b[0m up\x1b[A end", "red word up end"),
        ("plain\nand\rline ends", "plain\nand\rline ends"),
        ("", ""),
    ],
)
def test_what_stands_between_the_marks_of_a_paste_is_text(inside: str, text: str) -> None:
    assert pasted(f"{BEGIN}{inside}{END}x") == ([text], ["x"])


def test_a_paste_may_come_in_any_pieces() -> None:
    whole = f"k{BEGIN}one\x1b[13;1utwo{END}l"
    for size in (1, 2, 3, 5, 7):
        pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
        assert pasted(*pieces) == (["one\ntwo"], ["k", "l"]), size


def test_the_same_report_outside_of_a_paste_is_a_key() -> None:
    assert pasted(f"{BEGIN}a{END}\x1b[13;1u")[1] == ["enter"]
