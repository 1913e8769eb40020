"""What real agents said, played again: logs of their wire (tests/agents/recorder.py made them).

Each is a conversation with a command allowed and one refused, a file, an interrupt, a kill and the
way back, a fork, and a message into a running turn.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import pytest

from sessions import config
from sessions.backends.acp import conversation
from sessions.engine.whole_deck import WholeDeck
from sessions.record import events as ev
from sessions.runtime.session import Session
from tests.support.agent_turns import drive
from tests.support.nativerig import of_type
from tests.support.rig import rig_places
from tests.support.wire_log import LOGS, played

ANSWER, RAN, HALF = "These are the answers.", "The tool has run.", "half-told "
WHOLE = "half-told wholly-told"
DIFF = "--- {work}/{file}\n+++ {work}/{file}\n@@ -0,0 +1,2 @@\n+one\n+two"
ONE, TWO = (10, 5), (20, 10)
"""Tokens of a turn in which the model was asked once, or twice."""


@dataclass(frozen=True)
class Seen:
    """What stands in the record of one agent's conversation, where the agents differ."""

    results: tuple[str, ...]
    """Of the command that was allowed, of the one that was refused, of the file."""
    said: tuple[str, ...] = (ANSWER, RAN, RAN, RAN, HALF, ANSWER, WHOLE, ANSWER)
    """The text of each turn that has some."""
    tokens: tuple[tuple[int, int], ...] = (ONE, TWO, TWO, TWO, ONE, ONE, ONE)
    """Of each turn but the interrupted one."""
    title: str = ""
    tool: str = "execute"
    steers: bool = False
    forks: bool = False
    dollars: float | None = None
    error: str = ""


SEEN = {
    "opencode": Seen(
        (
            "(no output)",
            "The user rejected permission to use this specific tool call.",
            "Wrote file successfully.",
        ),
        said=(ANSWER, RAN, RAN, HALF, ANSWER, WHOLE, ANSWER),
        tokens=(ONE,) * 7,
        forks=True,
    ),
    "claude-code": Seen(
        (
            "(Bash completed with no output)",
            "```\nUser refused permission to run tool\n```",
            DIFF,
        ),
        said=(ANSWER, RAN, RAN, RAN, HALF, ANSWER, f"{HALF}\n\n{ANSWER}"),
        tokens=(ONE, TWO, TWO, TWO, ONE, ONE),
        title="First question",
        tool="Bash",
        steers=True,
        forks=True,
        dollars=0.00168 + 0.0007,  # it was told as the sum of each process
    ),
    "codex": Seen(
        ("", ""),
        said=(ANSWER, RAN, HALF, ANSWER, HALF + ANSWER),
        tokens=(ONE, TWO, ONE, ONE, ONE),
        title="First question",
        steers=True,
        forks=True,
        error="The agent codex stopped at what was refused.",
    ),
    "gemini": Seen(("", "It was refused by the user.", DIFF)),
    "qwen": Seen(
        (
            "Command: touch made-by-agent\nDirectory: (root)\nOutput: (empty)\nError: (none)\n"
            "Exit Code: 0\nSignal: (none)\nProcess Group PGID: 8169",
            'Tool "run_shell_command" was canceled by the user.',
            DIFF,
        ),
        said=(ANSWER, RAN, RAN, HALF, ANSWER, WHOLE, ANSWER),
        tokens=(ONE, TWO, ONE, TWO, ONE, ONE, ONE),
    ),
    "vibe": Seen(
        (
            "",
            "Tool execution denied by approval callback",
            DIFF + "\nCreated written-by-agent.txt",
        ),
        title=ANSWER,
        forks=True,
    ),
    "copilot": Seen(
        (
            "\n<shellId: 0 completed with exit code 0>",
            '{"message": "The user rejected this tool call.", "code": "rejected"}',
            DIFF,
        ),
        said=(
            ANSWER,
            RAN,
            RAN,
            HALF,
            ANSWER,
            WHOLE,
            ANSWER,
        ),
        tokens=(ONE, TWO, ONE, TWO, ONE, ONE, ONE),
        title="First question",
    ),
}


