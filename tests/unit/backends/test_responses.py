"""Turns with servers of the Responses API, and what goes back to the server that said it alone."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from sessions.backends.base import Question
from sessions.backends.responses_request import ResponsesRequest
from sessions.record import events as ev
from sessions.record.context import Context
from tests.support import chat_steps as chat
from tests.support import responses_steps
from tests.support.messages_server import MessagesServer, Request, Status, Step, sse
from tests.support.nativerig import NativeRig, of_type, text_of
from tests.support.pictures import png
from tests.support.responses_steps import (
    call,
    counts,
    error,
    say,
    start,
    stop,
    text,
    thinking,
    tool,
)
from tests.unit.backends.test_refused import attached, show


@pytest.fixture
async def rig(tmp_path: Path, server: MessagesServer) -> AsyncIterator[NativeRig]:
    """A deck on a server of the Responses API."""
    extra = 'api = "responses"\napi_key = "sk-test-1234567890"'
    made = await NativeRig.make(tmp_path, server, extra, kind="openai")
    yield made
    await made.close()


async def test_text_streams_and_nothing_is_stored_there(rig: NativeRig) -> None:
    rig.server.script = lambda r: [start(), *text(0, "He", "llo."), *stop(usage=counts(100, 7, 60))]
    session = await rig.session()
    ended = await rig.turn(session, "Hi")
    assert text_of(session) == "Hello." and ended.reason == "end_turn"
    assert ended.usage == {"input": 40, "cache_read": 60, "output": 7}
    request = rig.server.asked[0]
    assert request.path == "/v1/responses"
    assert request.body["store"] is False and request.body["instructions"]
    assert request.body["input"][0]["content"][-1] == {"type": "input_text", "text": "Hi"}


def thinks_then_calls(request: Request) -> Sequence[Step]:
    """Thinking and two calls; then an answer."""
    if request.number:
        return say("Done.")
    calls = [*tool(1, "a", "LS", {"path": "."}), *tool(2, "b", "LS", {"path": "./"})]
    return [start(), *thinking(0, "First.", "Then."), *calls, *stop()]


async def test_encrypted_thinking_goes_back_over_steps_and_turns(rig: NativeRig) -> None:
    rig.server.script = thinks_then_calls
    session = await rig.session()
    await rig.turn(session, "Go")
    await rig.turn(session, "Go on")
    assert "".join(e.text for e in of_type(session, ev.Thinking)) == "First.\n\nThen."
    for request in rig.server.asked[1:]:
        told = request.body["input"]
        assert [i["type"] for i in told[:6]] == [
            "message",
            "reasoning",
            "function_call",
            "function_call",
            "function_call_output",
            "function_call_output",
        ]
        assert told[1]["encrypted_content"] == "gAAA"
        assert [part["text"] for part in told[1]["summary"]] == ["First.", "Then."]
        assert [i["call_id"] for i in told[2:6]] == ["a", "b", "a", "b"]


async def test_thinking_is_in_the_record_and_stays_with_its_server(rig: NativeRig) -> None:
    rig.server.script = thinks_then_calls
    session = await rig.session()
    await rig.turn(session, "Go")
    backend = rig.deck.backend("test")
    context = Context(session.folder / "files")
    for event in session.journal.events():
        context.apply(event)
    told = json.dumps(context.messages(unsigned=True, by=backend.by))  # type: ignore[attr-defined]
    assert "gAAA" in told
    assert "gAAA" not in json.dumps(context.messages(unsigned=True, by="responses other.example"))
    assert "gAAA" not in json.dumps(context.messages())


async def test_thinking_that_the_server_cannot_read_any_more_is_left_out(rig: NativeRig) -> None:
    message = "The encrypted content gAAA could not be verified."

    def script(request: Request) -> Sequence[Step]:
        if "gAAA" in json.dumps(request.body):
            return error("invalid_request_error", message, 400, "invalid_encrypted_content")
        return thinks_then_calls(request) if not request.number else say("Done.")

    rig.server.script = script
    session = await rig.session()
    ended = await rig.turn(session, "Go")
    assert ended.reason == "end_turn" and text_of(session) == "Done."
    assert [e.what for e in of_type(session, ev.ContextRefused)] == ["thinking"]


async def test_an_answer_of_thinking_that_was_cut_off_is_not_sent_back_alone(
    rig: NativeRig,
) -> None:
    cut = [start(), *thinking(0, "Hm."), *stop("max_output_tokens")]
    rig.server.script = lambda r: say("Well.") if r.number else cut
    session = await rig.session()
    assert (await rig.turn(session, "Go")).reason == "max_tokens"
    await rig.turn(session, "Go on")
    assert "reasoning" not in [i.get("type") for i in rig.server.asked[1].body["input"]]


@pytest.mark.parametrize(
    ("why", "reason"), [("max_output_tokens", "max_tokens"), ("content_filter", "refusal")]
)
async def test_why_an_answer_is_incomplete_is_told(rig: NativeRig, why: str, reason: str) -> None:
    rig.server.script = lambda r: [start(), *text(0, "Well"), *stop(why)]
    assert (await rig.turn(await rig.session(), "Go")).reason == reason


LONG = 20
"""A limit of an answer's length."""


