"""SIGKILL of the deck and of what tools started, at any point: everything else goes on."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import House
from tests.e2e.terminal import Terminal
from tests.e2e.test_kill import children_of
from tests.support.rig import alive

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]
ROUNDS = max(2, int(os.environ.get("AGENTDECK_KILL_ROUNDS", "6")) // 3)
CTRL_N, CTRL_Q, ENTER = "\x0e", "\x11", "\r"


def ready(deck: Terminal) -> None:
    """The engine is there, and takes messages."""
    deck.wait_for("to a new session")
    deck.wait(lambda: "starting" not in deck.text and "Looking" not in deck.text)


def journals(house: House) -> dict[str, list[dict[str, object]]]:
    """The events of every session on disk; a line that is being written is not one yet."""
    found = {}
    for path in house.places.sessions.glob("*/journal.jsonl"):
        whole, _, _ = path.read_bytes().rpartition(b"\n")
        found[path.parent.name] = [json.loads(line) for line in whole.splitlines()]
    return found


def reasons(house: House) -> list[object]:
    """How turns ended, over all sessions."""
    events = (e for events in journals(house).values() for e in events)
    return [e["reason"] for e in events if e["type"] == "turn.ended"]


def test_decks_killed_at_any_point_stop_nothing_and_the_next_shows_all(house: House) -> None:
    rng = random.Random(5)
    first = house.deck()
    ready(first)
    first.send("stream 90 30" + ENTER)
    first.wait_for("word1")
    engine = house.engine()
    deck = first
    for number in range(ROUNDS):
        wanted = rng.randrange(2, 40)
        with contextlib.suppress(AssertionError):  # the stream may have ended by then
            deck.wait_for(f"word{wanted}", 3)
        if rng.random() < 0.5:
            deck.send("half a tho")
        deck.kill()
        assert house.engine() == engine, f"round {number}"
        deck = house.deck(100 + rng.randrange(40), 24 + rng.randrange(20))
        deck.wait_for("to 1 stream 90 30")
    deck.wait_for("word89", 60)
    deck.wait_for("idle")
    assert reasons(house) == ["end_turn"]
    deck.send(CTRL_Q)
    assert deck.ended() == 0


def test_the_shell_goes_on_after_a_killed_deck_and_the_next_one_puts_the_screen_right(
    house: House,
) -> None:
    command = ["bash", "--norc", "--noprofile", "-i"]
    shell = Terminal(command, cwd=house.work, env={**house.env, "PS1": "$ "})
    house.terminals.append(shell)
    start = f"{sys.executable} -P -m sessions.cli.main"
    shell.wait_for("$ ")
    shell.send(start + ENTER)
    ready(shell)
    deck = children_of(shell.process.pid)[0]  # and below it the engine, a session of its own
    os.kill(deck, signal.SIGKILL)
    shell.wait_for("Killed")
    # bash takes a killed job's terminal back as it was: lines are read and echoed again.
    shell.send("stty -a | tr ' ' '\\n' | grep -cx -e icanon -e echo; echo al'i've" + ENTER)
    shell.wait_for("alive")
    assert "\n2 " in shell.text
    before = len(shell.raw)
    shell.send(start + ENTER)
    shell.wait(lambda: b"\x1b[?1049h" in shell.raw[before:])  # the old picture still stands
    shell.wait(lambda: b"to a new session" in shell.raw[before:])
    ready(shell)
    before = len(shell.raw)
    shell.send(CTRL_Q)
    # What is typed while a deck ends is dropped with its last input: first the prompt is there.
    shell.wait(lambda: b"$ " in shell.raw[before:].partition(b"\x1b[?1049l")[2])
    shell.send("echo 're'stored" + ENTER)
    shell.wait_for("restored")
    written = bytes(shell.raw[before:])
    for mode in (b"\x1b[?1049l", b"\x1b[?1000l", b"\x1b[?2004l"):
        assert mode in written, "screen, mouse and paste are as they were"


def test_killed_tool_children_fail_one_call_and_leave_no_process(house: House) -> None:
    rng = random.Random(7)
    config = house.places.config_file
    config.write_text(config.read_text() + 'permission = "full"\n')
    deck = house.deck()
    ready(deck)
    for number in range(ROUNDS):
        inside = '{"command": "sleep 300 & sleep 301; echo after"}'
        deck.send(f"tool Bash {inside}" + ENTER)
        if number == 0:
            _allow(deck, house)
        engine = house.engine()
        end = time.monotonic() + 20
        while not _sleeps(engine) and time.monotonic() < end:
            deck._drain()
            os.sched_yield()
        below = children_of(engine)
        victim = rng.choice(below)
        os.kill(victim, signal.SIGKILL)
        deck.wait(lambda n=number: len(reasons(house)) > n, 30)  # type: ignore[misc]
        end = time.monotonic() + 20
        while any(alive(p) for p in below) and time.monotonic() < end:
            os.sched_yield()
        assert not [p for p in below if alive(p)], f"round {number}: something is left"
        assert house.engine() == engine
    (events,) = journals(house).values()
    calls = [e["call"] for e in events if e["type"] == "tool.call"]
    results = [e["call"] for e in events if e["type"] == "tool.result"]
    assert calls == results and len(calls) == ROUNDS
    assert reasons(house) == ["end_turn"] * ROUNDS


def _sleeps(engine: int) -> bool:
    """Whether both commands of the tool run."""
    found = 0
    for pid in children_of(engine):
        with contextlib.suppress(OSError):
            found += Path(f"/proc/{pid}/comm").read_text().strip() == "sleep"
    return found >= 2


def _allow(deck: Terminal, house: House) -> None:
    """Where there is no sandbox, mode `full` asks first; a person says yes, for the session."""
    deck.wait(lambda: "needs-you" in deck.text or bool(_sleeps(house.engine())), 60)
