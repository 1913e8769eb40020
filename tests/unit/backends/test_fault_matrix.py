"""Every fault on the wire at every point of a stream: what is seen, what is on disk, what next.

Each row names a fault and what must come of it: the `kind` of the error that is shown ("" =
none, the answer is whole), how often the server is asked (a retry only where nothing had been
shown), and the text that is kept. After every row the session answers again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from sessions.backends import faults, messages, native
from sessions.record import events as ev
from sessions.runtime import throttle
from tests.support.messages_server import (
    Cut,
    Hang,
    MessagesServer,
    Raw,
    Request,
    Sleep,
    Status,
    Step,
    error,
    say,
    sse,
    start,
    stop,
    text,
    tool,
)
from tests.support.nativerig import NativeRig, of_type, text_of
from tests.support.rig import until

TRIES = 3  # the first and two retries
PARTIAL = [start(), *text(0, "Half an ans")[:2]]
THINK = sse("content_block_start", index=0, content_block={"type": "thinking", "thinking": ""})


@dataclass(frozen=True)
class Row:
    """One fault. `steps` is what the server does until it is well again."""

    name: str
    steps: Sequence[Step]
    kind: str
    asked: int = 1
    kept: str = ""
    reason: str = "error"


def status(code: int, kind: str, asked: int, **headers: str) -> Row:
    """A row for an HTTP status."""
    named = f"{code} {' '.join(headers.values())}".strip()
    body = b'{"type":"error","error":{"type":"x","message":"no"}}'
    return Row(named, [Status(code, body, dict(headers))], kind, asked)


def after(steps: Sequence[Step], *more: Step) -> list[Step]:
    """Steps after steps."""
    return [*steps, *more]


def delta(index: object, **fields: object) -> Raw:
    """A delta at any index."""
    return sse("content_block_delta", index=index, delta=fields)


def bare(**fields: object) -> Raw:
    """An event that does not say what it is."""
    return Raw(f"data: {json.dumps(fields)}\n\n".encode())


EURO = "€".encode()
CUT_DELTA = sse("content_block_delta", index=0, delta={"type": "text_delta", "text": "x"}).data

ROWS = [
    # before the stream
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
    Row("an error event first", error("overloaded_error", "busy"), "overloaded", TRIES),
    Row("an API error event first", error("api_error", "oops"), "server", TRIES),
    Row("a rate limit event first", error("rate_limit_error", "slow"), "rate_limit", TRIES),
    Row("an auth event first", error("authentication_error", "no"), "auth", 1),
    Row("an error of unknown type", error("novel_error", "hm"), "server", TRIES),
    Row("an error that is text", [sse("error", error="just words")], "server", TRIES),
    Row("an error without a type", [bare(error={"message": "hm"})], "server", TRIES),
    Row("an error that is text, without a type", [bare(error="hm")], "server", TRIES),
    Row("an error with a code alone", [bare(error={"code": 429, "message": "x"})], "rate_limit", 3),
    Row("an error by its event's name", [Raw(b"event: error\ndata: Oh no\n\n")], "server", TRIES),
    Row("an error that is no event", [Raw(b'{"error": {"message": "hm"}}\n')], "server", TRIES),
    Row("an error as an object", [bare(object="error", message="x", code=401)], "auth", 1),
    Row("[DONE] and nothing else", [start(), Raw(b"data: [DONE]\n\n")], "truncated", TRIES),
    Row("started, then reset", [start(), Cut(reset=True)], "network", TRIES),
    Row("started, then closed", [start(), Cut()], "network", TRIES),
    Row("started, then ended", [start()], "truncated", TRIES),
    Row("started, then overloaded", [start(), *error("overloaded_error")], "overloaded", TRIES),
    # in the middle of what is shown
    Row("reset in mid-text", after(PARTIAL, Cut(reset=True)), "network", 1, "Half an ans"),
    Row("closed in mid-text", after(PARTIAL, Cut()), "network", 1, "Half an ans"),
    Row("ended in mid-text", PARTIAL, "truncated", 1, "Half an ans"),
    Row("ended after the block", [start(), *text(0, "All but")], "truncated", 1, "All but"),
    Row("no message_stop", [*say("All but")[:-1]], "truncated", 1, "All but"),
    Row("silence in mid-text", after(PARTIAL, Hang()), "stalled", 1, "Half an ans"),
    Row("pings in mid-text", after(PARTIAL, Hang(pings=0.05)), "stalled", 1, "Half an ans"),
    Row(
        "overloaded in mid-text",
        after(PARTIAL, *error("overloaded_error")),
        "overloaded",
        1,
        "Half an ans",
    ),
    Row(
        "limit in mid-text",
        after(PARTIAL, *error("rate_limit_error")),
        "rate_limit",
        1,
        "Half an ans",
    ),
    Row(
        "an error without a type in mid-text",
        after(PARTIAL, bare(error={"message": "Internal error"})),
        "server",
        1,
        "Half an ans",
    ),
    Row("API error in mid-text", after(PARTIAL, *error("api_error")), "server", 1, "Half an ans"),
    Row(
        "cut in a character",
        after(PARTIAL, Raw(CUT_DELTA[:-8] + EURO[:1]), Cut()),
        "network",
        1,
        "Half an ans",
    ),
    Row(
        "cut in a JSON delta",
        after(PARTIAL, Raw(CUT_DELTA[:40]), Cut()),
        "network",
        1,
        "Half an ans",
    ),
    Row(
        "ended in a JSON delta", after(PARTIAL, Raw(CUT_DELTA[:40])), "truncated", 1, "Half an ans"
    ),
    Row("a broken event", after(PARTIAL, Raw(b"data: {nope}\n\n")), "protocol", 1, "Half an ans"),
    Row(
        "an event that is a list",
        after(PARTIAL, Raw(b"data: [1]\n\n")),
        "protocol",
        1,
        "Half an ans",
    ),
    Row(
        "bytes that are no UTF-8",
        after(PARTIAL, Raw(b'data: {"type":"\xff"}\n\n')),
        "protocol",
        1,
        "Half an ans",
    ),
    Row(
        "reset in thinking",
        [start(), THINK, delta(0, type="thinking_delta", thinking="Hm"), Cut(reset=True)],
        "network",
        1,
    ),
    Row(
        "ended in thinking",
        [start(), THINK, delta(0, type="thinking_delta", thinking="Hm")],
        "truncated",
        1,
    ),
    Row(
        "ended in a tool call",
        [start(), *tool(0, "a", "LS", {"path": "."})[:2]],
        "truncated",
        TRIES,
    ),
    # a protocol that is not kept
    Row(
        "a delta without a block, and no end",
        [start(), delta(0, type="text_delta", text="x")],
        "truncated",
        1,
        "x",
    ),
    Row(
        "a delta at another index, and no end",
        after(PARTIAL, delta(7, type="text_delta", text="x")),
        "truncated",
        1,
        "Half an ansx",
    ),
    Row(
        "an index that is text",
        after(PARTIAL, delta("0", type="text_delta", text="x")),
        "protocol",
        1,
        "Half an ans",
    ),
    Row(
        "a huge index, and no end",
        [start(), delta(10**12, type="text_delta", text="x")],
        "truncated",
        1,
        "x",
    ),
    Row("a block begun twice", after(PARTIAL, *text(0, "again")), "protocol", 1, "Half an ans"),
    Row("a block without a kind", [start(), sse("content_block_start", index=0)], "protocol"),
    # strange, and well all the same
    Row("two starts", [start(), *say("Fine.")], "", 1, "Fine.", "end_turn"),
    Row(
        "a block ended twice",
        [start(), *text(0, "Fine."), sse("content_block_stop", index=0), *stop()],
        "",
        1,
        "Fine.",
        "end_turn",
    ),
    Row(
        "a thousand pings",
        [start(), *[sse("ping")] * 1000, *say("Fine.")[1:]],
        "",
        1,
        "Fine.",
        "end_turn",
    ),
    Row(
        "no usage at all",
        [sse("message_start", message={"model": "m"}), *say("Fine.")[1:]],
        "",
        1,
        "Fine.",
        "end_turn",
    ),
    Row("an empty answer", [start(), *stop()], "", 1, "", "end_turn"),
    Row("an empty block", [start(), *text(0), *stop()], "", 1, "", "end_turn"),
    Row(
        "events without a name",
        [Raw(s.data.split(b"\n", 1)[1]) for s in say("Fine.") if isinstance(s, Raw)],
        "",
        1,
        "Fine.",
        "end_turn",
    ),
    Row(
        "lines that end in CR LF",
        [Raw(s.data.replace(b"\n", b"\r\n")) for s in say("Fine.") if isinstance(s, Raw)],
        "",
        1,
        "Fine.",
        "end_turn",
    ),
    Row(
        "other line ends inside JSON",
        say("a\u2028b\u0085c\x0bd"),
        "",
        1,
        "a\u2028b\u0085c\x0bd",
        "end_turn",
    ),
    Row(
        "slow, byte by byte",
        [
            part
            for s in say("Ünï€🎉")
            if isinstance(s, Raw)
            for b in s.data
            for part in (Raw(bytes([b])),)
        ],
        "",
        1,
        "Ünï€🎉",
        "end_turn",
    ),
    Row(
        "a lone surrogate",
        [
            start(),
            text(0)[0],
            Raw(
                b'data: {"type":"content_block_delta","index":0,'
                b'"delta":{"type":"text_delta","text":"\\ud800"}}\n\n'
            ),
            *stop(),
        ],
        "",
        1,
        "\ud800",
        "end_turn",
    ),
    Row(
        "a slow middle",
        [start(), *text(0, "Fi")[:2], Sleep(0.2), delta(0, type="text_delta", text="ne."), *stop()],
        "",
        1,
        "Fine.",
        "end_turn",
    ),
    Row(
        "slow-loris: a few bytes at a time, for longer than a silence may last",
        [
            part
            for step in say("Fine.")
            if isinstance(step, Raw)
            for place in range(0, len(step.data), 40)
            for part in (Raw(step.data[place : place + 40]), Sleep(0.03))
        ],
        "",
        1,
        "Fine.",
        "end_turn",
    ),
    Row(
        "slow-loris that never says anything",
        [start(), *[part for _ in range(40) for part in (Raw(b": \n"), Sleep(0.03))]],
        "stalled",
        TRIES,
    ),
    Row(
        "an event of an unknown name",
        [start(), sse("novelty", x=1), *say("Fine.")[1:]],
        "",
        1,
        "Fine.",
        "end_turn",
    ),
    Row(
        "a block and a delta of unknown types",
        [
            start(),
            sse("content_block_start", index=0, content_block={"type": "novelty"}),
            delta(0, type="novelty_delta", data="x"),
            sse("content_block_stop", index=0),
            *text(1, "Fine."),
            *stop(),
        ],
        "",
        1,
        "Fine.",
        "end_turn",
    ),
    Row("an index that is a list", [start(), delta([0], type="text_delta", text="x")], "protocol"),
    Row("a very large delta", say("x" * 1_000_000), "", 1, "x" * 1_000_000, "end_turn"),
]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits are short here; how long they are is tested beside."""
    monkeypatch.setattr(native, "backoff_s", lambda attempt: 0.01)
    monkeypatch.setattr(faults, "MIN_WAIT_S", 0.01)
    monkeypatch.setattr(faults, "MAX_WAIT_S", 0.02)
    monkeypatch.setattr(messages, "_WATCH_EVERY_S", 0.05)
    monkeypatch.setattr(throttle, "_REFUSED_S", 0.0)
    monkeypatch.setattr(throttle, "_APART_S", 0.0)


