"""Servers that speak the Messages API in their own way: what they mean is understood."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from sessions.backends.messages_stream import Response, ResponseReader
from sessions.record import events as ev
from tests.support.messages_server import (
    Raw,
    Request,
    Status,
    Step,
    say,
    sse,
    start,
    stop,
    text,
    tool,
)
from tests.support.nativerig import NativeRig, of_type, text_of

UNSIGNED = {"type": "thinking", "thinking": "I should look.", "signature": ""}
MUST = b"""{"error": {"type": "invalid_request_error", "message":
 "The `content[].thinking` in the thinking mode must be passed back to the API."}}"""


def block(index: int, begun: ev.JSON, *deltas: ev.JSON) -> list[Step]:
    """A block with whatever stands in its start and its pieces."""
    return [
        sse("content_block_start", index=index, content_block=begun),
        *(sse("content_block_delta", index=index, delta=d) for d in deltas),
        sse("content_block_stop", index=index),
    ]


def thought(words: str) -> ev.JSON:
    return {"type": "thinking_delta", "thinking": words}


def signed(signature: str) -> ev.JSON:
    return {"type": "signature_delta", "signature": signature}


WAYS = {
    "no signature at all": (
        block(0, {"type": "thinking", "thinking": ""}, thought("I should "), thought("look.")),
        "",
    ),
    "an empty signature": (
        block(
            0, {"type": "thinking", "thinking": "", "signature": ""},
            thought("I should look."), signed(""),
        ),
        "",
    ),
    "null for a signature": (
        block(
            0, {"type": "thinking", "thinking": None, "signature": None},
            thought("I should look."), {"type": "signature_delta", "signature": None},
        ),
        "",
    ),
    "all in the start": (
        block(0, {"type": "thinking", "thinking": "I should look.", "signature": "s"}),
        "s",
    ),
    "the thinking in the start": (
        block(0, {"type": "thinking", "thinking": "I should look."}, signed("s")),
        "s",
    ),
    "the signature in the start": (
        block(0, {"type": "thinking", "thinking": "", "signature": "s"}, thought("I should look.")),
        "s",
    ),
    "the signature before the thinking": (
        block(0, {"type": "thinking", "thinking": ""}, signed("s"), thought("I should look.")),
        "s",
    ),
    "the signature in both": (
        block(
            0, {"type": "thinking", "thinking": "", "signature": "s"},
            thought("I should look."), signed("s"),
        ),
        "s",
    ),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
async def test_thinking_goes_back_with_the_next_step_however_it_came(
    native: NativeRig, way: str
) -> None:
    steps, signature = WAYS[way]

    def script(request: Request) -> Sequence[Step]:
        if not request.results:
            return [start(), *steps, *tool(1, "a", "LS", {"path": "."}), *stop("tool_use")]
        answer = request.body["messages"][-2]["content"]
        want = {**UNSIGNED, "signature": signature}
        return say("Done.") if answer[0] == want else [Status(400, MUST)]

    native.server.script = script
    session = await native.session()
    ended = await native.turn(session, "Go")
    assert ended.reason == "end_turn" and text_of(session) == "Done."
    thinking = of_type(session, ev.Thinking)
    assert "".join(e.text for e in thinking) == "I should look."
    assert [e.signature for e in thinking if e.signature] == ([signature] if signature else [])


async def test_anthropic_itself_is_not_sent_thinking_that_it_did_not_sign(
    native: NativeRig,
) -> None:
    steps, _ = WAYS["no signature at all"]
    native.server.script = lambda r: [start(), *steps, *text(1, "Well."), *stop()]
    session = await native.session()
    await native.turn(session, "Go")
    native.deck.backend("test").official = True  # type: ignore[attr-defined]
    await native.turn(session, "Go on")
    assert [b["type"] for b in native.server.asked[1].body["messages"][1]["content"]] == ["text"]


# -- ends, counts and places that are told in other ways

SAID = sse("content_block_delta", index=0, delta={"type": "text_delta", "text": "Fine."})
BEGUN = text(0)[0]
DONE = Raw(b"data: [DONE]\n\n")
UNENDED = sse("message_delta", delta={"stop_reason": None}, usage={"output_tokens": 5})
ENDS: dict[str, Sequence[Step]] = {
    "no stop reason": [start(), *text(0, "Fine."), UNENDED, sse("message_stop")],
    "no message_delta": [start(), *text(0, "Fine."), sse("message_stop")],
    "a stop reason taken back": [start(), *text(0, "Fine."), *stop()[:1], UNENDED, *stop()[1:]],
    "another protocol's stop reason": [start(), *text(0, "Fine."), *stop("stop")],
    "tool_use without a call": [start(), *text(0, "Fine."), *stop("tool_use")],
    "no content_block_stop": [start(), BEGUN, SAID, *stop()],
    "no content_block_start": [start(), SAID, sse("content_block_stop", index=0), *stop()],
    "a delta before its block": [start(), SAID, BEGUN, *stop()],
    "no index": [
        start(),
        *(sse(f"content_block_{n}", **{k: v}) for n, k, v in (
            ("start", "content_block", {"type": "text", "text": ""}),
            ("delta", "delta", {"type": "text_delta", "text": "Fine."}),
        )),
        *stop(),
    ],
    "[DONE] after the end": [*say("Fine."), DONE],
    "[DONE] for the end": [*say("Fine.")[:-1], DONE],
    "[DONE] alone for the end": [start(), *text(0, "Fine."), DONE],
    "[DONE] in between": [start(), DONE, *say("Fine.")[1:]],
    "empty data": [start(), Raw(b"data:\n\n"), *say("Fine.")[1:]],
    "types in the events' names alone": [
        Raw(step.data.replace(b'"type": "' + step.data.split()[1] + b'"', b'"x": 1'))
        for step in say("Fine.")
        if isinstance(step, Raw)
    ],
}  # fmt: skip


@pytest.mark.parametrize("way", ENDS)
async def test_an_answer_whose_end_came_is_an_answer(native: NativeRig, way: str) -> None:
    native.server.script = lambda r: ENDS[way]
    session = await native.session()
    ended = await native.turn(session, "Go")
    assert (ended.reason, ended.detail) == ("end_turn", "")
    assert text_of(session) == "Fine." and not of_type(session, ev.Error)


@pytest.mark.parametrize(
    "last",
    [{"input_tokens": 0, "output_tokens": 0}, {"input_tokens": None, "output_tokens": None}, None],
    ids=["zeros", "null", "no usage"],
)
async def test_counts_that_end_in_nothing_keep_the_true_ones(
    native: NativeRig, last: ev.JSON | None
) -> None:
    counts = {"input_tokens": 1200, "cache_read_input_tokens": 300, "output_tokens": 40}
    nothing = sse("message_delta", delta={"stop_reason": "end_turn"}, usage=last)
    native.server.script = lambda r: [
        start("scripted", **counts), *text(0, "Fine."), nothing, sse("message_stop", usage=last)
    ]  # fmt: skip
    session = await native.session()
    ended = await native.turn(session, "Go")
    assert ended.usage == {"input": 1200, "cache_read": 300, "output": 40}
    assert session.summary.context_tokens == 1540


def read(steps: Sequence[Step]) -> Response:
    """What is read of a stream."""

    class Nobody:
        """Wants nothing."""

        def on_text(self, text: Any) -> None: ...

        on_thinking = on_signature = on_redacted = on_carried = on_text

    response = Response()
    reader = ResponseReader(Nobody(), response)
    for step in steps:
        assert isinstance(step, Raw)
        reader.read(step.data.split(b"\n"))
    return response


def begun_call() -> list[Step]:
    """A call's block without its stop."""
    return tool(0, "a", "LS", '{"path": "."}')[:-1]


