"""Turns that grow, fail or are cut off: all is counted, and what is too long is told short."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from sessions.record import events as ev
from tests.support.messages_server import (
    Cut,
    Gate,
    MessagesServer,
    Request,
    Step,
    call,
    error,
    say,
    start,
    stop,
    text,
    tool,
)
from tests.support.nativerig import NativeRig, of_type, text_of
from tests.support.rig import until

PRICES = "\n[prices.scripted]\ninput = 1000000.0\noutput = 0.0"


@pytest.fixture
async def priced(tmp_path: Path, server: MessagesServer) -> NativeRig:
    """A dollar for each token that goes in, and no second try."""
    return await NativeRig.make(tmp_path, server, f"retries = 0{PRICES}")


def listing(request: Request) -> list[Step]:
    """A first step with a tool."""
    return call("LS", {"path": "."}, f"c{request.number}")


async def test_a_turn_that_fails_has_cost_what_its_steps_took(priced: NativeRig) -> None:
    priced.server.script = lambda r: error("api_error", status=500) if r.results else listing(r)
    session = await priced.session()
    ended = await priced.turn(session, "Go")
    assert ended.reason == "error"
    assert ended.usage == {"input": 10, "output": 5}
    assert ended.cost_usd == session.summary.cost_usd == 10.0
    await priced.deck.close()


async def test_an_interrupted_answer_is_counted(priced: NativeRig) -> None:
    gate = asyncio.Event()
    priced.server.script = lambda r: [start(), *text(0, "Half of ")[:2], Gate(gate), *stop()]
    session = await priced.session()
    await session.send("Go")
    await until(lambda: "Half of" in text_of(session))
    await session.interrupt()
    assert session.summary.cost_usd == 10.0
    await priced.deck.close()


async def test_an_answer_that_broke_off_is_counted_once(priced: NativeRig) -> None:
    priced.server.script = lambda r: [start(), *text(0, "Half")[:2], Cut(reset=True)]
    session = await priced.session()
    ended = await priced.turn(session, "Go")
    assert ended.usage == {"input": 10, "output": 1}
    again = await priced.turn(session, "And?")
    assert again.usage == {"input": 10, "output": 1}
    await priced.deck.close()


def grows(request: Request) -> list[Step]:
    """Lists the directory seven times, saying much each time; tells a summary when asked."""
    if "leave your view" in request.last_text:
        return say("I have listed much.")
    if request.number >= 9:
        return say("Done.")
    said = text(0, "word " * 300)
    return [start(), *said, *tool(1, f"c{request.number}", "LS", {"path": "."}), *stop("tool_use")]


async def test_a_turn_that_outgrows_the_window_is_told_short_as_it_runs(
    tmp_path: Path, server: MessagesServer
) -> None:
    rig = await NativeRig.make(tmp_path, server, "context = 2000")
    session = await rig.session()
    server.script = grows
    # Each call is the same: the user lets it go on.
    await session.send("List it all, please.")
    await until(lambda: not session.working or bool(session.summary.asks), 60)
    while session.summary.asks:
        ask = session.summary.asks[0]
        await session.answer(ask["ask"], "once", "", True)
        await until(lambda: not session.working or bool(session.summary.asks), 60)
    assert of_type(session, ev.TurnEnded)[-1].reason == "end_turn"
    (compacted, *_) = of_type(session, ev.ContextCompacted)
    assert compacted.summary.startswith("I have listed much.")
    assert "List it all, please." in compacted.summary
    last = server.asked[-1].body["messages"]
    assert "I have listed much." in json.dumps(last[0])
    assert len(json.dumps(last)) < 8000
    await rig.close()


async def test_the_window_that_the_server_tells_is_known_to_the_deck(native: NativeRig) -> None:
    native.server.models = {"data": [{"id": "scripted", "max_input_tokens": 1234}]}
    await native.deck.backend("test").models()
    session = await native.session()
    await native.turn(session, "Hello")
    assert native.deck.context_window(session) == 1234
    assert session.summary.context_tokens == 15


async def test_ids_that_a_server_uses_twice_are_told_apart(native: NativeRig) -> None:
    def script(request: Request) -> list[Step]:
        if request.results:
            return say(str(len(request.results)))
        twice = [*tool(0, "call_0", "LS", {"path": "."}), *tool(1, "call_0", "LS", {"path": "."})]
        return [start(), *twice, *tool(2, "", "LS", {"path": "."}), *stop("tool_use")]

    native.server.script = script
    session = await native.session()
    await native.turn(session, "Go")
    await native.turn(session, "Again")
    assert text_of(session) == "33"
    ids = [c.call for c in of_type(session, ev.ToolCall)]
    assert len(set(ids)) == 6 and all(ids)


async def test_what_a_declined_answer_calls_is_not_run(native: NativeRig) -> None:
    calls = tool(0, "a", "Bash", {"command": "true"})
    native.server.script = lambda r: [start(), *calls, *stop("refusal")]
    session = await native.session()
    ended = await native.turn(session, "Go")
    assert ended.reason == "refusal"
    assert of_type(session, ev.ToolCall) == []


async def test_a_call_that_came_before_a_break_is_asked_for_again(native: NativeRig) -> None:
    def script(request: Request) -> list[Step]:
        if request.results:
            return say("Done.")
        whole = [start(), *tool(0, "a", "LS", {"path": "."}), *stop("tool_use")]
        return [*whole[:-2], Cut(reset=True)] if request.number == 0 else whole

    native.server.script = script
    session = await native.session()
    await native.turn(session, "Go")
    assert text_of(session) == "Done."
    assert len(of_type(session, ev.ToolCall)) == 1
