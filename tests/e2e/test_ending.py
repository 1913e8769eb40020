"""The deck ends with its terminal, and when it is asked to, and keeps what was being typed."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
from typing import Any

import pytest

from tests.e2e.conftest import House
from tests.e2e.terminal import Terminal

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

LEFT_ALTERNATE_SCREEN = b"\x1b[?1049l"


def ready(deck: Terminal) -> None:
    """Wait until the deck takes messages."""
    deck.wait_for("to a new session")


def drafts(house: House) -> list[str]:
    """What the deck kept of the composer."""
    data: dict[str, Any] = json.loads((house.places.state / "deck.json").read_bytes())
    return [draft["text"] for draft in data["drafts"].values()]


def test_asked_to_end_it_gives_the_terminal_back(house: House) -> None:
    deck = house.deck()
    ready(deck)
    deck.send("half a thought")
    deck.wait_for("half a thought")
    deck.process.send_signal(signal.SIGTERM)
    assert deck.ended() == 128 + signal.SIGTERM
    assert LEFT_ALTERNATE_SCREEN in deck.raw
    assert drafts(house) == ["half a thought"]


def test_a_program_on_a_terminal_outlives_a_deck_that_is_killed(house: House) -> None:
    pytest.importorskip("pyghostty")
    deck = house.deck()
    ready(deck)
    # Once, and when there is an engine: of two such keys in a row each opens a dialog.
    deck.wait(lambda: not any(words in deck.text for words in ("Looking for the", "starting…")))
    deck.send("\x1b0")
    deck.wait_for("New terminal")
    deck.send("sh -c 'echo be\"\"fore; exec cat'\r")
    deck.wait_for("f12 leaves")
    deck.wait_for("before")
    deck.kill()
    again = house.deck()
    again.wait_for("before")
    again.send("\x1b[24~")
    again.wait_for("f12 leaves")
    again.send("after\r")
    again.wait(lambda: again.text.count("after") == 2)


def test_a_terminal_that_is_closed_ends_it(house: House) -> None:
    deck = house.deck()
    ready(deck)
    deck.send("half a thought")
    deck.wait_for("half a thought")
    deck.hang_up()
    assert deck.process.wait(timeout=20) != 0
    assert drafts(house) == ["half a thought"]


def test_a_terminal_that_goes_without_a_signal_ends_it_too(house: House) -> None:
    """As under a parent that swallows SIGHUP: nobody tells, reading just has an end."""
    master, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
    deck = subprocess.Popen(
        [sys.executable, "-P", "-m", "sessions.cli.main"],
        stdin=child,
        stdout=child,
        stderr=child,
        cwd=house.work,
        env={**house.env, "TERM": "xterm-256color"},
        start_new_session=True,  # and no terminal is taken: the kernel has nobody to signal
    )
    os.close(child)
    written = b""
    while b"new session" not in written:
        written += os.read(master, 65536)
    os.close(master)
    stuck = threading.Timer(30, deck.kill)
    stuck.start()
    try:
        assert deck.wait() == 128 + signal.SIGHUP
    finally:
        stuck.cancel()
