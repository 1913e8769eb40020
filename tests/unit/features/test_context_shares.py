"""What is told to fill a context is what is sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sessions.engine.commands.figures import context
from sessions.record import events as ev
from sessions.record.context import IMAGE_TOKENS, Context
from sessions.record.context_shares import shares, weight
from sessions.record.event_parts import MessageNote
from skills.tokens import quarters
from tests.support.messages_server import MessagesServer
from tests.support.nativerig import NativeRig


def tokens(*texts: str) -> int:
    return -(-sum(map(quarters, texts)) // 4)


def sent(body: dict[str, Any]) -> dict[str, int]:
    """The parts of a request as it went over the wire."""
    blocks = [block for message in body["messages"] for block in message["content"]]
    plain = [{k: v for k, v in tool.items() if k != "cache_control"} for tool in body["tools"]]
    return {
        "system": tokens(body["system"][0]["text"]),
        "tools": tokens(*(json.dumps(tool, ensure_ascii=False) for tool in plain)),
        "all": -(-sum(map(weight, blocks)) // 4),
    }


@pytest.mark.parametrize("compacted", [False, True])
async def test_the_shares_are_those_of_the_request_that_is_sent(
    tmp_path: Path, compacted: bool
) -> None:
    async with MessagesServer() as server:
        rig = await NativeRig.make(tmp_path, server, permission="full")
        try:
            session = await rig.session()
            (tmp_path / "work" / "notes.txt").write_text("All whales are mammals. " * 40)
            session.prepared.append({"kind": "priming", "name": "p", "text": "Think of tides."})
            await rig.turn(session, "hello")
            await rig.turn(session, 'tool Read {"file_path": "notes.txt"}')
            if compacted:
                compact = ev.ContextCompacted(upto=session.summary.seq, summary="It was read.")
                session.recorder.emit(compact)
            told = await context(rig.deck, session.id)
            await rig.turn(session, "thanks")
            (real,) = [sent(request.body) for request in server.requests[-1:]]
        finally:
            await rig.close()
    parts = told["parts"]
    assert parts["system"] == real["system"] and parts["tools"] == real["tools"]
    assert ("files" in parts) == (not compacted) and ("primings" in parts) == (not compacted)
    fixed = parts["system"] + parts["tools"]
    rounding = len(parts)
    assert abs(told["tokens"] - fixed + tokens("thanks") - real["all"]) <= rounding
    assert told["tokens"] == sum(parts.values())


def test_each_part_is_told_by_what_it_is_of(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x" * 400)
    found = Context(tmp_path)
    notes: list[MessageNote] = [
        {"kind": "skills", "text": "s" * 40},
        {"kind": "priming", "text": "p" * 80},
    ]
    for number, event in enumerate(
        (
            ev.UserMessage(turn=1, text="t" * 16, notes=notes, attachments=[
                {"path": "a.txt", "media_type": "text/plain"}]),
            ev.Text(turn=1, text="a" * 8),
            ev.ToolCall(turn=1, call="1", name="skill", input={"name": "x"}),
            ev.ToolResult(turn=1, call="1", status="ok", content="k" * 400),
            ev.ToolCall(turn=1, call="2", name="Bash", input={"command": "ls"}),
            ev.ToolResult(turn=1, call="2", status="ok", content="r" * 4000),
            ev.UserMessage(turn=2, text="q" * 32, origin="priming"),
        ),
        1,
    ):  # fmt: skip
        found.apply(ev.replace(event, seq=number))
    parts = shares(found.filled(), "y" * 12, [])
    assert parts["system"] == 3 and parts["conversation"] == 6 and parts["primings"] == 28
    assert 110 < parts["skills"] < 125 and 1000 < parts["results"] < 1010
    assert 100 <= parts["files"] < 110
    assert next(iter(parts)) == "system" and "agent" not in parts


def test_a_picture_weighs_what_it_is_taken_for() -> None:
    assert weight({"type": "image", "source": {"data": "x" * 10_000}}) == 4 * IMAGE_TOKENS
