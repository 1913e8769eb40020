"""The table of faults: what every server may do, and what those of one API may do beside.

Each row names a fault and what must come of it: the `kind` of the error that is shown ("" =
none, the answer is whole), how often the server is asked (a retry only where nothing had been
shown), and the text that is kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.support import chat_steps as chat
from tests.support import messages_server as messages
from tests.support import responses_steps as responses
from tests.support.messages_server import Cut, Hang, Raw, Sleep, Status, Step, sse

TRIES = 3  # the first and two retries
HALF = "Half an ans"
EURO = "€".encode()
LINE_ENDS = "a\u2028b\u0085c\x0bd"


@dataclass(frozen=True)
class Row:
    """One fault. `steps` is what the server does until it is well again."""

    name: str
    steps: Sequence[Step]
    kind: str
    asked: int = 1
    kept: str = ""
    reason: str = "error"


@dataclass(frozen=True)
class Api:
    """An API's way of saying things."""

    name: str
    backend: str
    start: Callable[[], Raw]
    say: Callable[..., list[Step]]
    stop: Callable[[], list[Step]]
    error: Callable[..., list[Step]]
    begin: Callable[[str], list[Step]]
    """The beginning of a text."""
    piece: Callable[[str], Raw]
    """More of it."""
    think: Sequence[Step]
    """The beginning of thinking."""
    call: Sequence[Step]
    """The beginning of a call."""
    extra: str = ""
    """More of the backend's configuration."""


MESSAGES = Api(
    "messages",
    "anthropic",
    messages.start,
    messages.say,
    messages.stop,
    messages.error,
    lambda words: messages.text(0, words)[:2],
    lambda words: delta(0, type="text_delta", text=words),
    messages.thinking(0, "Hm")[:2],
    messages.tool(0, "a", "LS", {"path": "."})[:2],
)
CHAT = Api(
    "chat",
    "openai",
    chat.start,
    chat.say,
    chat.stop,
    chat.error,
    lambda words: chat.text(words),
    lambda words: chat.chunk({"content": words}),
    chat.thinking("Hm"),
    chat.tool(0, "a", "LS", {"path": "."})[:2],
)
RESPONSES = Api(
    "responses",
    "openai",
    responses.start,
    responses.say,
    responses.stop,
    responses.error,
    responses.begin,
    responses.piece,
    responses.thinking(0, "Hm")[:2],
    responses.tool(0, "a", "LS", {"path": "."})[:2],
    'api = "responses"',
)
APIS = (MESSAGES, CHAT, RESPONSES)


def delta(index: object, **fields: object) -> Raw:
    """A delta of the Messages API at any index."""
    return sse("content_block_delta", index=index, delta=fields)


def bare(**fields: object) -> Raw:
    """An event that does not say what it is."""
    return Raw(f"data: {json.dumps(fields)}\n\n".encode())


def status(code: int, kind: str, asked: int, **headers: str) -> Row:
    """A row for an HTTP status."""
    named = f"{code} {' '.join(headers.values())}".strip()
    body = b'{"type":"error","error":{"type":"x","message":"no"}}'
    return Row(named, [Status(code, body, dict(headers))], kind, asked)


def well(name: str, steps: Sequence[Step], kept: str = "Fine.") -> Row:
    """A row for what is strange, and well all the same."""
    return Row(name, steps, "", 1, kept, "end_turn")


def raw(steps: Sequence[Step]) -> list[bytes]:
    """The bytes of steps."""
    return [step.data for step in steps if isinstance(step, Raw)]


