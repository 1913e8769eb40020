"""Turns with servers that speak Chat Completions: OpenAI's way, and those of others."""

from __future__ import annotations

import importlib
import importlib.util
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from sessions import config
from sessions.backends import openai, registry
from sessions.backends.base import Question
from sessions.backends.chat_request import ChatRequest
from sessions.backends.pricing import cost
from sessions.config.builtin import PRICES
from sessions.paths import Places
from sessions.record import events as ev
from tests.support.chat_steps import (
    DONE,
    call,
    chunk,
    counts,
    error,
    event,
    say,
    start,
    stop,
    text,
    thinking,
    tool,
)
from tests.support.messages_server import MessagesServer, Request, Status, Step
from tests.support.nativerig import NativeRig, of_type, text_of
from tests.support.rig import until


@pytest.fixture
async def chat(tmp_path: Path, server: MessagesServer) -> AsyncIterator[NativeRig]:
    """A deck on a server that speaks Chat Completions."""
    key = 'api_key = "sk-test-1234567890"'
    rig = await NativeRig.make(tmp_path, server, key, kind="openai")
    yield rig
    await rig.close()


async def test_text_streams_into_the_record_and_is_counted(chat: NativeRig) -> None:
    chat.server.script = lambda r: [start(), *text("He", "llo."), *stop(usage=counts(100, 7, 60))]
    session = await chat.session()
    ended = await chat.turn(session, "Hi")
    assert text_of(session) == "Hello."
    assert ended.reason == "end_turn"
    assert ended.usage == {"input": 40, "cache_read": 60, "output": 7}
    request = chat.server.asked[0]
    assert request.path == "/v1/chat/completions"
    assert request.body["stream_options"] == {"include_usage": True}
    assert [m["role"] for m in request.body["messages"]] == ["system", "user"]


@pytest.mark.parametrize(
    ("usage", "told"),
    [
        ({"prompt_tokens": 9, "completion_tokens": 2}, {"input": 9, "output": 2}),
        (
            {"prompt_tokens": 9, "completion_tokens": 2, "prompt_cache_hit_tokens": 4},
            {"input": 5, "output": 2, "cache_read": 4},
        ),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 2,
                "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 3},
            },
            {"input": 2, "output": 2, "cache_read": 4, "cache_write": 3},
        ),
        ({"prompt_tokens": "many", "completion_tokens": -1}, {}),
        ({"prompt_tokens": 1, "completion_tokens": 2, "prompt_tokens_details": 7}, None),
    ],
)
async def test_counts_are_read_in_every_shape(
    chat: NativeRig, usage: ev.JSON, told: dict[str, int] | None
) -> None:
    counted = event(choices=[], usage=usage)
    chat.server.script = lambda r: [start(), *text("Hm."), *stop(usage=counted)]
    ended = await chat.turn(await chat.session(), "Hi")
    assert ended.usage == ({"input": 1, "output": 2} if told is None else told)


async def test_a_server_that_says_what_it_cost_is_believed(chat: NativeRig) -> None:
    chat.server.script = lambda r: [*text("Hm."), *stop(usage=counts(cost=0.0125))]
    ended = await chat.turn(await chat.session(), "Hi")
    assert ended.cost_usd == 0.0125


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
async def test_reasoning_is_shown_and_goes_back_as_it_came(chat: NativeRig, name: str) -> None:
    def script(request: Request) -> Sequence[Step]:
        if request.number:
            return say("Done.")
        thought = thinking("I should ", "look.", name=name)
        return [start(), *thought, *tool(0, "a", "LS", {"path": "."}), *stop("tool_calls")]

    chat.server.script = script
    session = await chat.session()
    await chat.turn(session, "Go")
    assert "".join(e.text for e in of_type(session, ev.Thinking)) == "I should look."
    answer = chat.server.asked[1].body["messages"][2]
    assert answer[name] == "I should look." and answer["content"] is None
    assert answer["tool_calls"][0]["id"] == "a"


async def test_thinking_in_parts_of_the_content_is_understood(chat: NativeRig) -> None:
    part = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}
    said = [chunk({"content": [part]}), chunk({"content": [{"type": "text", "text": "Yes."}]})]
    chat.server.script = lambda r: [start(), *said, *stop()]
    session = await chat.session()
    await chat.turn(session, "Go")
    assert text_of(session) == "Yes."
    assert of_type(session, ev.Thinking)[0].text == "Hm."


