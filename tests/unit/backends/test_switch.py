"""A session goes on with another backend and keeps its past."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from sessions.errors import NotFound, UsageError
from sessions.record import events as ev
from sessions.runtime.session import Session
from tests.support import chat_steps as chat
from tests.support import messages_server as messages
from tests.support import responses_steps as responses
from tests.support.messages_server import Gate, MessagesServer, Request, Step
from tests.support.nativerig import NativeRig, of_type, text_of
from tests.support.rig import until

AGENT = Path(__file__).parents[2] / "support" / "scripted_agent.py"
APIS = {
    "/v1/messages": messages,
    "/v1/chat/completions": chat,
    "/v1/responses": responses,
}


def think(request: Request) -> list[Step]:
    """Thinking, each in its own way."""
    return {
        "/v1/messages": lambda: messages.thinking(0, "Hm.", "sig-of-claude"),
        "/v1/chat/completions": lambda: chat.thinking("Hm."),
        "/v1/responses": lambda: responses.thinking(0, "Hm.", encrypted="enc-of-openai"),
    }[request.path]()


def a_call_first(request: Request) -> Sequence[Step]:
    """An answer that thinks and calls a tool; then one that says by which API it came."""
    api = APIS[request.path]
    told = request.body.get("input") or request.body["messages"]
    results = ("tool_result", "function_call_output", '"role": "tool"')
    if "call" not in request.last_text or any(r in json.dumps(told[-1]) for r in results):
        return list(api.say(f"By {request.path}. "))
    stops = {"/v1/messages": "tool_use", "/v1/chat/completions": "tool_calls"}
    call = api.tool(1, "functions.LS:0", "LS", {"path": "."})
    why = stops.get(request.path)
    return [api.start(), *think(request), *call, *(api.stop(why) if why else api.stop())]


@pytest.fixture
async def rig(tmp_path: Path, server: MessagesServer) -> AsyncIterator[NativeRig]:
    """A deck with a backend of each API, and an agent."""
    command = [sys.executable, str(AGENT), "--state", str(tmp_path / "agent.json")]
    address = f'base_url = "{server.url}"\nmodel = "other"'
    extra = (
        f'[backends.chat]\ntype = "openai"\n{address}\n'
        f'[backends.responses]\ntype = "openai"\napi = "responses"\n{address}\n'
        f'[backends.agent]\ntype = "acp"\ncommand = {json.dumps(command)}\n'
    )
    made = await NativeRig.make(tmp_path, server, extra)
    server.script = a_call_first
    yield made
    await made.close()


async def switch(rig: NativeRig, session: Session, backend: str) -> None:
    """Go on with another backend."""
    await rig.deck.change(session, {"backend": backend})
    assert session.summary.backend == backend


async def test_the_past_goes_along_from_api_to_api_and_back(rig: NativeRig) -> None:
    session = await rig.session()
    await rig.turn(session, "call")
    for backend in ("chat", "responses", "test", "chat", "responses"):
        await switch(rig, session, backend)
        ended = await rig.turn(session, f"call of {backend}")
        assert ended.reason == "end_turn"
    assert [e for e in of_type(session, ev.Error)] == []
    asked = [r for r in rig.server.asked if r.number % 2]
    last = {r.path: r for r in asked}
    for path, request in last.items():
        told = json.dumps(request.body.get("input") or request.body["messages"])
        assert "call of" in told and told.count("LS") >= 3
        assert ("sig-of-claude" in told) == (path == "/v1/messages")
        assert ("enc-of-openai" in told) == (path == "/v1/responses")
    assert session.summary.model == "other"


async def test_calls_of_others_go_to_anthropic_under_ids_that_it_takes(rig: NativeRig) -> None:
    session = await rig.session()
    await switch(rig, session, "chat")
    await rig.turn(session, "call")
    assert of_type(session, ev.ToolCall)[0].call == "functions.LS:0"
    await switch(rig, session, "test")
    await rig.turn(session, "And now?")
    told = rig.server.asked[-1].body["messages"]
    ids = [b.get("id") or b.get("tool_use_id") for m in told[1:3] for b in m["content"]]
    assert [found for found in ids if found] == ["functions_LS_0"] * 2


async def test_an_agent_is_told_the_past_in_words_and_nothing_of_it_stays(rig: NativeRig) -> None:
    session = await rig.session()
    await rig.turn(session, "Remember the word lantern.")
    await switch(rig, session, "agent")
    ended = await rig.turn(session, "echo what was said")
    assert ended.reason == "end_turn"
    assert "lantern" in text_of(session).split("By /v1/messages. ")[1]
    assert session.summary.agent["session_id"]
    await switch(rig, session, "chat")
    assert session.summary.agent == {}
    await rig.turn(session, "Go on")
    assert "echo what was said" in json.dumps(rig.server.asked[-1].body)
    await switch(rig, session, "agent")
    await rig.turn(session, "echo again")
    assert "Go on" in of_type(session, ev.Text)[-1].text


async def test_what_cannot_be_is_refused_and_changes_nothing(rig: NativeRig) -> None:
    import asyncio

    gate = asyncio.Event()
    session = await rig.session()
    with pytest.raises(NotFound):
        await rig.deck.change(session, {"backend": "nobody"})
    rig.server.script = lambda r: [messages.start(), Gate(gate), *messages.say("Well.")[1:]]
    await session.send("Go")
    await until(lambda: bool(rig.server.asked))
    with pytest.raises(UsageError, match="works"):
        await rig.deck.change(session, {"backend": "chat"})
    gate.set()
    await until(lambda: not session.working)
    assert session.summary.backend == "test" and session.summary.model == "scripted"
    await rig.deck.change(session, {"backend": "test"})
    assert session.summary.model == "scripted"


async def test_mode_full_is_confirmed_anew(rig: NativeRig) -> None:
    session = await rig.session()
    session.full_confirmed = True
    await switch(rig, session, "agent")
    assert not session.full_confirmed