BEFORE = [
    status(400, "invalid", 1),
    status(401, "auth", 1),
    status(402, "billing", 1),
    status(403, "auth", 1),
    status(404, "not_found", 1),
    status(413, "too_large", 1),
    status(418, "invalid", 1),
    status(429, "rate_limit", TRIES),
    status(429, "rate_limit", TRIES, retry_after="0"),
    status(429, "rate_limit", TRIES, retry_after="7"),
    status(429, "rate_limit", TRIES, retry_after="99999999999"),
    status(429, "rate_limit", TRIES, retry_after="Fri, 31 Dec 2199 23:59:59 GMT"),
    status(429, "rate_limit", TRIES, retry_after="soon"),
    status(429, "rate_limit", TRIES, retry_after="-5"),
    status(429, "rate_limit", TRIES, retry_after="Thu, 01 Jan 1970 00:00:00 GMT"),
    status(500, "server", TRIES),
    status(502, "server", TRIES),
    status(503, "server", TRIES),
    status(504, "server", TRIES),
    status(529, "overloaded", TRIES),
    status(307, "invalid", 1, location="http://127.0.0.1:1/elsewhere"),
    Row("html with 500", [Status(500, b"<html><h1>Bad</h1>", {}, "text/html")], "server", TRIES),
    Row("html with 200", [Status(200, b"<html>Log in", {}, "text/html")], "protocol"),
    Row("json with 200", [Status(200, b'{"ok": 1}')], "protocol"),
    Row(
        "a body that is not gzip",
        [Status(200, b"\x1f\x8bgarbage", {"content_encoding": "gzip"}, "text/event-stream")],
        "network",
        TRIES,
    ),
    Row("reset before a byte", [Cut(reset=True)], "network", TRIES),
    Row("empty stream", [], "truncated", TRIES),
    Row("headers, then silence", [Hang()], "stalled", TRIES),
    Row("pings and nothing else", [Hang(pings=0.05)], "stalled", TRIES),
]


def first(api: Api) -> list[Row]:
    """Faults where the answer should begin."""
    start, error = api.start(), api.error
    return [
        Row("an error event first", error("overloaded_error", "busy"), "overloaded", TRIES),
        Row("an API error event first", error("api_error", "oops"), "server", TRIES),
        Row("a rate limit event first", error("rate_limit_error", "slow"), "rate_limit", TRIES),
        Row("an auth event first", error("authentication_error", "no"), "auth", 1),
        Row("an error of unknown type", error("novel_error", "hm"), "server", TRIES),
        Row("an error that is text", [sse("error", error="just words")], "server", TRIES),
        Row("an error without a type", [bare(error={"message": "hm"})], "server", TRIES),
        Row("an error that is text, without a type", [bare(error="hm")], "server", TRIES),
        Row("an error with a code alone", [bare(error={"code": 429})], "rate_limit", TRIES),
        Row("an error by its event's name", [Raw(b"event: error\ndata: Oh\n\n")], "server", TRIES),
        Row("an error that is no event", [Raw(b'{"error": {"message": "h"}}\n')], "server", TRIES),
        Row("an error as an object", [bare(object="error", message="x", code=401)], "auth", 1),
        Row("[DONE] and nothing else", [start, Raw(b"data: [DONE]\n\n")], "truncated", TRIES),
        Row("started, then reset", [start, Cut(reset=True)], "network", TRIES),
        Row("started, then closed", [start, Cut()], "network", TRIES),
        Row("started, then ended", [start], "truncated", TRIES),
        Row("started, then overloaded", [start, *error("overloaded_error")], "overloaded", TRIES),
        Row("reset in thinking", [start, *api.think, Cut(reset=True)], "network"),
        Row("ended in thinking", [start, *api.think], "truncated"),
        Row("ended in a tool call", [start, *api.call], "truncated", TRIES),
        Row(
            "slow-loris that never says anything",
            [start, *[part for _ in range(40) for part in (Raw(b": \n"), Sleep(0.03))]],
            "stalled",
            TRIES,
        ),
    ]


def in_text(api: Api) -> list[Row]:
    """Faults in the middle of what is shown: it is kept, and nothing is asked again."""
    piece = api.piece("x").data

    def row(name: str, kind: str, *more: Step) -> Row:
        return Row(name, [api.start(), *api.begin(HALF), *more], kind, 1, HALF)

    return [
        row("reset in mid-text", "network", Cut(reset=True)),
        row("closed in mid-text", "network", Cut()),
        row("ended in mid-text", "truncated"),
        row("silence in mid-text", "stalled", Hang()),
        row("pings in mid-text", "stalled", Hang(pings=0.05)),
        row("overloaded in mid-text", "overloaded", *api.error("overloaded_error")),
        row("limit in mid-text", "rate_limit", *api.error("rate_limit_error")),
        row("an error without a type in mid-text", "server", bare(error={"message": "Oh"})),
        row("API error in mid-text", "server", *api.error("api_error")),
        row("cut in a character", "network", Raw(piece[:-8] + EURO[:1]), Cut()),
        row("cut in a JSON delta", "network", Raw(piece[:40]), Cut()),
        row("ended in a JSON delta", "truncated", Raw(piece[:40])),
        row("a broken event", "protocol", Raw(b"data: {nope}\n\n")),
        row("an event that is a list", "protocol", Raw(b"data: [1]\n\n")),
        row("bytes that are no UTF-8", "protocol", Raw(b'data: {"type":"\xff"}\n\n')),
    ]