async def test_parallel_calls_are_run_and_answered_each_by_a_message(chat: NativeRig) -> None:
    for name in ("a.txt", "b.txt"):
        (chat.root / "work" / name).write_text(f"content of {name}\n")

    def script(request: Request) -> Sequence[Step]:
        if request.number:
            return say("Done.")
        first = tool(0, "a", "Read", {"file_path": "a.txt"})
        second = tool(1, "b", "Read", {"file_path": "b.txt"})
        # As vLLM does it: the pieces of both calls, one after the other.
        mixed = [part for pair in zip(first, second, strict=True) for part in pair]
        return [start(), *text("Both. "), *mixed, *stop("tool_calls")]

    chat.server.script = script
    session = await chat.session()
    await chat.turn(session, "Read them")
    assert text_of(session) == "Both. Done."
    told = chat.server.asked[1].body["messages"]
    assert [m["role"] for m in told] == ["system", "user", "assistant", "tool", "tool"]
    assert [m["tool_call_id"] for m in told[3:]] == ["a", "b"]
    assert "content of b.txt" in told[4]["content"]
    assert [json.loads(c["function"]["arguments"]) for c in told[2]["tool_calls"]] == [
        {"file_path": "a.txt"},
        {"file_path": "b.txt"},
    ]
    assert chat.server.asked[0].body["tools"][0]["type"] == "function"


def whole(name: str, given: object, **fields: object) -> ev.JSON:
    """A call in one piece."""
    return {**fields, "function": {"name": name, "arguments": given}}


CALLS = {
    "without an index": [
        [whole("LS", '{"path": "."}', id="a")],
        [whole("LS", '{"path": "./"}', id="b")],
    ],
    "all at the index 0, with ids": [
        [whole("LS", '{"path": "."}', id="a", index=0)],
        [whole("LS", '{"path": "./"}', id="b", index=0)],
    ],
    "both in one piece, without ids": [
        [whole("LS", '{"path": "."}', index=0), whole("LS", '{"path": "./"}', index=1)]
    ],
    "arguments as an object": [
        [whole("LS", {"path": "."}, index=0, id="a"), whole("LS", {"path": "./"}, index=1, id="b")]
    ],
    "id and name in every piece": [
        [whole("LS", '{"path"', index=0, id="a")],
        [whole("LS", ': "."}', index=0, id="a")],
        [whole("LS", '{"path": "./"}', index=1, id="b")],
    ],
}


@pytest.mark.parametrize("way", CALLS)
async def test_calls_are_understood_however_they_are_told(chat: NativeRig, way: str) -> None:
    told = [chunk({"tool_calls": calls}) for calls in CALLS[way]]
    chat.server.script = lambda r: say("Done.") if r.number else [start(), *told, *stop("stop")]
    session = await chat.session()
    ended = await chat.turn(session, "Go")
    assert ended.reason == "end_turn" and text_of(session) == "Done."
    calls = of_type(session, ev.ToolCall)
    assert [c.input for c in calls] == [{"path": "."}, {"path": "./"}]
    assert len({c.call for c in calls}) == 2


async def test_a_call_that_changes_something_is_asked_about(chat: NativeRig) -> None:
    write = {"file_path": "new.txt", "content": "x"}
    chat.server.script = lambda r: say("I see.") if r.number else call("Write", write)
    session = await chat.session()
    await session.send("Write it")
    await until(lambda: session.summary.status == "needs-you")
    await session.answer(session.summary.asks[0]["ask"], "no", "Not there.", False)
    await until(lambda: not session.working)
    assert not (chat.root / "work" / "new.txt").exists()
    result = chat.server.asked[1].body["messages"][-1]
    assert result["role"] == "tool" and result["content"].startswith("[The call failed.]")
    assert "Not there." in result["content"]


async def test_a_broken_call_is_told_in_words(chat: NativeRig) -> None:
    chat.server.script = lambda r: say("I see.") if r.number else call("Bash", '{"command": "rm ')
    session = await chat.session()
    await chat.turn(session, "Go")
    assert of_type(session, ev.ToolResult)[0].status == "error"
    assert "came broken" in str(chat.server.asked[1].body["messages"][-1])