@pytest.fixture
async def rig(tmp_path: Path, server: MessagesServer) -> AsyncIterator[NativeRig]:
    """A deck that gives a stream up after half a second and tries twice more."""
    made = await NativeRig.make(tmp_path, server, "retries = 2")
    made.deck.backend("test").api.stall_s = 0.5  # type: ignore[attr-defined]
    yield made
    await made.close()


def broken_until_well(steps: Sequence[Step]) -> Callable[[Request], Sequence[Step]]:
    """The fault for every message that says `break`, an answer for others."""
    return lambda request: steps if "break" in request.last_text.split("\n")[-1] else say("Well.")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_a_fault_is_told_kept_and_survived(rig: NativeRig, row: Row) -> None:
    rig.server.script = broken_until_well(row.steps)
    session = await rig.session()
    ended = await rig.turn(session, "break")
    assert ended.reason == row.reason
    assert len(rig.server.asked) == row.asked
    assert text_of(session) == row.kept
    errors = of_type(session, ev.Error)
    if row.kind:
        assert [e.kind for e in errors] == [row.kind]
        assert errors[0].message and errors[0].hint
        assert session.summary.status == "failed"
    else:
        assert errors == []
    retries = of_type(session, ev.Retry)
    assert [r.attempt for r in retries] == list(range(1, row.asked))
    again = await rig.turn(session, "and now?")
    assert again.reason == "end_turn"
    assert text_of(session) == row.kept + "Well."
    assert [e.seq for e in session.journal.events()] == list(range(1, session.summary.seq + 1))