def by_turn(session: Session) -> tuple[str, ...]:
    """What was said in each turn that has said something."""
    said: defaultdict[int, str] = defaultdict(str)
    for event in of_type(session, ev.Text):
        said[event.turn] += event.text
    return tuple(said[turn] for turn in sorted(said))


def test_there_is_a_log_of_each_agent_and_it_names_no_place_of_its_maker() -> None:
    assert {path.stem for path in LOGS.glob("*.jsonl")} == set(SEEN)
    for path in LOGS.glob("*.jsonl"):
        text = path.read_text("utf-8")
        assert len(text) < 50_000
        assert not any(place in text for place in ("/home/", "/root", "/tmp/wire", "/Users/"))


@pytest.mark.parametrize("agent", SEEN)
async def test_a_real_agents_conversation_stands_in_the_record_as_it_was(
    agent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, seen = tmp_path / "work", SEEN[agent]
    work.mkdir()
    places = rig_places(tmp_path / "home")
    places.config_file.parent.mkdir(parents=True)
    places.config_file.write_text(played(agent, tmp_path))
    deck = WholeDeck(places, config.load(places.config_file))
    await deck.open()

    async def later() -> None:
        monkeypatch.setattr(conversation, "_now", lambda: time.time() + 61)

    try:
        session, fork = await drive(deck, agent, work, later, lambda: None)
    finally:
        await deck.close()

    def here(text: str) -> str:
        return text.replace("{work}", str(work)).replace("{file}", "written-by-agent.txt")

    files = agent != "codex"
    steered = len(seen.tokens) + 1

    # What was said, and that nothing is told twice after the kill.
    assert by_turn(session) == tuple(here(t) for t in seen.said)
    assert by_turn(fork)[-1] == ANSWER
    asked = of_type(session, ev.UserMessage)
    assert [e.turn for e in asked][-2:] == [steered - (not seen.steers), steered]
    ends = of_type(session, ev.TurnEnded)
    reasons = [e.reason for e in ends]
    assert reasons.count("interrupted") == 1 and set(reasons) == {"end_turn", "interrupted"}

    # What was asked and how it was answered; what came of it.
    requests = of_type(session, ev.PermissionAsked)
    assert len(requests) == 2 + files
    for request in requests:
        assert {"allow_once", "reject_once"} <= {o["kind"] for o in request.options}
    for request in requests[:2]:
        assert "touch made-by-agent" in request.summary + request.detail
    answered = of_type(session, ev.PermissionAnswered)
    assert [e.allowed for e in answered] == [True, False, True][: len(requests)]
    results = of_type(session, ev.ToolResult)
    refused = "denied" if agent == "gemini" else "error"  # which tells no result of its own
    assert [r.status for r in results] == ["ok", refused, "ok"][: len(requests)]
    assert [r.content for r in results] == [here(r) for r in seen.results]
    calls = {call.call: call for call in of_type(session, ev.ToolCall)}
    assert [r.call in calls for r in results] == [True] * len(results)
    assert calls[results[0].call].name == seen.tool
    if files:
        assert requests[2].detail == here(DIFF)
        assert results[2].data["diffs"][0]["new"] == "one\ntwo\n"

    # What it took, what it is called, and what else there is to know.
    told = [(e.usage["input"], e.usage["output"]) for e in ends if e.reason == "end_turn"]
    assert tuple(told) == seen.tokens
    costs = [e.cost_usd for e in ends if e.cost_usd is not None]
    assert (sum(costs) if costs else None) == pytest.approx(seen.dollars)
    titles = [e.agent_title for e in of_type(session, ev.SessionSet) if e.agent_title]
    assert (titles[-1] if titles else "") == seen.title
    assert [e.message for e in of_type(session, ev.Error)] == [seen.error] * bool(seen.error)
    assert not of_type(session, ev.Unknown)
    can = session.summary.agent["can"]
    assert (can["steer"], can["fork"], can["images"]) == (seen.steers, seen.forks, True)