@pytest.fixture
async def limited(tmp_path: Path, server: MessagesServer) -> AsyncIterator[NativeRig]:
    """A deck that asks for no longer answers than that."""
    extra = f'api = "responses"\nmax_tokens = {LONG}'
    made = await NativeRig.make(tmp_path, server, extra, kind="openai")
    yield made
    await made.close()


@pytest.mark.parametrize(
    ("end", "reason", "detail"),
    [
        (stop(usage=counts(output=LONG)), "max_tokens", ""),
        (stop(usage=counts(output=LONG - 1)), "end_turn", ""),
        ([sse("response.incomplete", response={})], "max_tokens", ""),
        ([sse("response.done", response={"status": "incomplete"})], "max_tokens", ""),
        (stop("max_tokens"), "max_tokens", ""),
        (stop("novelty"), "error", "novelty"),
    ],
)
async def test_an_answer_that_was_cut_is_told_whatever_its_server_calls_it(
    limited: NativeRig, end: list[Step], reason: str, detail: str
) -> None:
    limited.server.script = lambda r: [start(), *text(0, "Well"), *end]
    session = await limited.session()
    ended = await limited.turn(session, "Go")
    assert (ended.reason, text_of(session)) == (reason, "Well") and detail in ended.detail


async def test_a_call_in_an_answer_that_was_cut_is_not_run(limited: NativeRig) -> None:
    cut = [start(), *tool(0, "a", "Bash", '{"command": "rm '), *stop(usage=counts(output=LONG))]
    limited.server.script = lambda r: say("I see.") if r.number else cut
    await limited.turn(await limited.session(), "Go")
    assert "reached its greatest length" in json.dumps(limited.server.asked[1].body["input"])


async def test_a_refusal_is_shown_as_one(rig: NativeRig) -> None:
    refused = sse("response.refusal.delta", output_index=0, delta="I can't.")
    rig.server.script = lambda r: [start(), refused, *stop()]
    session = await rig.session()
    ended = await rig.turn(session, "Go")
    assert ended.reason == "refusal" and text_of(session) == "I can't."


async def test_a_call_in_the_whole_answer_alone_is_run(rig: NativeRig) -> None:
    item = {"type": "function_call", "call_id": "a", "name": "LS", "arguments": '{"path": "."}'}
    rig.server.script = lambda r: (
        say("Done.") if r.number else [start(), *stop(output=[item, {**item, "call_id": "b"}])]
    )
    session = await rig.session()
    await rig.turn(session, "Go")
    assert [c.call for c in of_type(session, ev.ToolCall)] == ["a", "b"]


async def test_a_broken_call_is_told_in_words(rig: NativeRig) -> None:
    rig.server.script = lambda r: say("I see.") if r.number else call("Bash", '{"command": "rm ')
    session = await rig.session()
    await rig.turn(session, "Go")
    assert "came broken" in json.dumps(rig.server.asked[1].body["input"])


@pytest.mark.parametrize("api", ["responses", "chat"])
async def test_pictures_are_sent_in_each_apis_own_form(
    tmp_path: Path, server: MessagesServer, api: str
) -> None:
    rig = await NativeRig.make(tmp_path, server, f'api = "{api}"', kind="openai")
    rig.server.script = lambda r: say("Well.") if api == "responses" else chat.say("Well.")
    (tmp_path / "work" / "b.png").write_bytes(png(9, 9))
    session = await rig.session()
    ended = await show(rig, session, attached(session, "a.png", png()))
    assert ended.reason == "end_turn" and text_of(session) == "Well."
    body = rig.server.asked[0].body
    parts = (body.get("input") or body["messages"])[-1]["content"]
    url = f"data:image/png;base64,{base64.b64encode(png()).decode()}"
    told = next(p["image_url"] for p in parts if p["type"] in ("input_image", "image_url"))
    assert (told if api == "responses" else told["url"]) == url
    await rig.close()


