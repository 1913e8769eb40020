"""A real shell on a terminal of the real deck, and what goes between it and a session."""

from __future__ import annotations

import json

import pytest

from tests.e2e.conftest import House
from tests.e2e.test_deck import ENTER, ready

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

ALT_0, ALT_1, CTRL_P, F12 = "\x1b0", "\x1b1", "\x10", "\x1b[24~"
TELLS = r"""
PS0='\e]133;C\a'
PROMPT_COMMAND='printf "\e]133;D;%s\a\e]133;A\a" "$?"'
PS1='$ \[\e]133;B\a\]'
"""


def test_code_goes_to_a_terminal_and_what_it_printed_to_the_session(house: House) -> None:
    (house.work / "tells").write_text(TELLS)
    deck = house.deck()
    ready(deck)
    deck.send("\x1b[200~Run:\n\n```sh\necho it is $((6*7))\n```\x1b[201~" + ENTER)
    deck.wait_for("You said: Run:")
    deck.send(ALT_0)
    deck.wait_for("your shell · or a command")
    deck.send("bash --rcfile tells -i" + ENTER)
    deck.wait_for("f12 leaves 2")
    deck.wait_for("┃$ ")
    deck.send(F12 + ALT_1)
    deck.wait_for("to 1 ")
    deck.send(CTRL_P)
    deck.wait_for("🔎")
    deck.send("send code to a terminal")
    deck.wait_for("typed there, not run")
    deck.send(ENTER)
    deck.wait_for("$ echo it is $((6*7))")
    assert "it is 42" not in deck.text
    deck.send(ENTER)
    deck.wait_for("┃it is 42")
    deck.send(F12)
    deck.wait_gone("f12 leaves 2")
    deck.send(CTRL_P)
    deck.wait_for("🔎")
    deck.send("send the last command")
    deck.wait_for("goes where an answer may go")
    deck.send(ENTER)
    deck.wait_for("Send this command to")
    deck.send(ENTER)
    deck.wait_for("What is to be done with it?")
    deck.send("and?" + ENTER)
    deck.wait_for("nothing in it")
    sent = [
        event
        for path in house.places.sessions.glob("*/journal.jsonl")
        for line in path.read_bytes().splitlines()
        if (event := json.loads(line)).get("origin") == "handed"
    ]
    assert len(sent) == 1 and str(sent[0]["text"]).startswith("and?")
    assert "$ echo it is $((6*7))\n\nit is 42\n\n(exit code 0" in sent[0]["text"]
