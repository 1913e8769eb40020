"""Keys as terminals without the Kitty protocol send them."""

import pytest
from textual import events
from textual._xterm_parser import XTermParser

from tui import actions as registry
from tui import keys


def read(data: str) -> list[str]:
    """The keys that Textual's parser reads at once, without waiting for more."""
    parser = XTermParser()
    return [event.key for event in parser.feed(data) if isinstance(event, events.Key)]


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
