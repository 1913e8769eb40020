"""A session that is given a failing test suite and left alone, in the real deck."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from tests.e2e.conftest import House
from tests.e2e.terminal import Terminal
from tests.support.messages_server import MessagesServer, Request, Script, Step, call, say

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

ENTER, ESC, F8, CTRL_N = "\r", "\x1b", "\x1b[19~", "\x0e"
BROKEN = "def total(numbers):\n    return sum(numbers) - 1\n"
SUITE = (
    "import unittest\nfrom sums import total\n\n\n"
    "class Sums(unittest.TestCase):\n"
    "    def test_total(self):\n        self.assertEqual(total([1, 2, 3]), 6)\n"
)
RUN = {"command": "python3 -m unittest -q"}


def mends(request: Request) -> Sequence[Step]:
    """What a model would do: it looks at each result and decides its next step by it."""
    if "failing" not in json.dumps(request.body["messages"]):
        return say("You said: ", request.last_text)
    calls = [b for m in request.body["messages"] for b in _blocks(m) if b["type"] == "tool_use"]
    number = f"call_{len(calls)}"
    if not request.results:
        return call("Bash", RUN, number, "I run the tests first. ")
    shown = json.dumps(request.results)
    last = calls[-1]["name"]
    if last == "Bash" and "FAILED" in shown:
        return call("Read", {"file_path": "sums.py"}, number)
    if last == "Read":
        assert "sum(numbers) - 1" in shown
        change = {"file_path": "sums.py", "old_string": " - 1", "new_string": ""}
        return call("Edit", change, number, "One too few. ")
    if last == "Edit":
        return call("Bash", RUN, number)
    return say("All tests pass." if "OK" in shown else f"It still fails: {shown}")


def _blocks(message: dict[str, Any]) -> list[dict[str, Any]]:
    content = message["content"]
    return content if isinstance(content, list) else []


@contextmanager
def serving(script: Script) -> Iterator[MessagesServer]:
    """A scripted server on a thread of its own, for tests that read a terminal."""
    server = MessagesServer(script)
    loop = asyncio.new_event_loop()
    listening, done = threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with server:
            listening.set()
            await done.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    try:
        assert listening.wait(10)
        yield server
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(10)
        loop.close()


def configure(house: House, server: MessagesServer) -> None:
    """The default profile: this server, in the mode `edit`."""
    config = house.root / "home" / "config.toml"
    config.write_text(
        '[defaults]\nprofile = "work"\n'
        f'[backends.work]\nbase_url = "{server.url}"\nmodel = "scripted"\n'
        '[profiles.work]\nbackend = "work"\npermission = "edit"\n'
    )


def begin(house: House) -> Terminal:
    """The deck, ready."""
    deck = house.deck()
    deck.wait_for("enter starts it with the default profile")
    deck.wait(lambda: "starting" not in deck.text and "Looking" not in deck.text)
    return deck


def test_a_failing_suite_is_mended_with_one_answer_given_from_another_tile(house: House) -> None:
    (house.work / "sums.py").write_text(BROKEN)
    (house.work / "test_sums.py").write_text(SUITE)
    with serving(mends) as server:
        configure(house, server)
        deck = begin(house)
        deck.send("mend the failing tests" + ENTER)
        deck.wait_for("1 needs-you")
        deck.send(CTRL_N)
        deck.wait_for("How many")
        deck.wait_for("work  ")
        deck.send(ENTER)
        deck.wait_for("to 2 new session")
        deck.send(F8)
        deck.wait_for("Inbox: 1 waiting")
        deck.wait_for("` for this session")
        # For the session: the second run of the same command then asks no more.
        deck.insist("s", lambda: "Nothing waits" in deck.text)
        deck.send(ESC)
        deck.wait_for("All tests pass.", 60)
        deck.wait_for("OK")
    assert (house.work / "sums.py").read_text() == BROKEN.replace(" - 1", "")
    journal = max(house.places.sessions.glob("*/journal.jsonl"), key=lambda p: p.stat().st_size)
    events = [json.loads(line) for line in journal.read_bytes().splitlines()]
    assert [e["name"] for e in events if e["type"] == "tool.call"] == [
        "Bash", "Read", "Edit", "Bash"
    ]  # fmt: skip
    results = [e for e in events if e["type"] == "tool.result"]
    assert [r["status"] for r in results] == ["error", "ok", "ok", "ok"]
    answers = [e for e in events if e["type"] == "permission.answered"]
    assert answers[0]["by"] == "user"
    asked = [e for e in events if e["type"] == "permission.asked"]
    assert len(asked) == 1
    changed = [e for e in events if e["type"] == "file.changed"]
    assert [c["path"].rpartition("/")[2] for c in changed] == ["sums.py"]
    assert [e["reason"] for e in events if e["type"] == "turn.ended"] == ["end_turn"]


def test_from_a_turn_of_ones_choice_files_go_back_and_a_fork_goes_on(house: House) -> None:
    def writes(request: Request) -> Sequence[Step]:
        """Writes the last word of what it is told into a file."""
        if request.results or "write" not in request.last_text:
            return say(f"Written by message {len(request.body['messages'])}.")
        number = f"call_{len(request.body['messages'])}"
        word = request.last_text.split()[-1]
        return call("Write", {"file_path": "a.txt", "content": word}, number)

    with serving(writes) as server:
        configure(house, server)
        deck = begin(house)
        for number, word in ((3, "one"), (7, "two"), (11, "three")):
            deck.send(f"read a.txt and write {word}" + ENTER)
            deck.wait_for(f"Written by message {number}.")
            journal = next(house.places.sessions.glob("*/journal.jsonl"))
            while journal.read_bytes().count(b'"turn.ended"') < (number + 1) // 4:
                time.sleep(0.05)  # what the screen says may still be of the turn before
            deck.wait_for("1 idle")
            assert (house.work / "a.txt").read_text() == word
        deck.insist(ESC + ESC, lambda: "Turns of 1" in deck.text)
        deck.wait_for("1 file")
        deck.send("two" + ENTER)
        deck.wait_for("Fork after it")
        deck.send("put files" + ENTER)
        deck.wait_for("Put back: a.txt.")
        assert (house.work / "a.txt").read_text() == "one"
        deck.send(ESC + "t")
        deck.wait_for("Turns of 1")
        deck.send("two" + ENTER)
        deck.wait_for("Fork before it")
        deck.send("fork before" + ENTER)
        deck.wait_for("to 2 ")
        deck.wait_for("┃ read a.txt and write two")
    parents = [json.loads(p.read_bytes().splitlines()[0])["parent"]
               for p in house.places.sessions.glob("*/journal.jsonl")]  # fmt: skip
    assert [p is None for p in parents].count(False) == 1
