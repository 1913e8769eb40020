"""Turns against a real HTTP server: streaming, tools, caching, what is sent."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise
from pathlib import Path

import pytest

from sessions.backends import local
from sessions.backends.oneshot import ask
from sessions.record import events as ev
from tests.support.messages_server import (
    Gate,
    MessagesServer,
    Request,
    Step,
    call,
    say,
    start,
    stop,
    text,
    thinking,
    tool,
)
from tests.support.nativerig import NativeRig, of_type, text_of
from tests.support.rig import until


async def test_text_streams_into_the_record(native: NativeRig) -> None:
    session = await native.session()
    ended = await native.turn(session, "Hello")
    assert text_of(session) == "You said: Hello"
    assert ended.reason == "end_turn"
    assert ended.usage == {"input": 10, "output": 5}


async def test_thinking_comes_back_signed_in_the_next_request(native: NativeRig) -> None:
    native.server.script = lambda r: [start(), *thinking(0, "Hm."), *text(1, "Yes."), *stop()]
    session = await native.session()
    await native.turn(session, "One")
    await native.turn(session, "Two")
    answer = native.server.asked[1].body["messages"][1]
    assert answer["content"][0] == {"type": "thinking", "thinking": "Hm.", "signature": "sig"}


async def test_what_was_sent_stays_as_it_was_for_the_providers_cache(native: NativeRig) -> None:
    """Each request begins with all of the one before, byte for byte, marks aside."""
    session = await native.session()
    for message in ("one", "two", "three", "four"):
        await native.turn(session, message)
    bodies = [r.body for r in native.server.asked]

    def bare(body: ev.JSON) -> list[str]:
        told = json.loads(json.dumps(body["messages"]))
        for entry in told:
            for block in entry["content"]:
                block.pop("cache_control", None)
        return [json.dumps(entry) for entry in told]

    for before, after in pairwise(bodies):
        assert bare(after)[: len(bare(before))] == bare(before)
        assert after["system"] == before["system"]
        assert after["tools"] == before["tools"]
    marks = [
        n
        for n, m in enumerate(bodies[-1]["messages"])
        if any("cache_control" in b for b in m["content"])
    ]
    assert marks == [4, 6]
    assert "cache_control" in bodies[-1]["system"][0]
    assert "cache_control" in bodies[-1]["tools"][-1]


async def test_the_key_goes_to_its_server_and_nowhere_into_the_record(native: NativeRig) -> None:
    session = await native.session()
    await native.turn(session, "Hello")
    request = native.server.asked[0]
    assert "sk-test-1234567890" in (request.headers["authorization"], request.headers["x-api-key"])
    for file in (native.root / "home").rglob("*"):
        if file.is_file() and file.name != "config.toml":
            assert b"sk-test" not in file.read_bytes(), file


async def test_a_key_of_the_environment_is_not_sent_to_another_server(
    tmp_path: Path, server: MessagesServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-of-the-user")
    rig = await NativeRig.make(tmp_path, server)
    await rig.turn(await rig.session(), "Hello")
    assert "sk-ant-of-the-user" not in str(server.asked[0].headers)
    await rig.close()


def tools_then_say(request: Request) -> list[Step]:
    if request.results:
        return list(say("Done: ", str(len(request.results))))
    return [
        start(),
        *text(0, "Reading both. "),
        *tool(1, "a", "Read", {"file_path": "a.txt"}),
        *tool(2, "b", "Read", {"file_path": "b.txt"}),
        *stop("tool_use"),
    ]


async def test_parallel_tool_calls_are_run_and_answered_in_one_message(native: NativeRig) -> None:
    for name in ("a.txt", "b.txt"):
        (native.root / "work" / name).write_text(f"content of {name}\n")
    native.server.script = tools_then_say
    session = await native.session()
    await native.turn(session, "Read them")
    assert text_of(session) == "Reading both. Done: 2"
    results = native.server.asked[1].results
    assert [r["tool_use_id"] for r in results] == ["a", "b"]
    assert "content of b.txt" in json.dumps(results[1])
    order = [e.type for e in session.journal.events() if e.type.startswith("tool.")]
    assert order[:2] == ["tool.call", "tool.call"]


async def test_arguments_that_are_no_json_go_back_as_an_error(native: NativeRig) -> None:
    def script(request: Request) -> list[Step]:
        if request.number:
            return say("I see.")
        return call("Bash", '{"command": "rm -rf ')

    native.server.script = script
    session = await native.session()
    await native.turn(session, "Go")
    result = of_type(session, ev.ToolResult)[0]
    assert result.status == "error" and "no valid JSON" in result.content
    assert "no valid JSON" in native.server.asked[1].last_text
    assert of_type(session, ev.PermissionAsked) == []


async def test_a_steer_goes_in_between_two_steps(native: NativeRig) -> None:
    gate = asyncio.Event()

    def script(request: Request) -> list[Step]:
        if request.results:
            return say("Turned.")
        return [start(), Gate(gate), *tool(0, "a", "LS", {"path": "."}), *stop("tool_use")]

    native.server.script = script
    session = await native.session()
    await session.send("Go")
    await until(lambda: bool(native.server.asked))
    await session.send("turn left", mode="steer")
    gate.set()
    await until(lambda: not session.working)
    content = native.server.asked[1].body["messages"][-1]["content"]
    assert [b["type"] for b in content] == ["tool_result", "text"]
    assert content[1]["text"] == "turn left"


async def test_an_interrupt_keeps_the_text_and_the_next_turn_goes_on(native: NativeRig) -> None:
    gate = asyncio.Event()
    begun = [start(), *text(0, "Half of ")[:2], Gate(gate), *stop()]
    native.server.script = lambda r: begun if r.number == 0 else say("Whole.")
    session = await native.session()
    await session.send("Go")
    await until(lambda: "Half of" in text_of(session))
    await session.interrupt()
    await native.turn(session, "Again")
    messages = native.server.asked[1].body["messages"]
    assert [m["role"] for m in messages] == ["user", "assistant", "user"]
    assert "cut off: interrupted" in json.dumps(messages[2])


async def test_a_turn_limit_pauses_the_session(native: NativeRig) -> None:
    native.server.script = lambda r: call("LS", {"path": f"{r.number}"}, f"c{r.number}")
    session = await native.session()
    session.max_steps = 3
    ended = await native.turn(session, "Go")
    assert ended.reason == "max_turns"
    assert session.summary.status == "paused"
    assert len(native.server.asked) == 3


async def test_a_call_made_again_and_again_is_asked_about(native: NativeRig) -> None:
    native.server.script = lambda r: call("LS", {"path": "."}, f"c{r.number}")
    session = await native.session()
    await session.send("Go")
    await until(lambda: session.summary.status == "needs-you")
    ask_ = session.summary.asks[0]
    assert "third time" in ask_["summary"]
    await session.answer(ask_["ask"], "no", "", False)
    await until(lambda: not session.working)
    assert of_type(session, ev.TurnEnded)[-1].reason == "end_turn"


@pytest.mark.parametrize(
    ("stop_reason", "reason", "status"),
    [
        ("end_turn", "end_turn", "done"),
        ("stop_sequence", "end_turn", "done"),
        ("max_tokens", "max_tokens", "done"),
        ("refusal", "refusal", "done"),
        ("model_context_window_exceeded", "max_tokens", "done"),
        ("terminated", "error", "failed"),
    ],
)
async def test_every_stop_reason_is_told(
    native: NativeRig, stop_reason: str, reason: str, status: str
) -> None:
    native.server.script = lambda r: say("Well.", reason=stop_reason)
    session = await native.session()
    ended = await native.turn(session, "Go")
    assert ended.reason == reason
    assert session.summary.status == status


async def test_a_paused_turn_is_sent_on_unchanged(native: NativeRig) -> None:
    native.server.script = lambda r: (
        say("Part one. ", reason="pause_turn") if r.number == 0 else say("Part two.")
    )
    session = await native.session()
    ended = await native.turn(session, "Go")
    assert ended.reason == "end_turn"
    assert text_of(session) == "Part one. Part two."


async def test_models_come_from_the_server_or_the_configuration(native: NativeRig) -> None:
    backend = native.deck.backend("test")
    assert [m.id for m in await backend.models()] == ["scripted"]
    native.server.models = {"data": "nonsense"}
    assert [m.id for m in await backend.models()] == ["scripted"]


async def test_unknown_events_and_blocks_are_passed_over(native: NativeRig) -> None:
    from tests.support.messages_server import sse

    native.server.script = lambda r: [
        start(),
        sse("novelty", data={"x": 1}),
        sse("content_block_start", index=0, content_block={"type": "hologram"}),
        sse("content_block_delta", index=0, delta={"type": "hologram_delta", "x": 1}),
        sse("content_block_stop", index=0),
        *text(1, "Still here."),
        *stop(),
    ]
    session = await native.session()
    assert (await native.turn(session, "Go")).reason == "end_turn"
    assert text_of(session) == "Still here."


@pytest.mark.local_model
@pytest.mark.skipif(local.bundled_model() is None, reason="the small model is not installed")
async def test_the_embedded_model_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTDECK_HOME", str(tmp_path))
    (tmp_path / "config.toml").write_text('[backends.local]\ntype = "local"\nthreads = 1\n')
    reply = await ask([{"role": "user", "content": "Say hello."}], backend="local", max_tokens=40)
    assert reply.text.strip()
    assert reply.usage["output"] > 0
