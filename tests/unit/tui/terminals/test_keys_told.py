"""Keys as the terminal outside tells them, and as a program in a tile is told."""

from __future__ import annotations

import string
from collections.abc import Iterator

import pytest
from textual import events
from textual._xterm_parser import XTermParser

from tui.terminal.keys import learn
from tui.terminals.emulator import Emulator
from tui.terminals.emulator_choice import make
from tui.terminals.keys import press_of

pytest.importorskip("pyghostty")


@pytest.fixture
def screen() -> Iterator[Emulator]:
    made = make(80, 24)
    yield made
    made.close()


def told(screen: Emulator, came: str) -> bytes:
    """What a program is told of what came from outside."""
    presses = [press_of(e) for e in XTermParser().feed(came) if isinstance(e, events.Key)]
    return b"".join(screen.key(press) if press else b"?" for press in presses)


def test_every_control_key_arrives_as_it_came(screen: Emulator) -> None:
    codes = [code for code in range(128) if (code < 32 and code != 27) or code == 127]
    assert [told(screen, chr(code)) for code in codes] == [bytes([code]) for code in codes]


def test_alt_with_any_character_arrives(screen: Emulator) -> None:
    learn()
    for char in string.ascii_lowercase + string.digits + string.punctuation + " ":
        assert told(screen, f"\x1b[{ord(char)};3u") == b"\x1b" + char.encode()
        if char not in "[]^_":  # with which sequences begin
            assert told(screen, f"\x1b{char}") == b"\x1b" + char.encode()
