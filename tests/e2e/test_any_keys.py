"""Keys, clicks, sizes and messages in any order: the deck stays, and nothing of it fails.

Short by default; `AGENTDECK_ANY_KEYS_S` sets the seconds for each seed, `AGENTDECK_ANY_KEYS_SEED`
another first seed.
"""

from __future__ import annotations

import os
import random
import time

import pytest

from tests.e2e.conftest import House
from tests.e2e.terminal import Terminal

SECONDS = float(os.environ.get("AGENTDECK_ANY_KEYS_S", "8"))
FIRST = int(os.environ.get("AGENTDECK_ANY_KEYS_SEED", "1"))

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120 + SECONDS)]

CTRL = [chr(code) for code in range(1, 27) if chr(code) not in "\x03\x08\x09\x0d\x11"]
FUNCTION = ["\x1bOP", "\x1bOQ", "\x1bOR", "\x1bOS", "\x1b[15~", "\x1b[17~", "\x1b[19~", "\x1b[23~"]
MOVING = [f"\x1b[{which}" for which in ("A", "B", "C", "D", "H", "F", "5~", "6~", "Z")]
PLAIN = ["\r", "\x1b", "\t", " ", "/", *"abcdefghijklmnoprstuvwxyz0123456789"]
ALT = [f"\x1b{letter}" for letter in "123456abcdefghijklmnoprstuvwxyz<>"]
KEYS = CTRL + FUNCTION + MOVING + PLAIN + ALT
SIZES = [(80, 24), (120, 36), (200, 60), (60, 20), (40, 12), (150, 44)]
MESSAGES = [
    "hello",
    "stream 200 100",
    'tool Bash {"command": "ls; ls"}',
    'tool Write {"file_path": "made.py", "content": "print(1)\\n"}',
    'tool Read {"file_path": "a.py"}',
    "/deepen x",
    "# a heading\n\n```python\nprint(1)\n```",
]


def something(rng: random.Random, deck: Terminal) -> str:
    """Do one thing at random; what it was."""
    kind = rng.random()
    if kind < 0.12:
        message = rng.choice(MESSAGES)
        deck.send("\x1b" if rng.random() < 0.5 else "")
        deck.send(message)
        deck.send("\r")
        return message
    if kind < 0.16:
        size = rng.choice(SIZES)
        deck.resize(*size)
        return f"size {size}"
    if kind < 0.22:
        x, y = rng.randrange(1, deck.screen.columns), rng.randrange(1, deck.screen.lines)
        button = rng.choice([0, 0, 0, 2, 64, 65])
        deck.send(f"\x1b[<{button};{x};{y}M")
        if button < 64:
            deck.send(f"\x1b[<{button};{x};{y}m")
        return f"button {button} at {x},{y}"
    key = rng.choice(KEYS)
    deck.send(key)
    return repr(key)


@pytest.mark.parametrize("seed", [FIRST, FIRST + 1])
def test_whatever_is_pressed_the_deck_stays(house: House, seed: int) -> None:
    rng = random.Random(seed)
    (house.work / "a.py").write_text("print(1)\n")
    deck = house.deck()
    deck.wait_for("enter starts it with the default profile")
    log = house.places.log
    done: list[str] = []
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        done.append(something(rng, deck))
        deck.listen(rng.choice([0, 0.01, 0.05, 0.2]))
        if deck.process.poll() is not None:
            # A palette or a menu may have been asked to leave: that is no fault.
            assert deck.process.returncode == 0, (done[-20:], log.read_text()[-3000:])
            deck = house.deck()
    faults = log.read_text() if log.exists() else ""
    assert "Traceback" not in faults, (done[-20:], faults[-3000:])
