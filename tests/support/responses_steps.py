"""Answers of the Responses API for the scripted server, as `chat_steps` has Chat Completions'.

The shapes are those of developers.openai.com/api/reference/responses (November 2026).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tests.support.messages_server import JSON, Raw, Request, Status, Step, sse


def start() -> Raw:
    """The beginning of an answer."""
    response = {"id": "resp_1", "object": "response", "model": "scripted", "status": "in_progress"}
    return sse("response.created", response=response)


def begin(words: str, place: int = 0) -> list[Step]:
    """A message's beginning and its first piece."""
    item = {"id": f"msg_{place}", "type": "message", "role": "assistant", "content": []}
    part = {"type": "output_text", "text": ""}
    return [
        sse("response.output_item.added", output_index=place, item=item),
        sse("response.content_part.added", output_index=place, content_index=0, part=part),
        piece(words, place),
    ]


def piece(words: str, place: int = 0) -> Raw:
    """A piece of a message."""
    return sse("response.output_text.delta", output_index=place, content_index=0, delta=words)


def text(place: int, *chunks: str) -> list[Step]:
    """A whole message in chunks."""
    whole = [{"type": "output_text", "text": "".join(chunks)}]
    item = {"id": f"msg_{place}", "type": "message", "role": "assistant", "content": whole}
    return [
        *begin(chunks[0] if chunks else "", place),
        *(piece(words, place) for words in chunks[1:]),
        sse("response.output_item.done", output_index=place, item=item),
    ]


def thinking(place: int, *parts: str, encrypted: str = "gAAA") -> list[Step]:
    """Thinking: a summary in parts, and the whole of it encrypted."""
    named = {"id": f"rs_{place}", "type": "reasoning"}
    summary = [{"type": "summary_text", "text": part} for part in parts]
    told = [
        sse(
            "response.reasoning_summary_text.delta",
            output_index=place,
            summary_index=number,
            delta=part,
        )
        for number, part in enumerate(parts)
    ]
    whole: JSON = {**named, "summary": summary}
    if encrypted:
        whole["encrypted_content"] = encrypted
    return [
        sse("response.output_item.added", output_index=place, item={**named, "summary": []}),
        *told,
        sse("response.output_item.done", output_index=place, item=whole),
    ]


def tool(place: int, call: str, name: str, given: JSON | str) -> list[Step]:
    """A call; `given` as text is sent as it is, valid or not. `space/name`: in a namespace."""
    raw = given if isinstance(given, str) else json.dumps(given)
    half = len(raw) // 2
    space, _, plain = name.rpartition("/")
    item = {"id": f"fc_{place}", "type": "function_call", "call_id": call, "name": plain}
    item |= {"namespace": space} if space else {}
    return [
        sse("response.output_item.added", output_index=place, item={**item, "arguments": ""}),
        *(
            sse("response.function_call_arguments.delta", output_index=place, delta=part)
            for part in (raw[:half], raw[half:])
        ),
        sse("response.output_item.done", output_index=place, item={**item, "arguments": raw}),
    ]


def counts(given: int = 10, output: int = 5, cached: int = 0) -> JSON:
    """What an answer took."""
    return {
        "input_tokens": given,
        "output_tokens": output,
        "input_tokens_details": {"cached_tokens": cached},
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": given + output,
    }


def stop(why: str = "", usage: JSON | None = None, **fields: Any) -> list[Step]:
    """The end of an answer; `why` it is incomplete."""
    response: JSON = {"id": "resp_1", "model": "scripted", "usage": usage or counts(), **fields}
    if not why:
        return [sse("response.completed", response={**response, "status": "completed"})]
    cut = {"status": "incomplete", "incomplete_details": {"reason": why}}
    return [sse("response.incomplete", response=response | cut)]


def say(*chunks: str) -> list[Step]:
    """A whole answer of text."""
    return [start(), *text(0, *chunks), *stop()]


def call(name: str, given: JSON | str, call_id: str = "call_1", before: str = "") -> list[Step]:
    """A whole answer that calls one tool."""
    said = text(0, before) if before else []
    return [start(), *said, *tool(1, call_id, name, given), *stop()]


def error(kind: str, message: str = "told so", status: int = 0, code: Any = None) -> list[Step]:
    """An error: as an HTTP status, or in the stream where `status` is 0."""
    if status:
        body = {"error": {"message": message, "type": kind, "param": None, "code": code}}
        return [Status(status, json.dumps(body).encode())]
    return [sse("error", code=code or kind, message=message, param=None)]


def by_words(request: Request) -> Sequence[Step]:
    """As `messages_server.by_words`, in short."""
    last = (request.body.get("input") or [{}])[-1]
    if last.get("type") == "function_call_output":
        return say("The tool said: ", str(last.get("output"))[:2000])
    words = request.last_text.strip().split(maxsplit=2)
    if words[:1] == ["tool"] and len(words) > 2:
        return call(words[1], words[2], f"call_{request.number}", "Let me look. ")
    return say("You said: ", request.last_text[:2000])
