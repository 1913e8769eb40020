"""Claude Code's own questions and its sub-agents, in the deck (see test_real_agents)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from sessions import config
from sessions.engine.whole_deck import WholeDeck
from sessions.record import events as ev
from sessions.record.summary_parts import PendingAsk
from sessions.runtime.session import Session
from tests.agents.setting import AGENTS, FOLDER, configuration
from tests.support.messages_server import MessagesServer, Request, Step, call, say
from tests.support.nativerig import of_type, text_of
from tests.support.rig import rig_places, until

CLAUDE = "claude-code"
pytestmark = [
    pytest.mark.skipif(not FOLDER, reason="run by `make agents`"),
    pytest.mark.skipif(CLAUDE not in AGENTS, reason="Claude Code is not installed"),
    pytest.mark.timeout(300),
]
START_S = 120.0
COLOURS = [{"label": "Red", "description": "warm"}, {"label": "Blue", "description": "cold"}]
QUESTION = {"question": "Which colour?", "header": "Colour", "multiSelect": False}
TASK = {"description": "Find it", "prompt": "scout for it", "subagent_type": "general-purpose",
        "run_in_background": False}  # fmt: skip


def model(request: Request) -> Sequence[Step]:
    """Asks, or hands on, as the user's message says; a sub-agent runs a command."""
    said, answered = "", False
    for message in request.body.get("messages") or []:
        content = message.get("content")
        blocks = content if isinstance(content, list) else [{"type": "text", "text": content}]
        if message.get("role") == "user":
            said += "".join(str(b.get("text", "")) for b in blocks if b.get("type") == "text")
            answered = answered or any(b.get("type") == "tool_result" for b in blocks)
    tools = [str(tool.get("name")) for tool in request.body.get("tools") or []]
    number = f"toolu_{request.number}"
    if not answered and "please ask" in said and "AskUserQuestion" in tools:
        return call("AskUserQuestion", {"questions": [QUESTION | {"options": COLOURS}]}, number)
    if not answered and "please delegate" in said and "Agent" in tools:
        return call("Agent", TASK, number)
    if not answered and "scout for it" in said and "Bash" in tools:
        return call("Bash", {"command": "touch scouted", "description": "x"}, number)
    return say("It is found." if "scout for it" in said else "So be it.")


async def _asked(session: Session) -> PendingAsk:
    await until(lambda: bool(session.summary.asks), START_S)
    return session.summary.asks[0]


async def test_its_questions_are_answered_and_its_sub_agents_are_rows(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    async with MessagesServer(model) as server:
        places = rig_places(tmp_path / "home")
        places.config_file.parent.mkdir(parents=True)
        places.config_file.write_text(configuration(server.url, tmp_path / "agents", [CLAUDE]))
        deck = WholeDeck(places, config.load(places.config_file))
        await deck.open()
        try:
            asking = await deck.create(backend=CLAUDE, cwd=str(work))
            await asking.send("please ask")
            ask = await _asked(asking)
            assert ask["summary"] == "Which colour?"
            names = [(o["name"], o["kind"]) for o in ask["options"]]
            assert names[:3] == [("Red", "choice"), ("Blue", "choice"), ("Say more …", "form")]
            entered = {"question_0": "Blue", "question_0_custom": "the dark one"}
            await asking.answer(ask["ask"], "form", content=entered)
            await until(lambda: not asking.working, START_S)
            (result,) = of_type(asking, ev.ToolResult)
            assert "Blue" in result.content and "the dark one" in result.content
            assert result.call == ask["call"]

            leading = await deck.create(backend=CLAUDE, cwd=str(work))
            await leading.send("please delegate")
            ask = await _asked(leading)
            assert "touch scouted" in ask["detail"]
            allow = next(o["id"] for o in ask["options"] if o["kind"] == "allow_once")
            await leading.answer(ask["ask"], allow)
            await until(lambda: not leading.working, START_S)
            row = next(c for c in of_type(leading, ev.ToolCall) if c.name == "Sub-agent")
            assert row.title == "Find it"
            results = {r.call: r for r in of_type(leading, ev.ToolResult)}
            assert results[row.call].content.endswith("It is found.")
            assert "It is found." not in text_of(leading)
            scout = await deck.get(results[row.call].data["session"])
            assert scout.summary.parent == {
                "id": leading.id, "seq": 0, "call": row.call, "by": "agent",
            }  # fmt: skip
            assert text_of(scout).endswith("It is found.")
            said = [m.text for m in of_type(scout, ev.UserMessage)]
            assert said == ["scout for it"], said
            assert [r.status for r in of_type(scout, ev.ToolResult)] == ["ok"]
            await until(lambda: deck.sessions.get(scout.id) is None or scout.summary.closed)
            assert (work / "scouted").is_file()
            assert not of_type(leading, ev.Unknown)
        finally:
            await deck.close()