def test_there_are_enough_rows() -> None:
    assert len(ROWS) >= 60
    assert len({row.name for row in ROWS}) == len(ROWS)


async def test_two_dozen_sessions_with_two_dozen_faults_do_not_notice_each_other(
    rig: NativeRig,
) -> None:
    rows = [row for row in ROWS if row.kind not in ("auth", "billing", "rate_limit", "overloaded")]
    chosen = rows[:: max(1, len(rows) // 24)][:24]
    sessions = [await rig.session() for _ in chosen]

    def script(request: Request) -> Sequence[Step]:
        words = request.last_text.split("\n")[-1].split()
        return chosen[int(words[1])].steps if words[:1] == ["break"] else say("Well.")

    rig.server.script = script
    for number, session in enumerate(sessions):
        await session.send(f"break {number}")
    await until(lambda: not any(s.working for s in sessions), 30)
    for row, session in zip(chosen, sessions, strict=True):
        assert text_of(session) == row.kept, row.name
        assert of_type(session, ev.TurnEnded)[-1].reason == row.reason, row.name
    await asyncio.gather(*(rig.turn(s, "and now?") for s in sessions))
    for row, session in zip(chosen, sessions, strict=True):
        assert text_of(session) == row.kept + "Well.", row.name


async def test_a_refused_connection_is_said(tmp_path: Path, server: MessagesServer) -> None:
    rig = await NativeRig.make(tmp_path, server, "retries = 1")
    assert server._server is not None
    server._server.close()
    await server._server.wait_closed()
    session = await rig.session()
    ended = await rig.turn(session, "Hello")
    assert ended.reason == "error"
    assert of_type(session, ev.Error)[0].kind == "network"
    await rig.close()


async def test_a_limit_of_one_session_holds_back_the_others(rig: NativeRig) -> None:
    """One 429, not as many as there are sessions."""
    limited = asyncio.Event()

    def script(request: Request) -> Sequence[Step]:
        if not limited.is_set():
            limited.set()
            return [Status(429, b"{}", {"retry_after": "1"})]
        return say("Well.")

    faults.MAX_WAIT_S = 0.8
    rig.server.script = script
    first, *others = [await rig.session() for _ in range(6)]
    await first.send("Hello")
    await until(lambda: bool(of_type(first, ev.Retry)))
    for session in others:
        await session.send("Hello")
    await until(lambda: not any(s.working for s in (first, *others)), 20)
    assert len(rig.server.asked) == 7
    for session in others:
        assert [r.attempt for r in of_type(session, ev.Retry)] == [0]


async def test_a_wait_can_be_interrupted(rig: NativeRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "backoff_s", lambda attempt: 300.0)
    rig.server.script = lambda r: error("api_error", status=500)
    session = await rig.session()
    await session.send("Hello")
    await until(lambda: bool(of_type(session, ev.Retry)))
    await asyncio.wait_for(session.interrupt(), 2)
    assert of_type(session, ev.TurnEnded)[-1].reason == "interrupted"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0"}, 1.0),
        ({"retry-after": "99999"}, 300.0),
        ({"retry-after": "-3"}, 1.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after-ms": "2500"}, 2.5),
        ({"retry-after": "Mon, 23 Nov 2026 12:00:30 GMT"}, 30.0),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_both_forms_and_bounded(
    headers: dict[str, str], seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import UTC, datetime

    monkeypatch.setattr(faults, "MIN_WAIT_S", 1.0)
    monkeypatch.setattr(faults, "MAX_WAIT_S", 300.0)
    now = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
    assert faults.retry_after(headers, now) == seconds
