"""What a server may stream, and an agent may say: only faults of known kinds."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.backends import faults
from sessions.backends.acp.transport import LineTransport
from sessions.backends.acp.updates import Translator
from sessions.backends.chat import ChatReader, Dialect
from sessions.backends.faults import FaultError
from sessions.backends.messages_stream import Response, ResponseReader
from sessions.backends.responses import ResponsesReader
from sessions.backends.sse import EventStream
from sessions.record import codec
from sessions.safety.sanitise import clean_line
from tests.support import chat_steps as chat
from tests.support import responses_steps as responses
from tests.support.messages_server import Raw, say, start, stop, text, thinking, tool
from tests.unit.fuzz.strategies import JSON, WORDS, bytes_gone_bad, fuzzed, gone_bad

pytestmark = pytest.mark.timeout(300)

WHOLE = {
    "messages": [
        start(),
        *thinking(0, "Hm"),
        *text(1, "Hello ", "there"),
        *tool(2, "call_1", "Read", {"file_path": "a"}),
        *stop("tool_use"),
        *say("And more"),
    ],
    "chat": [
        chat.start(),
        *chat.thinking("Hm"),
        chat.chunk({"reasoning_details": [{"index": 0, "type": "t", "text": "Hm"}]}),
        *chat.text("Hello ", "there"),
        *chat.tool(0, "call_1", "Read", {"file_path": "a"}),
        *chat.stop("tool_calls"),
        *chat.say("And more"),
    ],
    "responses": [
        responses.start(),
        *responses.thinking(0, "Hm"),
        *responses.text(1, "Hello ", "there"),
        *responses.tool(2, "call_1", "Read", {"file_path": "a"}),
        *responses.stop(),
        *responses.say("And more"),
    ],
}
STREAMS = {
    api: b"".join(step.data for step in steps if isinstance(step, Raw))
    for api, steps in WHOLE.items()
}


def events_of(api: str) -> list[Any]:
    """The events of a whole stream."""
    data = (line[6:] for line in STREAMS[api].split(b"\n") if line.startswith(b"data: {"))
    return [json.loads(event) for event in data]


class Nobody:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.got: list[str] = []

    def on_text(self, text: str) -> None:
        self.got.append(text)

    on_thinking = on_signature = on_redacted = on_text

    def on_carried(self, item: dict[str, Any]) -> None:
        self.got.append(json.dumps(item))


def taken(api: str, lines: list[bytes]) -> None:
    """Read lines until the end or a fault."""
    sink, response = Nobody(), Response()
    reader: EventStream = ResponseReader(sink, response)
    if api == "chat":
        reader = ChatReader(sink, response, Dialect())
    elif api == "responses":
        reader = ResponsesReader(sink, response, Dialect())
    try:
        reader.read(lines)
    except FaultError as error:
        assert error.fault.kind and error.fault.message
    assert all(isinstance(part, str) for part in sink.got)
    for call in response.calls:
        assert isinstance(call.input, dict)
        json.dumps(call.input)
    assert all(isinstance(n, int) and n >= 0 for n in response.usage.values())


@pytest.mark.parametrize("api", WHOLE)
@given(data=st.data())
@fuzzed
def test_a_stream_of_wrong_events_is_read_or_a_fault(api: str, data: st.DataObject) -> None:
    events = data.draw(gone_bad(events_of(api), 5))
    taken(api, [b"data: " + json.dumps(event).encode() for event in events])


@pytest.mark.parametrize("api", WHOLE)
@given(data=st.data())
@fuzzed
def test_a_stream_of_wrong_bytes_is_read_or_a_fault(api: str, data: st.DataObject) -> None:
    taken(api, data.draw(bytes_gone_bad(STREAMS[api])).split(b"\n"))


def made_of(lines: list[bytes], at_once: int) -> tuple[str, Response, str]:
    """What is made of a stream of Chat Completions: its text, the rest, its fault."""
    sink, response = Nobody(), Response()
    reader = ChatReader(sink, response, Dialect())
    try:
        for at in range(0, len(lines), at_once or 1):
            if at_once:
                reader.read(lines[at : at + at_once])
            else:
                reader.take(lines[at])  # each as a whole, also where it is plain
            if reader.ended:
                break
    except FaultError as error:
        return "".join(sink.got), response, str(error.fault)
    return "".join(sink.got), response, ""


@given(data=st.data())
@fuzzed
def test_plain_chunks_that_are_read_together_say_what_each_of_them_says(
    data: st.DataObject,
) -> None:
    lines = [
        b"data: " + json.dumps(event).encode()
        for event in data.draw(gone_bad(events_of("chat"), 5))
    ]
    whole = made_of(lines, 0)
    assert made_of(lines, 1) == made_of(lines, 7) == whole


@given(
    status=st.integers(300, 599),
    body=st.one_of(st.binary(max_size=200), JSON.map(lambda v: json.dumps(v).encode())),
    headers=st.dictionaries(
        st.sampled_from(["retry-after", "retry-after-ms", "request-id", "x-should-retry"]), WORDS
    ),
)
@fuzzed
def test_any_refusal_is_a_fault_with_words(
    status: int, body: bytes, headers: dict[str, str]
) -> None:
    fault = faults.of_status(status, body, headers)
    assert fault.kind and clean_line(fault.message) == fault.message
    assert fault.wait_s is None or 0 < fault.wait_s <= faults.MAX_WAIT_S
    faults.of_event({"type": body.decode("latin-1"), "message": headers})


UPDATES = [
    {"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": "Hello"}},
    {"sessionUpdate": "agent_thought_chunk", "content": {"type": "text", "text": "Hm"}},
    {
        "sessionUpdate": "tool_call", "toolCallId": "1", "title": "Read a", "kind": "read",
        "status": "pending", "rawInput": {"path": "a"}, "locations": [{"path": "a", "line": 3}],
        "_meta": {"claude": {"toolName": "Read"}},
    },
    {
        "sessionUpdate": "tool_call_update", "toolCallId": "1", "status": "in_progress",
        "content": [
            {"type": "content", "content": {"type": "text", "text": "one"}},
            {"type": "diff", "path": "a", "oldText": "x", "newText": "y"},
            {"type": "terminal", "terminalId": "t"},
            {"type": "content", "content": {"type": "resource", "resource": {"uri": "u"}}},
        ],
    },
    {"sessionUpdate": "tool_call_update", "toolCallId": "1", "status": "completed",
     "rawOutput": {"output": "done", "exitCode": 0}},
    {"sessionUpdate": "plan", "entries": [{"content": "a", "priority": "high", "status": "x"}]},
    {"sessionUpdate": "usage_update", "used": 3, "size": 9, "cost": {"amount": 1.0}},
    {"sessionUpdate": "available_commands_update", "availableCommands": [{"name": "x"}]},
    {"sessionUpdate": "current_mode_update", "currentModeId": "code"},
    {"sessionUpdate": "session_info_update", "title": "T"},
]  # fmt: skip


@given(updates=gone_bad(UPDATES, 6))
@fuzzed
def test_any_update_of_an_agent_becomes_events_that_can_be_written(updates: list[Any]) -> None:
    translator = Translator(1)
    for update in updates:
        if isinstance(update, dict):
            for event in translator.events(update):
                again = codec.from_json(json.loads(codec.encode(codec.to_json(event))))
                assert type(again) is type(event)


@given(
    lines=st.lists(
        st.one_of(
            st.binary(max_size=60),
            JSON.map(lambda v: json.dumps(v).encode()),
            gone_bad(
                {"jsonrpc": "2.0", "method": "session/update",
                 "params": {"sessionId": "s", "update": UPDATES[0]}}
            ).map(lambda v: json.dumps(v).encode()),
        ),
        max_size=8,
    )
)  # fmt: skip
@fuzzed
def test_any_lines_of_an_agent_are_messages_or_noise(lines: list[bytes]) -> None:
    async def read() -> None:
        updates: list[tuple[str, Any]] = []
        faults: list[tuple[str, str]] = []
        transport = LineTransport(
            None,  # type: ignore[arg-type]
            lambda *got: updates.append(got),
            lambda *told: faults.append(told),
        )
        transport.feed(b"\n".join(lines) + b"\n")
        transport.feed_eof()
        while (message := await transport.receive()) is not None:
            assert isinstance(message, dict)
        assert all(isinstance(s, str) and isinstance(u, dict) for s, u in updates)
        assert all(words for _, words in faults)

    asyncio.run(asyncio.wait_for(read(), 60))