def strange(api: Api) -> list[Row]:
    """Strange, and well all the same."""
    start, whole = api.start(), api.say("Fine.")
    many = api.say("Ünï€🎉")
    slow = [(data[at : at + 40], 0.03) for data in raw(whole) for at in range(0, len(data), 40)]
    lone = api.piece("LONE").data.replace(b"LONE", b"\\ud800")
    return [
        well("two starts", [start, *whole]),
        well("a thousand pings", [start, *[sse("ping")] * 1000, *whole[1:]]),
        well("an empty answer", [start, *api.stop()], ""),
        well("lines that end in CR LF", [Raw(data.replace(b"\n", b"\r\n")) for data in raw(whole)]),
        well(
            "other line ends inside JSON", api.say("a\u2028b\u0085c\x0bd"), "a\u2028b\u0085c\x0bd"
        ),
        well("slow, byte by byte", [Raw(bytes([b])) for d in raw(many) for b in d], "Ünï€🎉"),
        well("a lone surrogate", [start, *api.begin("-"), Raw(lone), *api.stop()], "-\ud800"),
        well(
            "a slow middle",
            [start, *api.begin("Fi"), Sleep(0.2), api.piece("ne."), *api.stop()],
        ),
        well(
            "slow-loris: a few bytes at a time, for longer than a silence may last",
            [part for data, wait in slow for part in (Raw(data), Sleep(wait))],
        ),
        well("an event of an unknown name", [start, sse("novelty", x=1), *whole[1:]]),
        well("a very large delta", api.say("x" * 1_000_000), "x" * 1_000_000),
    ]


def of_messages() -> list[Row]:
    """What only a server of the Messages API can do wrong."""
    start, say, stop, text = messages.start, messages.say, messages.stop, messages.text

    def mid(name: str, kind: str, *more: Step, kept: str = HALF) -> Row:
        return Row(name, [start(), *MESSAGES.begin(HALF), *more], kind, 1, kept)

    piece = {"type": "text_delta", "text": "x"}
    return [
        Row("ended after the block", [start(), *text(0, "All but")], "truncated", 1, "All but"),
        Row("no message_stop", [*say("All but")[:-1]], "truncated", 1, "All but"),
        Row(
            "a delta without a block, and no end",
            [start(), delta(0, **piece)],
            "truncated",
            1,
            "x",
        ),
        mid(
            "a delta at another index, and no end", "truncated", delta(7, **piece), kept=HALF + "x"
        ),
        mid("an index that is text", "protocol", delta("0", **piece)),
        Row("a huge index, and no end", [start(), delta(10**12, **piece)], "truncated", 1, "x"),
        mid("a block begun twice", "protocol", *text(0, "again")),
        Row("a block without a kind", [start(), sse("content_block_start", index=0)], "protocol"),
        Row("an index that is a list", [start(), delta([0], **piece)], "protocol"),
        well(
            "a block ended twice",
            [start(), *text(0, "Fine."), sse("content_block_stop", index=0), *stop()],
        ),
        well("no usage at all", [sse("message_start", message={"model": "m"}), *say("Fine.")[1:]]),
        well("an empty block", [start(), *text(0), *stop()], ""),
        well("events without a name", [Raw(d.split(b"\n", 1)[1]) for d in raw(say("Fine."))]),
        well(
            "a block and a delta of unknown types",
            [
                start(),
                sse("content_block_start", index=0, content_block={"type": "novelty"}),
                delta(0, type="novelty_delta", data="x"),
                sse("content_block_stop", index=0),
                *text(1, "Fine."),
                *stop(),
            ],
        ),
    ]