@pytest.mark.parametrize(
    ("steps", "reason", "detail"),
    [
        (say("Well.", reason="length"), "max_tokens", ""),
        (say("Well.", reason="model_length"), "max_tokens", "window is full"),
        (say("Well.", reason="sensitive"), "refusal", "content filter"),
        (say("Well.", reason="content_filter"), "refusal", "content filter"),
        ([chunk({"refusal": "I can't."}), *stop()], "refusal", "I can't."),
        (say("Well.", reason="novelty"), "error", "novelty"),
        ([*text("Well."), DONE], "end_turn", ""),
    ],
)
async def test_every_reason_to_stop_is_told(
    chat: NativeRig, steps: Sequence[Step], reason: str, detail: str
) -> None:
    chat.server.script = lambda r: steps
    ended = await chat.turn(await chat.session(), "Go")
    assert ended.reason == reason and detail in ended.detail


REFUSED = {
    "stream_options": "Unrecognized request argument supplied: stream_options",
    "reasoning_effort": "Unknown parameter: 'reasoning_effort'.",
    "max_tokens": "Unsupported parameter: 'max_tokens' is not supported with this model. "
    "Use 'max_completion_tokens' instead.",
    "tools": "registry.ollama.ai/library/small:1b does not support tools",
}


@pytest.mark.parametrize("part", REFUSED)
async def test_what_a_server_does_not_take_is_left_out_from_then_on(
    tmp_path: Path, server: MessagesServer, part: str
) -> None:
    def script(request: Request) -> Sequence[Step]:
        if part in request.body:
            return error("api_error", REFUSED[part], status=400)
        return say("Well.")

    server.script = script
    rig = await NativeRig.make(tmp_path, server, "max_tokens = 99", kind="openai")
    rig.deck.config.profiles["test"] = config.model.Profile(backend="test", effort="low")
    session = await rig.session()
    for message in ("One", "Two"):
        assert (await rig.turn(session, message)).reason == "end_turn"
    assert len(server.asked) == 3
    assert of_type(session, ev.Retry) == []
    told = [e.kind for e in of_type(session, ev.Error)]
    assert told == (["no_tools"] if part == "tools" else [])
    await rig.close()


async def test_a_refusal_that_cannot_be_helped_is_told_once(chat: NativeRig) -> None:
    chat.server.script = lambda r: error("invalid_request_error", "stream_options: no", status=400)
    session = await chat.session()
    ended = await chat.turn(session, "Go")
    assert ended.reason == "error" and len(chat.server.asked) == 2


async def test_reasoning_that_a_server_does_not_take_back_stays_out(chat: NativeRig) -> None:
    def script(request: Request) -> Sequence[Step]:
        if any("reasoning" in m for m in request.body["messages"]):
            return [Status(400, b'{"error": {"message": "property \'reasoning\' is unsupported"}}')]
        return [start(), *thinking("Hm.", name="reasoning"), *text("Well."), *stop()]

    chat.server.script = script
    session = await chat.session()
    for _ in range(3):
        assert (await chat.turn(session, "Go")).reason == "end_turn"
    assert len(chat.server.asked) == 4


async def test_a_question_is_held_to_its_form_where_the_server_can(chat: NativeRig) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    chat.server.script = lambda r: say('{"a": "b"}')
    backend = chat.deck.backend("test")
    question = Question([{"role": "user", "content": "Go"}], schema=schema)
    assert (await backend.ask(question)).text == '{"a": "b"}'
    form = chat.server.asked[0].body["response_format"]
    assert form["type"] == "json_schema" and form["json_schema"]["schema"] == schema
    chat.server.script = lambda r: (
        error("invalid_request_error", "response_format is not supported", status=400)
        if "response_format" in r.body
        else say("Well.")
    )
    assert (await backend.ask(question)).text == "Well."


