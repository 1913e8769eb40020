"""Messages API messages, in which a conversation is kept, as the Responses API has them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from sessions.backends.chat import Dialect
from sessions.backends.chat_request import carried_of, function_of, result_of
from sessions.record import events as ev
from sessions.record.closed_sets import Effort

# What a request was refused for, by the words of its refusal.
_REFUSALS = {
    "include": re.compile(r"encrypted content is not supported|\binclude\b", re.IGNORECASE),
    "reasoning": re.compile(r"\breasoning\b(?!.{0,20}item)|\bsummar(y|ies)\b", re.IGNORECASE),
    "text": re.compile(r"text\.format|json_schema", re.IGNORECASE),
    "prompt_cache_key": re.compile(r"prompt_cache_key", re.IGNORECASE),
    "max_output_tokens": re.compile(
        r"(unsupported|unknown|unrecognized).{0,40}max_output_tokens", re.IGNORECASE
    ),
    "tools": re.compile(
        r"not support tool|tool( use| calling|s)? (is|are) not supported", re.IGNORECASE
    ),
}


class ResponsesRequest:
    """The Responses API (see sessions.backends.chat_request.RequestForm).

    Nothing is stored there: each request carries the whole conversation, and thinking comes
    encrypted, to be sent back.
    """

    schema_field = "text"
    refusals: Mapping[str, re.Pattern[str]] = _REFUSALS

    def __init__(self, *, official: bool) -> None:
        self._official = official

    def begin(
        self,
        dialect: Dialect,
        model: str,
        messages: Iterable[Mapping[str, Any]],
        system: str,
        session: str = "",
    ) -> dict[str, Any]:
        """Items, and that thinking shall come encrypted."""
        told: dict[str, Any] = {
            "model": model,
            "input": items(messages),
            "store": False,
            "include": ["reasoning.encrypted_content"],
        }
        if system:
            told["instructions"] = system
        if session and self._official:
            told["prompt_cache_key"] = session
        return told

    def tool(self, tool: ev.JSON) -> ev.JSON:
        """A function."""
        return {"type": "function", **function_of(tool), "strict": False}

    def limit(self, dialect: Dialect, tokens: int) -> dict[str, Any]:
        """Of thinking and answer together."""
        return {"max_output_tokens": tokens}

    def schema(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """A JSON schema."""
        form = {"type": "json_schema", "name": "answer", "schema": dict(schema), "strict": False}
        return {"text": {"format": form}}

    def think(self, effort: Effort) -> dict[str, Any]:
        """With a summary to be shown, which OpenAI's own server makes when it is asked to."""
        told: dict[str, str] = {"effort": effort} if effort else {}
        if self._official:
            told["summary"] = "auto"
        return {"reasoning": told} if told else {}

    def held(self, dialect: Dialect, asked: Mapping[str, Any]) -> set[str]:
        """Its fields."""
        return set(asked)


def items(messages: Iterable[Mapping[str, Any]]) -> list[ev.JSON]:
    """The conversation as items: messages, thinking, calls and their outputs, in order."""
    told: list[ev.JSON] = []
    for message in messages:
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        told += _of_answer(blocks) if message["role"] == "assistant" else _of_user(blocks)
    return told


def _of_answer(blocks: Iterable[ev.JSON]) -> list[ev.JSON]:
    told: list[ev.JSON] = []
    for block in blocks:
        if block["type"] == "text":
            part = {"type": "output_text", "text": block["text"], "annotations": []}
            told.append({"type": "message", "role": "assistant", "content": [part]})
        elif block["type"] == "tool_use":
            told.append(
                {
                    "type": "function_call",
                    "call_id": block["id"],
                    "name": block["name"],
                    "arguments": json.dumps(block["input"], ensure_ascii=False),
                }
            )
        elif block["type"] == "carried" and (item := carried_of(block)).get("type") == "reasoning":
            told.append(item)
    return told


def _of_user(blocks: Iterable[ev.JSON]) -> list[ev.JSON]:
    told: list[ev.JSON] = []
    parts: list[ev.JSON] = []
    for block in blocks:
        if block["type"] == "tool_result":
            text, pictures = result_of(block)
            output = {"type": "function_call_output", "call_id": block["tool_use_id"]}
            told.append({**output, "output": text})
            parts += [_part(picture) for picture in pictures]
        else:
            parts.append(_part(block))
    if parts:
        told.append({"type": "message", "role": "user", "content": parts})
    return told


def _part(block: ev.JSON) -> ev.JSON:
    if block["type"] != "image":
        return {"type": "input_text", "text": block.get("text", "")}
    source = block["source"]
    url = f"data:{source['media_type']};base64,{source['data']}"
    return {"type": "input_image", "image_url": url, "detail": "auto"}
