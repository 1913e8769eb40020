"""The real deck on a real engine, in a real terminal, against a server on loopback."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.e2e.conftest import House
from tests.e2e.terminal import Terminal

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

CTRL_B, CTRL_F, CTRL_J, CTRL_N, CTRL_A = "\x02", "\x06", "\n", "\x0e", "\x01"
CTRL_Q, CTRL_R, CTRL_Z, ESC, ENTER = "\x11", "\x12", "\x1a", "\x1b", "\r"


def said(terminal: Terminal, words: str) -> int:
    """How many tiles show these words."""
    return terminal.text.count(words)


def ready(terminal: Terminal) -> None:
    """The engine is there."""
    terminal.wait_for("enter starts it with the default profile")
    terminal.wait(lambda: "starting" not in terminal.text and "Looking" not in terminal.text)


def test_start_type_answer_leave_and_find_everything_there(house: House) -> None:
    deck = house.deck(fresh=True)
    ready(deck)
    deck.send("hello deck" + ENTER)
    deck.wait_for("You said: hello deck")
    deck.wait_for("to 1 hello deck")
    deck.send("half a thought")
    deck.wait_for("half a thought")
    deck.send(CTRL_Q)
    assert deck.ended() == 0
    assert b"\x1b[?1049l" in deck.raw[-4096:]

    again = house.deck()
    again.wait_for("You said: hello deck")
    again.wait_for("half a thought")


def test_six_sessions_stream_side_by_side_while_typing_echoes(house: House) -> None:
    deck = house.deck()
    ready(deck)
    deck.send(CTRL_N)
    deck.wait_for("How many")
    deck.wait_for("test  ")
    deck.send("\t\t6" + ENTER)  # from the title to the number
    deck.wait(lambda: said(deck, "◦ idle") >= 6)
    deck.send(CTRL_B)
    deck.wait_for("Broadcast to")
    deck.send(CTRL_A)
    deck.wait(lambda: said(deck, "[x]") == 6)
    deck.send(ENTER)
    deck.wait_for("to 6 sessions")
    deck.send("stream 200 12" + ENTER)  # 17 s: long enough that all six are seen at it
    deck.wait_for("Send to 6 sessions?")
    deck.send("y")
    deck.wait(lambda: said(deck, "▸ working") >= 6)
    deck.send("typed meanwhile")
    deck.wait_for("typed meanwhile")
    deck.wait(lambda: said(deck, "word199") == 6, 60)


def test_a_killed_deck_stops_nothing(house: House) -> None:
    deck = house.deck()
    ready(deck)
    deck.send("stream 60 30" + ENTER)
    deck.wait_for("word10")
    deck.kill()
    again = house.deck()
    again.wait_for("word59", 60)
    again.wait_for("word11")


def test_a_killed_engine_loses_nothing_that_was_on_screen(house: House) -> None:
    deck = house.deck()
    ready(deck)
    deck.send("stream 400 30" + ENTER)
    deck.wait_for("word20")
    house.kill_engine()
    deck.wait_for("^r reconnects")
    shown = max(int(w[4:]) for w in deck.text.split() if w.startswith("word") and w[4:].isdigit())
    deck.send(CTRL_R)
    deck.wait_gone("^r reconnects")
    deck.wait_for("nterrupted", 60)
    text = "".join(e["text"] for e in house.journal() if e["type"] == "text")
    assert f"word{shown} " in text + " "
    ended = [e for e in house.journal() if e["type"] == "turn.ended"]
    assert [e["reason"] for e in ended] == ["interrupted"]
    deck.send(ESC + "a")
    deck.wait_for("You said")  # asked once more; the answer may be there before a look at it


def test_two_terminals_show_the_same_live(house: House) -> None:
    one = house.deck()
    ready(one)
    two = house.deck(100, 30)
    ready(two)
    one.send("stream 40 20" + ENTER)
    two.wait_for("word5")
    one.wait_for("word39")
    two.wait_for("word39")


def test_a_paste_of_100_kb_is_folded_and_arrives_whole(house: House) -> None:
    deck = house.deck()
    ready(deck)
    pasted = "0123456789abcde\n" * 6400
    deck.paste(pasted)
    deck.wait_for("[pasted 100 KB]")
    deck.send(" end" + ENTER)
    deck.wait_for("15 tokens")
    user = [e for e in house.journal() if e["type"] == "message.user"]
    assert user[0]["text"] == pasted + " end"


def test_a_permission_is_asked_in_its_tile_and_answered_there(house: House) -> None:
    deck = house.deck()
    ready(deck)
    (house.work / "note.txt").write_text("old\n")
    deck.send('tool Bash {"command": "echo from-the-shell > note.txt; cat note.txt"}' + ENTER)
    deck.wait_for("1 needs-you")
    deck.wait_for("echo from-the-shell > note.txt")
    assert (house.work / "note.txt").read_text() == "old\n"
    deck.send(CTRL_J)
    deck.wait_for("enter answer")
    deck.insist("o", lambda: "Yes, once" not in deck.text)
    deck.wait_for("The tool said")
    assert "from-the-shell" in (house.work / "note.txt").read_text()


def test_a_storm_of_resizes_while_text_streams(house: House) -> None:
    deck = house.deck()
    ready(deck)
    deck.send("stream 80 40" + ENTER)
    deck.wait_for("word3")
    for step in range(30):
        deck.resize(50 + step * 5, 15 + step)
    deck.resize(100, 30)
    deck.wait_for("word79", 60)
    deck.wait_for("f1 help")


def test_what_a_tool_and_a_model_say_reaches_the_terminal_as_text_only(house: House) -> None:
    hostile = "\x1b]52;c;cHduZWQ=\x07 [@click=app.quit]x[/] \x9b2J \x1b[31mred [/"
    (house.work / "evil.txt").write_text(hostile)
    deck = house.deck()
    ready(deck)
    before = len(deck.raw)
    deck.send('tool Read {"file_path": "evil.txt"}' + ENTER)
    deck.wait_for("The tool said")
    deck.wait_for("idle")
    written = bytes(deck.raw[before:])
    assert b"\x1b]52" not in written
    assert b"\xc2\x9b" not in written
    assert deck.text.count("[@click=app.quit]x[/]") >= 1


def test_search_finds_a_closed_session_and_reopens_it(house: House) -> None:
    deck = house.deck()
    ready(deck)
    deck.send("remember the heliotrope" + ENTER)
    deck.wait_for("You said: remember the heliotrope")
    deck.wait_for("idle")
    deck.send(ESC + "x")
    deck.wait_for("no session yet")
    deck.send(CTRL_F)
    deck.wait_for("Search all sessions")
    deck.send("heliotrope")
    deck.wait_for("found")
    deck.send(ENTER)
    deck.wait_for("to 1 remember the heliotrope")


def test_alt_and_a_digit_go_to_a_tile_and_alt_enter_is_a_new_line(house: House) -> None:
    deck = house.deck()
    ready(deck)
    deck.send("first" + ENTER)
    deck.wait_for("You said: first")
    deck.send("\x0b")  # ctrl+k: a fork
    deck.wait_for("to 2 ")
    deck.send(ESC + "1")
    deck.wait_for("to 1 first")
    deck.send("one" + ESC + ENTER + "two")
    deck.wait(lambda: "┃ one " in deck.text and "┃ two " in deck.text)


def test_without_a_terminal_a_sentence_and_no_traceback(house: House) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "sessions.cli.main"],
        cwd=house.work,
        env=house.env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr
    assert "Traceback" not in done.stderr
