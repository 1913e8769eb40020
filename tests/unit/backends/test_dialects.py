"""Servers that speak the Messages API in their own way: what they mean is understood."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sessions import events as ev
from tests.support.messages_server import Request, Status, Step, say, sse, start, stop, text, tool
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
