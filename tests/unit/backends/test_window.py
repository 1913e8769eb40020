"""The model's window: room for the answer counts, and what is too large is made smaller."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from sessions.backends import faults
from sessions.features import compaction
from sessions.record import events as ev
from sessions.record.context import Context
from tests.support.messages_server import (
    JSON,
    MessagesServer,
    Request,
    Status,
    Step,
    error,
    say,
    start,
    stop,
    tool,
)
from tests.support.nativerig import NativeRig, of_type, text_of
from tests.support.rig import until

SUMMARY = "They counted sheep."


def refusal(message: str, kind: str = "invalid_request_error", **more: object) -> list[Step]:
    """What a server says of a request that is too large."""
    body = {"error": {"message": message, "type": kind, **more}}
    return [Status(400, json.dumps(body).encode())]


TOO_LARGE: dict[str, tuple[JSON, int]] = {
    "Anthropic": (
        {"type": "invalid_request_error", "message": "prompt is too long: 210000 tokens > 200000"},
        200_000,
    ),
    "Kimi": (
        {
            "message": "Invalid request: Your request exceeded model token limit: 262144 "
            "(requested: 269030)",
            "type": "invalid_request_error",
        },
        262_144,
    ),
    "Kimi, in bytes": ({"message": "total message size 2100954 exceeds limit 2097152"}, 0),
    "Moonshot": ({"message": "model max length exceeded, max length:8192"}, 0),
    "GLM": ({"code": "1261", "message": "Prompt exceeds max length"}, 0),
    "GLM, anew": (
        {"code": "1210", "message": "tokens in request more than max tokens allowed"}, 0
    ),
    "Qwen": (
        {
            "code": "invalid_parameter_error",
            "message": "<400> InternalError.Algo.InvalidParameter: Range of input length should "
            "be [1, 204800]",
        },
        204_800,
    ),
    "Copilot": (
        {
            "message": "prompt token count of 146270 exceeds the limit of 128000",
            "code": "model_max_prompt_tokens_exceeded",
        },
        128_000,
    ),
    "vLLM": (
        {
            "message": "This model's maximum context length is 16384 tokens. However, you "
            "requested 122946 tokens (112946 in the messages, 10000 in the completion). Please "
            "reduce the length of the messages or completion.",
            "code": 400,
        },
        16_384,
    ),
    "vLLM, the answer": (
        {
            "message": "'max_tokens' or 'max_completion_tokens' is too large: 8192. This model's "
            "maximum context length is 8192 tokens and your request has 500 input tokens"
        },
        8192,
    ),
    "vLLM, the decoder": (
        {
            "message": "The decoder prompt (length 163840) is longer than the maximum model length "
            "of 131072."
        },
        0,
    ),
    "llama.cpp": (
        {
            "code": 500,
            "message": "the request exceeds the available context size. try increasing it",
            "type": "exceed_context_size_error",
            "n_prompt_tokens": 1407,
            "n_ctx": 1024,
        },
        1024,
    ),
    "llama.cpp, anew": (
        {
            "message": "request (131168 tokens) exceeds the available context size (131072 "
            "tokens), try increasing it"
        },
        131_072,
    ),
    "LiteLLM": (
        {
            "message": "litellm.ContextWindowExceededError: litellm.BadRequestError: Context "
            "Window exceeded for given call. No models have context window large enough",
            "code": "400",
        },
        0,
    ),
    "OpenRouter": (
        {
            "message": "Provider returned error",
            "code": 400,
            "metadata": {"raw": '{"error":{"message":"maximum context length is 262144 tokens."}}'},
        },
        262_144,
    ),
    "Gemini": (
        {"message": "The input token count (1196265) exceeds the maximum number of tokens allowed"},
        0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("server", TOO_LARGE)
def test_a_request_that_is_too_large_is_known_by_any_wording(server: str) -> None:
    said, window = TOO_LARGE[server]
    of_status = faults.of_status(400, json.dumps({"error": said}).encode(), {})
    bare = faults.of_status(400, json.dumps(said).encode(), {})
    for fault in (of_status, bare, faults.of_event(said)):
        assert (fault.kind, fault.window) == ("too_large", window)


@pytest.mark.parametrize(
    "said",
    [
        "messages.0.content.0.image.source.base64: image exceeds 5 MB maximum: 6000000 bytes",
        "max_tokens: 64000 > 8192, which is the maximum allowed number of output tokens",
        "tools.3.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'",
        "Internal server error",
    ],
)
def test_what_is_not_too_large_is_not_taken_for_it(said: str) -> None:
    body = json.dumps({"error": {"type": "invalid_request_error", "message": said}}).encode()
    assert faults.of_status(400, body, {}).kind == "invalid"


async def rig_of(root: Path, server: MessagesServer, extra: str) -> NativeRig:
    """A deck that does not try again by itself."""
    return await NativeRig.make(root, server, f"retries = 0\n{extra}")


def size_of(request: Request) -> int:
    """What a strict server counts: four characters a token, and the answer."""
    return len(json.dumps(request.body["messages"])) // 4 + int(request.body["max_tokens"])


@pytest.mark.parametrize("window", [8_000, 16_384, 32_768, 50_000])
@pytest.mark.parametrize("told", [True, False], ids=["known", "unknown"])
async def test_no_window_gets_stuck_where_the_answer_needs_room_too(
    tmp_path: Path, server: MessagesServer, window: int, told: bool
) -> None:
    rig = await rig_of(tmp_path, server, f"context = {window}" if told else "")

    def script(request: Request) -> Sequence[Step]:
        if size_of(request) > window:
            return refusal(f"This model's maximum context length is {window} tokens.")
        return say(SUMMARY) if "leave your view" in request.last_text else say("word " * 1000)

    server.script = script
    session = await rig.session()
    for number in range(window // 1250 + 3):
        ended = await rig.turn(session, f"question {number}")
        assert ended.reason == "end_turn", of_type(session, ev.Error)
    assert of_type(session, ev.ContextCompacted)
    assert "summarised, for which the model reads about" in of_type(session, ev.Notice)[0].message
    refused = [r for r in server.asked if size_of(r) > window]
    assert len(refused) <= (0 if told else 2)
    await rig.close()


async def test_what_is_refused_as_too_large_is_compacted_once_and_asked_again(
    tmp_path: Path, server: MessagesServer
) -> None:
    rig = await rig_of(tmp_path, server, "")
    strict = False

    def script(request: Request) -> Sequence[Step]:
        if "leave your view" in request.last_text:
            return say(SUMMARY)
        if strict and SUMMARY not in json.dumps(request.body["messages"]):
            return refusal("Prompt exceeds max length", code="1261")
        return say("word " * 1000)

    server.script = script
    session = await rig.session()
    for number in range(3):
        await rig.turn(session, f"question {number}")
    strict = True
    ended = await rig.turn(session, "question 3")
    assert ended.reason == "end_turn" and not of_type(session, ev.Error)
    assert len(of_type(session, ev.ContextCompacted)) == 1
    sent = json.dumps(server.asked[-1].body["messages"])
    assert "question 0" not in sent and "question 3" in sent
    await rig.close()


async def test_what_stays_too_large_is_said_after_one_compaction(
    tmp_path: Path, server: MessagesServer
) -> None:
    rig = await rig_of(tmp_path, server, "")
    large = False
    server.script = lambda r: (
        say(SUMMARY)
        if "leave your view" in r.last_text
        else refusal("Prompt exceeds max length")
        if large
        else say("word " * 1000)
    )
    session = await rig.session()
    for number in range(3):
        await rig.turn(session, f"question {number}")
    large = True
    before = len(server.asked)
    assert (await rig.turn(session, "question 3")).reason == "error"
    assert len(server.asked) == before + 3  # refused, summarised, refused again
    assert of_type(session, ev.Error)[-1].kind == "too_large"
    large = False
    assert (await rig.turn(session, "question 4")).reason == "end_turn"
    await rig.close()


async def test_a_compaction_that_gains_nothing_ends_the_turn_with_a_sentence(
    tmp_path: Path, server: MessagesServer
) -> None:
    rig = await rig_of(tmp_path, server, "context = 10000")

    def script(request: Request) -> Sequence[Step]:
        if "leave your view" in request.last_text:
            return say(SUMMARY)
        # Whatever is sent, it counts as nearly all of the window: tools of its own, say.
        calls = tool(0, f"c{request.number}", "LS", {"path": "."})
        return [start(input_tokens=9_500), *calls, *stop("tool_use")]

    server.script = script
    session = await rig.session()
    await session.send("Go")
    await until(lambda: not session.working, 60)
    summaries = [r for r in server.asked if "leave your view" in r.last_text]
    assert len(summaries) <= 2 and len(server.asked) < 8
    told = of_type(session, ev.Error)[-1]
    assert "a summary gains nothing" in told.message and told.hint
    assert of_type(session, ev.TurnEnded)[-1].reason == "error"
    await rig.close()


async def test_one_message_that_fills_the_window_does_not_end_the_session(
    tmp_path: Path, server: MessagesServer
) -> None:
    rig = await rig_of(tmp_path, server, "context = 10000")

    def script(request: Request) -> Sequence[Step]:
        if size_of(request) > 10_000:
            return refusal("This model's maximum context length is 10000 tokens.")
        return say(SUMMARY) if "leave your view" in request.last_text else say("Well.")

    server.script = script
    session = await rig.session()
    assert (await rig.turn(session, "word " * 10_000)).reason == "error"
    assert (await rig.turn(session, "And now?")).reason == "end_turn"
    assert text_of(session) == "Well."
    await rig.close()


async def test_the_servers_list_tells_the_window(native: NativeRig) -> None:
    native.server.models = {"data": [{"id": "scripted", "max_model_len": 4321}]}
    backend = native.deck.backend("test")
    await backend.models()
    assert backend.window("scripted") == 4321  # type: ignore[attr-defined]


async def test_what_a_compaction_will_cost_is_known_before(
    tmp_path: Path, server: MessagesServer
) -> None:
    prices = "[prices.scripted]\ninput = 10.0\noutput = 10.0"
    rig = await rig_of(tmp_path, server, f"context = 100000\n{prices}")
    server.script = lambda r: say("word " * 4000)
    session = await rig.session()
    await rig.turn(session, "Go")
    cost = rig.deck.features.compactor.cost(session)
    assert 5_000 < cost.tokens < 6_000
    assert cost.usd == pytest.approx((cost.tokens + 4000) * 10 / 1e6)
    await rig.close()


@pytest.mark.parametrize("words", ["这是一个很长的句子", "これは長い文です", "이것은긴문장입니다"])
def test_tokens_of_wide_scripts_are_not_a_quarter_of_their_signs(words: str) -> None:
    context = Context(Path("/nowhere"))
    context.apply(ev.UserMessage(turn=1, seq=1, text=words * 1000))
    assert 0.9 * len(words) * 1000 < context.tokens < 1.2 * len(words) * 1000


def test_what_the_server_counts_is_believed_and_goes_on_from_there() -> None:
    context = Context(Path("/nowhere"))
    context.apply(ev.UserMessage(turn=1, seq=1, text="word " * 800))
    context.apply(ev.BackendState(seq=2, data={"context": {"used": 3000, "size": 9000}}))
    assert context.tokens == 3000
    context.apply(ev.Text(turn=1, seq=3, text="word " * 800))
    assert context.tokens == 4000
    context.apply(ev.BackendState(seq=4, data={"context": {"used": 15, "size": 9000}}))
    assert context.tokens == 2000


def test_room_for_the_answer_counts() -> None:
    assert compaction.limit(32_768, 8_192) + 8_192 < 32_768
    assert compaction.limit(200_000, 8_192) == 170_000


async def test_an_error_of_another_kind_compacts_nothing(native: NativeRig) -> None:
    native.server.script = lambda r: error("invalid_request_error", "tools.0: no", 400)
    session = await native.session()
    assert (await native.turn(session, "Go")).reason == "error"
    assert len(native.server.asked) == 1
