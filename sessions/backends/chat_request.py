"""Messages API messages, in which a conversation is kept, as Chat Completions has them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from sessions.backends.chat import Dialect
from sessions.record import events as ev
from sessions.record.closed_sets import Effort
from sessions.record.context import sound

# What a request was refused for, by the words of its refusal.
_REFUSALS = {
    "stream_options": re.compile(r"stream_options|include_usage", re.IGNORECASE),
    "reasoning_effort": re.compile(r"reasoning_effort", re.IGNORECASE),
    "reasoning": re.compile(r"\breasoning(_content)?\b(?!.{0,60}must be passed)", re.IGNORECASE),
    "response_format": re.compile(r"response_format|json_schema", re.IGNORECASE),
    "max_tokens": re.compile(
        r"(not supported|unsupported|unknown|unrecognized|extra).{0,80}\bmax_(completion_)?tokens"
        r"|\bmax_(completion_)?tokens.{0,80}(not supported|unsupported|not permitted)",
        re.IGNORECASE,
    ),
    "tools": re.compile(
        r"not support tool|tool( use| calling|s)? (is|are) not supported", re.IGNORECASE
    ),
}


class RequestForm(Protocol):
    """How an API of OpenAI's wants a request."""

    schema_field: str
    refusals: Mapping[str, re.Pattern[str]]
    """Parts that can be left out, and the words of a refusal that is meant for each."""

    def begin(
        self,
        dialect: Dialect,
        model: str,
        messages: Iterable[Mapping[str, Any]],
        system: str,
        session: str = "",
    ) -> dict[str, Any]:
        """The request with the conversation alone."""

    def tool(self, tool: ev.JSON) -> ev.JSON:
        """A Messages API tool definition."""

    def limit(self, dialect: Dialect, tokens: int) -> dict[str, Any]:
        """The longest answer."""

    def schema(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """The form of the answer."""

    def think(self, effort: Effort) -> dict[str, Any]:
        """How hard it shall think; "" = as it likes."""

    def held(self, dialect: Dialect, asked: Mapping[str, Any]) -> set[str]:
        """Which of `refusals` a request holds."""


class ChatRequest:
    """Chat Completions (see RequestForm)."""

    schema_field = "response_format"
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
        """Messages, and that they are counted."""
        # OpenAI's own server takes no thinking back in this API.
        silent = self._official or "reasoning" in dialect.refused
        told = chat_messages(messages, system=system, reasoning="" if silent else dialect.reasoning)
        return {"model": model, "messages": told, "stream_options": {"include_usage": True}}

    def tool(self, tool: ev.JSON) -> ev.JSON:
        """A function."""
        return {"type": "function", "function": function_of(tool)}

    def limit(self, dialect: Dialect, tokens: int) -> dict[str, Any]:
        """Of its two names OpenAI knows the newer, others the older."""
        newer = self._official != ("max_tokens" in dialect.refused)
        return {"max_completion_tokens" if newer else "max_tokens": tokens}

    def schema(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """A JSON schema."""
        form = {"name": "answer", "schema": dict(schema)}
        return {"response_format": {"type": "json_schema", "json_schema": form}}

    def think(self, effort: Effort) -> dict[str, Any]:
        """The effort, where one is set."""
        return {"reasoning_effort": effort} if effort else {}

    def held(self, dialect: Dialect, asked: Mapping[str, Any]) -> set[str]:
        """Its fields, and whether thinking goes back."""
        found = set(asked)
        if "max_completion_tokens" in found:
            found.add("max_tokens")
        if any(dialect.reasoning in message for message in asked["messages"]):
            found.add("reasoning")
        return found


def function_of(tool: ev.JSON) -> ev.JSON:
    """A Messages API tool definition as a function."""
    return {
        "name": tool["name"],
        "description": tool.get("description", ""),
        "parameters": tool["input_schema"],
    }


def chat_messages(
    messages: Iterable[Mapping[str, Any]], *, system: str, reasoning: str
) -> list[ev.JSON]:
    """The conversation, the system prompt first.

    `reasoning`: the field in which unsigned thinking goes back ("" = it does not; signed thinking
    is another API's and never goes). Results of tools are messages of their own and take text
    alone, so that an image of theirs follows as the user's.
    """
    told: list[ev.JSON] = [{"role": "system", "content": system}] if system else []
    for message in messages:
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        if message["role"] == "assistant":
            told.append(_answer(blocks, reasoning))
        else:
            told += _of_user(blocks)
    return told


def _answer(blocks: Iterable[ev.JSON], reasoning: str) -> ev.JSON:
    text: list[str] = []
    thought: list[str] = []
    calls: dict[str, ev.JSON] = {}
    carried: ev.JSON = {}
    with_calls: ev.JSON = {}
    for block in blocks:
        if block["type"] == "text":
            text.append(block["text"])
        elif block["type"] == "thinking" and not block.get("signature"):
            thought.append(block["thinking"])
        elif block["type"] == "carried":
            data = carried_of(block)
            with_calls |= data.pop("calls", {})
            carried |= data
        elif block["type"] == "tool_use":
            arguments = json.dumps(block["input"], ensure_ascii=False)
            function = {"name": block["name"], "arguments": arguments}
            call = {"id": block["id"], "type": "function", "function": function}
            calls[block["id"]] = call | with_calls.get(block["id"], {})
    answer: ev.JSON = {"role": "assistant", "content": "\n\n".join(text) or None}
    if calls:
        answer["tool_calls"] = list(calls.values())
    elif not text:
        answer["content"] = ""
    if carried:
        answer |= carried
    elif thought and reasoning:
        answer[reasoning] = "\n\n".join(thought)
    return answer


def carried_of(block: ev.JSON) -> ev.JSON:
    """What a block of the record has for its server, as it came."""
    try:
        data = json.loads(sound(block["data"]))
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _of_user(blocks: Iterable[ev.JSON]) -> list[ev.JSON]:
    results: list[ev.JSON] = []
    parts: list[ev.JSON] = []
    for block in blocks:
        if block["type"] == "tool_result":
            text, pictures = result_of(block)
            results.append({"role": "tool", "tool_call_id": block["tool_use_id"], "content": text})
            parts += [_part(p) for p in pictures]
        else:
            parts.append(_part(block))
    if parts:
        results.append({"role": "user", "content": _plain(parts)})
    return results


def result_of(block: ev.JSON) -> tuple[str, list[ev.JSON]]:
    """A result's text and its images. That it failed has no field, so it is said."""
    content = block["content"]
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    text = "\n".join(b["text"] for b in content if b["type"] == "text")
    failed = "[The call failed.]\n" if block.get("is_error") else ""
    return failed + text, [b for b in content if b["type"] == "image"]


def _part(block: ev.JSON) -> ev.JSON:
    if block["type"] != "image":
        return {"type": "text", "text": block.get("text", "")}
    source = block["source"]
    url = f"data:{source['media_type']};base64,{source['data']}"
    return {"type": "image_url", "image_url": {"url": url}}


def _plain(parts: list[ev.JSON]) -> str | list[ev.JSON]:
    """Text alone as one string, which every server takes."""
    if any(part["type"] != "text" for part in parts):
        return parts
    return "\n\n".join(part["text"] for part in parts)
