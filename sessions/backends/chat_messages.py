"""Messages API messages, in which a conversation is kept, as Chat Completions has them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sessions.record import events as ev


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
    calls: list[ev.JSON] = []
    for block in blocks:
        if block["type"] == "text":
            text.append(block["text"])
        elif block["type"] == "thinking" and not block.get("signature"):
            thought.append(block["thinking"])
        elif block["type"] == "tool_use":
            arguments = json.dumps(block["input"], ensure_ascii=False)
            function = {"name": block["name"], "arguments": arguments}
            calls.append({"id": block["id"], "type": "function", "function": function})
    answer: ev.JSON = {"role": "assistant", "content": "\n\n".join(text) or None}
    if calls:
        answer["tool_calls"] = calls
    elif not text:
        answer["content"] = ""
    if thought and reasoning:
        answer[reasoning] = "\n\n".join(thought)
    return answer


def _of_user(blocks: Iterable[ev.JSON]) -> list[ev.JSON]:
    results: list[ev.JSON] = []
    parts: list[ev.JSON] = []
    for block in blocks:
        if block["type"] == "tool_result":
            text, pictures = _result(block)
            results.append({"role": "tool", "tool_call_id": block["tool_use_id"], "content": text})
            parts += [_part(p) for p in pictures]
        else:
            parts.append(_part(block))
    if parts:
        results.append({"role": "user", "content": _plain(parts)})
    return results


def _result(block: ev.JSON) -> tuple[str, list[ev.JSON]]:
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