CALLS: dict[str, tuple[Sequence[Step], ev.JSON | None]] = {
    "no stop of its block": ([*begun_call(), *stop("tool_use")], {"path": "."}),
    "no stop of its block and no reason": ([*begun_call(), *stop("")], {"path": "."}),
    "its pieces before its block": (
        [*begun_call()[1:], begun_call()[0], *stop("tool_use")], {"path": "."}
    ),
    "no arguments": ([*tool(0, "a", "LS", ""), *stop("tool_use")], {}),
    "no arguments and no stop": ([*tool(0, "a", "LS", "")[:-1], *stop("tool_use")], {}),
    "arguments in its start": (
        block(0, {"type": "tool_use", "id": "a", "name": "LS", "input": {"path": "."}})
        + stop("tool_use"),
        {"path": "."},
    ),
    "no arguments, cut off": ([*tool(0, "a", "LS", ""), *stop("max_tokens")], None),
    "no arguments, no stop, no end": ([*tool(0, "a", "LS", "")[:-1], *stop("")], None),
    "cut off": ([*tool(0, "a", "LS", '{"path": ')[:-1], *stop("max_tokens")], None),
    "no block at all": ([*begun_call()[1:], *stop("tool_use")], None),
}  # fmt: skip


@pytest.mark.parametrize("way", CALLS)
def test_a_call_is_whole_or_it_is_not(way: str) -> None:
    steps, given = CALLS[way]
    (call,) = read([start(), *steps]).calls
    if given is None:
        assert call.malformed
    else:
        assert (call.name, call.input, call.malformed) == ("LS", given, "")


