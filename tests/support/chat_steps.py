"""Answers of Chat Completions for the scripted server, as `messages_server` has the Messages API's.

The shapes are those of developers.openai.com/api/reference/chat (November 2026); what other
servers do otherwise is in the tests that say so.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tests.support.messages_server import JSON, Raw, Request, Sleep, Status, Step

DONE = Raw(b"data: [DONE]\n\n")


def event(**fields: Any) -> Raw:
    """One event as it is."""
    data = json.dumps(fields, ensure_ascii=False)
    return Raw(f"data: {data}\n\n".encode("utf-8", "surrogatepass"))


def chunk(delta: JSON, finish: str | None = None, **fields: Any) -> Raw:
    """One chunk of the one choice."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    named = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "scripted"}
    return event(**named, choices=[choice], **fields)


def start() -> Raw:
    """The beginning of an answer."""
    return chunk({"role": "assistant", "content": ""})


def text(*chunks: str) -> list[Step]:
    """Text in chunks."""
    return [chunk({"content": part}) for part in chunks]


def thinking(*chunks: str, name: str = "reasoning_content") -> list[Step]:
    """Reasoning in chunks, in the field that the server has for it."""
    return [chunk({name: part}) for part in chunks]


def tool(index: int, call: str, name: str, given: JSON | str) -> list[Step]:
    """A tool call; `given` as text is sent as it is, valid or not."""
    raw = given if isinstance(given, str) else json.dumps(given)
    half = len(raw) // 2
    begun = {"index": index, "id": call, "type": "function"}
    function = {"name": name, "arguments": ""}
    return [
        chunk({"tool_calls": [{**begun, "function": function}]}),
        *(
            chunk({"tool_calls": [{"index": index, "function": {"arguments": part}}]})
            for part in (raw[:half], raw[half:])
        ),
    ]


def counts(prompt: int = 10, completion: int = 5, cached: int = 0, **fields: Any) -> Raw:
    """The chunk of counts, which has no choice."""
    usage = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached},
        **fields,
    }
    return event(object="chat.completion.chunk", model="scripted", choices=[], usage=usage)


def stop(reason: str = "stop", usage: Raw | None = None) -> list[Step]:
    """The end of an answer."""
    return [chunk({}, reason), usage or counts(), DONE]


def say(*chunks: str, reason: str = "stop") -> list[Step]:
    """A whole answer of text."""
    return [start(), *text(*chunks), *stop(reason)]


def call(name: str, given: JSON | str, call_id: str = "call_1", before: str = "") -> list[Step]:
    """A whole answer that calls one tool."""
    said = text(before) if before else []
    return [start(), *said, *tool(0, call_id, name, given), *stop("tool_calls")]


def error(kind: str, message: str = "told so", status: int = 0, code: Any = None) -> list[Step]:
    """An error: as an HTTP status, or in the stream where `status` is 0."""
    body = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    if status:
        return [Status(status, json.dumps(body).encode())]
    return [event(**body)]


def by_words(request: Request) -> Sequence[Step]:
    """As `messages_server.by_words`: what the last user message asks for."""
    last = (request.body.get("messages") or [{}])[-1]
    if last.get("role") == "tool":
        return say("The tool said: ", str(last.get("content"))[:2000])
    words = request.last_text.strip().split(maxsplit=2)
    if words[:1] == ["stream"] and len(words) > 2:
        steps: list[Step] = [start()]
        for number in range(int(words[1])):
            steps += [*text(f"word{number} "), Sleep(1 / float(words[2]))]
        return [*steps, *stop()]
    if words[:1] == ["tool"] and len(words) > 2:
        return call(words[1], words[2], f"call_{request.number}", "Let me look. ")
    return say("You said: ", request.last_text[:2000])
