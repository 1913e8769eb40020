"""Answers of the Gemini API for the scripted server, as `chat_steps` has Chat Completions'.

The shapes are those of ai.google.dev/api/generate-content (November 2026), streamed with
`alt=sse`; a request for `generateContent` is answered by one of them alone, as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from tests.support.messages_server import JSON, Raw, Request, Status, Step

STREAM, WHOLE = ":streamGenerateContent", ":generateContent"


def chunk(*parts: JSON, reason: str = "", usage: JSON | None = None) -> Raw:
    """One piece of the one candidate."""
    candidate: JSON = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    if reason:
        candidate["finishReason"] = reason
    body: JSON = {"candidates": [candidate], "modelVersion": "scripted", "responseId": "r1"}
    if usage is not None:
        body["usageMetadata"] = usage
    return Raw(f"data: {json.dumps(body, ensure_ascii=False)}\r\n\r\n".encode())


def counts(prompt: int = 10, output: int = 5) -> JSON:
    """What an answer took."""
    given = {"promptTokenCount": prompt, "candidatesTokenCount": output}
    return {**given, "totalTokenCount": prompt + output}


def text(*chunks: str) -> list[Step]:
    """Text in chunks."""
    return [chunk({"text": words}) for words in chunks]


def stop(reason: str = "STOP") -> list[Step]:
    """The end of an answer."""
    return [chunk({"text": ""}, reason=reason, usage=counts())]


def say(*chunks: str) -> list[Step]:
    """A whole answer of text."""
    return [*text(*chunks), *stop()]


def call(name: str, given: JSON, call_id: str = "call_1") -> list[Step]:
    """A whole answer that calls one tool."""
    made = {"functionCall": {"name": name, "args": given, "id": call_id}}
    return [chunk(made, reason="STOP", usage=counts())]


def whole(words: str) -> Step:
    """An answer that is not streamed."""
    body = chunk({"text": words}, reason="STOP", usage=counts()).data
    return Status(200, body.removeprefix(b"data: ").strip())


def by_words(request: Request) -> Sequence[Step]:
    """As `messages_server.by_words`, in short."""
    parts = (request.body.get("contents") or [{}])[-1].get("parts") or []
    told = "\n".join(str(p.get("text", "")) for p in parts)
    return say("You said: ", told[:2000])