def of_chat() -> list[Row]:
    """What only a server of Chat Completions can do wrong."""
    start, say, text, chunk = chat.start, chat.say, chat.text, chat.chunk
    finished = [start(), *text("Fine."), chunk({}, "stop")]

    def mid(name: str, *more: Step) -> Row:
        return Row(name, [start(), *text(HALF), *more], "protocol", 1, HALF)

    return [
        Row("ended without a reason", [start(), *text("All but")], "truncated", 1, "All but"),
        Row(
            "no credit, as a limit",
            chat.error("insufficient_quota", status=429, code="insufficient_quota"),
            "billing",
        ),
        Row(
            "a limit by its code",
            chat.error("requests", code="rate_limit_exceeded", status=429),
            "rate_limit",
            TRIES,
        ),
        Row("a status as a number in the stream", chat.error("", code=502), "server", TRIES),
        Row(
            "an error in a list",
            [Status(400, b'[{"error": {"code": 400, "status": "INVALID_ARGUMENT"}}]')],
            "invalid",
        ),
        mid("choices that are text", chat.event(choices="x")),
        mid("a choice that is text", chat.event(choices=["x"])),
        mid("a delta that is a list", chat.event(choices=[{"delta": ["x"]}])),
        mid("calls that are no list", chunk({"tool_calls": {"index": 0}})),
        mid("a call that is text", chunk({"tool_calls": ["x"]})),
        mid("a call at a huge index", chunk({"tool_calls": [{"index": 10**12}]})),
        mid("a call at an index that is text", chunk({"tool_calls": [{"index": "0"}]})),
        well("no [DONE]", say("Fine.")[:-1]),
        well("no [DONE], no counts, and the connection cut", [*finished, Cut(reset=True)]),
        well("no [DONE], and the connection held", [*finished, Hang()]),
        well("no reason, and [DONE]", [start(), *text("Fine."), chat.DONE]),
        well(
            "null for everything else", [chunk({"role": None, "tool_calls": None}), *say("Fine.")]
        ),
        well("a chunk without choices", [start(), chat.event(id="x"), *say("Fine.")[1:]]),
        well("counts that are text", [start(), chat.event(choices=[], usage="x"), *say("Fine.")]),
        well("[DONE] twice", [*say("Fine."), chat.DONE]),
    ]


def of_responses() -> list[Row]:
    """What only a server of the Responses API can do wrong."""
    start, text, stop, say = responses.start, responses.text, responses.stop, responses.say
    item = {"type": "message", "content": [{"type": "output_text", "text": "Fine."}]}
    cancelled = {"status": "cancelled"}

    def mid(name: str, *more: Step, kind: str = "protocol", asked: int = 1) -> Row:
        return Row(name, [start(), *responses.begin(HALF), *more], kind, asked, HALF)

    def failed(code: str, kind: str, asked: int) -> Row:
        told = {"status": "failed", "error": {"code": code, "message": "told so"}}
        return Row(f"failed: {code}", [start(), sse("response.failed", response=told)], kind, asked)

    return [
        failed("server_error", "server", TRIES),
        failed("rate_limit_exceeded", "rate_limit", TRIES),
        failed("context_length_exceeded", "too_large", 1),
        failed("novelty", "server", TRIES),
        Row("failed, and no reason", [start(), sse("response.failed")], "server", TRIES),
        Row("ended after the message", [start(), *text(0, "All but")], "truncated", 1, "All but"),
        mid("failed in mid-text", sse("response.failed", response={}), kind="server"),
        mid("cancelled in mid-text", sse("response.cancelled", response={}), kind="server"),
        mid("cancelled, and done", sse("response.done", response=cancelled), kind="server"),
        mid("an item that is text", sse("response.output_item.done", item="x")),
        mid("an item begun that is a list", sse("response.output_item.added", item=[])),
        mid("a piece of no call", sse("response.function_call_arguments.delta", delta="x")),
        well("the end alone", [start(), *stop(output=[item])]),
        well("a message in one piece", [sse("response.output_item.done", item=item), *stop()]),
        well("no beginning", say("Fine.")[1:]),
        well("an end that is text", [*say("Fine.")[:-1], sse("response.completed", response="x")]),
        well("counts that are text", [*say("Fine.")[:-1], *stop(usage={"input_tokens": "x"})]),
        well("an unknown item", [sse("response.output_item.done", item={}), *say("Fine.")]),
        well("an unknown event", [sse("response.novelty.delta", delta="x"), *say("Fine.")]),
        well("the end, and the connection held", [*say("Fine."), Hang()]),
    ]


def rows(api: Api) -> list[Row]:
    """All rows of an API."""
    own = {"messages": of_messages, "chat": of_chat, "responses": of_responses}[api.name]()
    return [*BEFORE, *first(api), *in_text(api), *strange(api), *own]