@pytest.mark.parametrize("api", ["responses", "chat"])
async def test_a_picture_that_a_tool_read_follows_its_result(
    tmp_path: Path, server: MessagesServer, api: str
) -> None:
    rig = await NativeRig.make(tmp_path, server, f'api = "{api}"', kind="openai")
    (tmp_path / "work" / "b.png").write_bytes(png(9, 9))
    steps = chat if api == "chat" else responses_steps
    rig.server.script = lambda r: (
        steps.say("Done.") if r.number else steps.call("Read", {"file_path": "b.png"})
    )
    session = await rig.session()
    await rig.turn(session, "Look")
    body = rig.server.asked[1].body
    result, picture = (body.get("input") or body["messages"])[-2:]
    assert result.get("role") == "tool" or result["type"] == "function_call_output"
    assert picture["role"] == "user" and "data:image/png" in json.dumps(picture["content"])
    await rig.close()


async def test_a_question_has_its_form_and_its_limit(rig: NativeRig) -> None:
    schema = {"type": "object"}
    rig.server.script = lambda r: say('{"a": 1}')
    backend = rig.deck.backend("test")
    question = Question([{"role": "user", "content": "Go"}], schema=schema, max_tokens=50)
    assert (await backend.ask(question)).text == '{"a": 1}'
    body = rig.server.asked[0].body
    assert body["text"]["format"]["schema"] == schema and body["max_output_tokens"] == 50


REFUSED = {
    "include": "Encrypted content is not supported with this model.",
    "reasoning": "Your organization must be verified to generate reasoning summaries.",
    "prompt_cache_key": "Unknown parameter: 'prompt_cache_key'.",
}


@pytest.mark.parametrize("part", REFUSED)
async def test_what_the_server_does_not_take_is_left_out(rig: NativeRig, part: str) -> None:
    backend = rig.deck.backend("test")
    backend._form = ResponsesRequest(official=True)  # type: ignore[attr-defined]

    def script(request: Request) -> Sequence[Step]:
        refusal = {"error": {"message": REFUSED[part], "type": "invalid_request_error"}}
        refused = part in request.body
        return [Status(400, json.dumps(refusal).encode())] if refused else say("Well.")

    rig.server.script = script
    session = await rig.session()
    for message in ("One", "Two"):
        assert (await rig.turn(session, message)).reason == "end_turn"
    assert len(rig.server.asked) == 3


# -- what servers of Chat Completions want back


@pytest.fixture
async def chatting(tmp_path: Path, server: MessagesServer) -> AsyncIterator[NativeRig]:
    """A deck on a server of Chat Completions."""
    made = await NativeRig.make(tmp_path, server, kind="openai")
    yield made
    await made.close()


async def test_a_call_goes_back_with_what_its_server_signed_it_with(chatting: NativeRig) -> None:
    signed = {"google": {"thought_signature": "sig-a"}}
    first = {"index": 0, "id": "a", "extra_content": signed, "type": "function"}
    first["function"] = {"name": "LS", "arguments": "{}"}
    second = {"index": 1, "id": "b", "function": {"name": "LS", "arguments": '{"path": "."}'}}
    asked = [chat.start(), chat.chunk({"tool_calls": [first, second]}), *chat.stop("tool_calls")]
    chatting.server.script = lambda r: chat.say("Done.") if r.number else asked
    session = await chatting.session()
    await chatting.turn(session, "Go")
    calls = chatting.server.asked[1].body["messages"][2]["tool_calls"]
    assert calls[0]["extra_content"] == signed and "extra_content" not in calls[1]
    assert "sig-a" not in json.dumps(session.context.messages())


async def test_reasoning_details_go_back_whole(chatting: NativeRig) -> None:
    pieces = [
        {"index": 0, "type": "reasoning.text", "text": "I should "},
        {"index": 0, "type": "reasoning.text", "text": "look.", "signature": "s"},
        {"index": 1, "type": "reasoning.encrypted", "data": "e30="},
    ]
    told = [chat.chunk({"reasoning": p.get("text"), "reasoning_details": [p]}) for p in pieces]
    asked = [*told, *chat.tool(0, "a", "LS", {"path": "."}), *chat.stop("tool_calls")]
    chatting.server.script = lambda r: chat.say("Done.") if r.number else asked
    session = await chatting.session()
    await chatting.turn(session, "Go")
    assert "".join(e.text for e in of_type(session, ev.Thinking)) == "I should look."
    answer = chatting.server.asked[1].body["messages"][2]
    assert answer["reasoning_details"] == [
        {"index": 0, "type": "reasoning.text", "text": "I should look.", "signature": "s"},
        pieces[2],
    ]
    assert "reasoning" not in answer