BROKEN = {
    "no JSON": ([*tool(0, "a", "LS", '{"path": '), *stop("tool_use")], "no valid JSON"),
    "no object": ([*tool(0, "a", "LS", '["."]'), *stop("tool_use")], "no valid JSON"),
    "no name": ([*tool(0, "a", "", "{}"), *stop("tool_use")], "without a name"),
    "cut off": ([*tool(0, "a", "LS", '{"path": '), *stop("max_tokens")], "greatest length"),
    "cut off before its arguments": (
        [*tool(0, "a", "LS", ""), *stop("max_tokens")], "greatest length"
    ),
}  # fmt: skip


@pytest.mark.parametrize("way", BROKEN)
async def test_a_call_that_came_broken_is_told_in_words_and_never_sent_as_one(
    native: NativeRig, way: str
) -> None:
    steps, why = BROKEN[way]
    native.server.script = lambda r: say("Well.") if r.number else [start(), *steps]
    session = await native.session()
    assert (await native.turn(session, "Go")).reason == "end_turn"
    (call,) = of_type(session, ev.ToolCall)
    (result,) = of_type(session, ev.ToolResult)
    assert call.malformed and result.status == "error"
    (again,) = native.server.asked[1].body["messages"]
    assert [b["type"] for b in again["content"]] == ["text"] * len(again["content"])
    assert why in again["content"][-1]["text"]
    copy = await native.deck.fork(session.id)
    await native.turn(copy, "And now?")
    assert "tool_use" not in str(native.server.asked[2].body["messages"])


async def test_a_broken_call_leaves_the_whole_ones_beside_it(native: NativeRig) -> None:
    both = [*tool(0, "a", "LS", {"path": "."}), *tool(1, "b", "LS", '{"pa'), *stop("tool_use")]
    native.server.script = lambda r: say("Well.") if r.number else [start(), *both]
    session = await native.session()
    await native.turn(session, "Go")
    _, answer, told = native.server.asked[1].body["messages"]
    assert [b["id"] for b in answer["content"]] == ["a"]
    assert [b["type"] for b in told["content"]] == ["tool_result", "text"]
    assert "came broken" in told["content"][1]["text"]


@pytest.mark.parametrize("reason", ["tool_use", "max_tokens"])
async def test_calls_that_stay_broken_end_the_turn(native: NativeRig, reason: str) -> None:
    native.server.script = lambda r: [
        start(), *tool(0, f"c{r.number}", "LS", '{"pa' + "x" * r.number), *stop(reason)
    ]  # fmt: skip
    session = await native.session()
    ended = await native.turn(session, "Go")
    assert len(native.server.asked) == 3
    assert ended.reason == ("max_tokens" if reason == "max_tokens" else "error") and ended.detail