async def test_models_come_with_what_the_server_says_of_them(chat: NativeRig) -> None:
    listed = [
        {"id": "a", "context_length": 1000, "top_provider": {"max_completion_tokens": 10}},
        {"id": "b", "max_model_len": 2000},
        {"id": "c", "context_window": "wide"},
        {"id": "d", "meta": {"n_ctx_train": 8192, "n_ctx": 4096}},  # as llama.cpp says it
        {"name": "no id"},
    ]
    chat.server.models = {"object": "list", "data": listed}
    backend = chat.deck.backend("test")
    found = await backend.models()
    assert [(m.id, m.context, m.max_output) for m in found] == [
        ("a", 1000, 10),
        ("b", 2000, 0),
        ("c", 0, 0),
        ("d", 4096, 0),
    ]
    chat.server.models = {"data": [{"id": "only.gguf", "meta": {"n_ctx": 4096}}]}
    await backend.models()
    assert isinstance(backend, openai.OpenAIBackend)
    assert (backend.window("default"), backend.window("scripted")) == (4096, 0)
    chat.server.models = {"data": "nonsense"}
    assert [m.id for m in await backend.models()] == ["scripted"]


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
async def test_doctor_asks_the_servers_that_are_named_for_their_models(
    tmp_path: Path, server: MessagesServer, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "_PATIENCE_S", 50.0)  # a busy machine imports for long
    rig = await NativeRig.make(tmp_path, server, kind=kind)
    server.models = {"data": [{"id": "scripted"}, {"id": "other\x1b[1m"}]}

    async def row() -> ev.JSON:
        rows = await registry.describe(rig.deck.config, rig.deck.places)
        await registry.asked(rig.deck.config, rig.deck.places, rows)
        return next(r for r in rows if r["name"] == "test")

    told = await row()
    assert told["ok"] and "Its models: scripted, other" in told["detail"]
    assert "\x1b" not in told["detail"]
    server.models = {"data": [{"id": "a"}]}
    told = await row()
    assert told["ok"] and "does not list scripted" in told["detail"] and told["remedy"]
    await server.__aexit__()
    told = await row()
    assert not told["ok"] and server.url in told["detail"] and told["remedy"]
    await rig.close()


async def test_a_key_of_the_environment_stays_with_its_own_server(
    tmp_path: Path, server: MessagesServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-user-123")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-the-user")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Gateway: secret-of-the-user")
    rig = await NativeRig.make(tmp_path, server, kind="openai")
    await rig.turn(await rig.session(), "Hello")
    assert "of-the-user" not in str(server.asked[0].headers)
    await rig.close()


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("", "https://api.openai.com/v1"),
        ("http://127.0.0.1:11434", "http://127.0.0.1:11434/v1"),
        ("http://127.0.0.1:11434/", "http://127.0.0.1:11434/v1"),
        ("https://openrouter.ai/api/v1", "https://openrouter.ai/api/v1"),
        ("https://x.example/v1beta/openai/", "https://x.example/v1beta/openai"),
    ],
)
def test_an_address_gets_its_v1_where_only_a_server_is_named(given: str, address: str) -> None:
    assert openai._address(given) == address


async def test_what_is_missing_is_said_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    places = Places(tmp_path, tmp_path, tmp_path, tmp_path, tmp_path)
    loaded = config.load(tmp_path / "config.toml")
    row = next(r for r in await registry.describe(loaded, places) if r["name"] == "openai")
    assert not row["ok"] and "OPENAI_API_KEY" in row["detail"]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    row = next(r for r in await registry.describe(loaded, places) if r["name"] == "openai")
    assert not row["ok"] and "agentdeck-tui[openai]" in row["remedy"]


async def test_the_companys_own_server_is_asked_by_its_own_names(chat: NativeRig) -> None:
    backend = chat.deck.backend("test")
    backend.official = True  # type: ignore[attr-defined]
    backend._form = ChatRequest(official=True)  # type: ignore[attr-defined]
    chat.server.script = lambda r: say("Well.")
    await backend.ask(Question([{"role": "user", "content": "Go"}], max_tokens=100))
    body = chat.server.asked[0].body
    assert "max_tokens" not in body and body["max_completion_tokens"] > 100
    assert backend.window("gpt-6.2-sol") > 200_000  # type: ignore[attr-defined]


def test_its_models_have_prices_and_no_other_is_taken_for_one_of_them() -> None:
    usage = {"input": 1_000_000, "output": 100_000, "cache_read": 1_000_000}
    assert cost("gpt-6.2-sol", usage, PRICES) == pytest.approx(3.1)
    assert cost("gpt-6-sol-2026-09-22", usage, PRICES) == pytest.approx(3.2)
    assert cost("gpt-5.4-mini", usage, PRICES) == pytest.approx(1.275)
    for model in openai.OpenAIBackend.fallback_models:
        assert cost(model.id, usage, PRICES) is not None
    for unknown in ("gpt-5.4-nano", "gpt-7", "openai/gpt-6.2-sol", "llama3"):
        assert cost(unknown, usage, PRICES) is None
