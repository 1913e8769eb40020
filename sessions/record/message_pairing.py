"""Messages in the shape that every server takes: alternating, calls with their results."""

from __future__ import annotations

from collections.abc import Iterable

from sessions.record import events as ev

THINKING = ("thinking", "redacted_thinking", "carried")
"""Blocks in which no answer ends."""
NO_RESULT = "No result: the call was cut off, and whether it took effect is not known."


def paired(messages: list[ev.JSON]) -> list[ev.JSON]:
    """Answer every `tool_use` in the message after it; results come first there."""
    told: list[ev.JSON] = []
    for number, message in enumerate(messages):
        told.append(message)
        if message["role"] != "assistant":
            continue
        calls = [b["id"] for b in message["content"] if b["type"] == "tool_use"]
        if not calls:
            continue
        following = messages[number + 1] if number + 1 < len(messages) else None
        answered = following["content"] if following else []
        results = {b["tool_use_id"]: b for b in answered if b["type"] == "tool_result"}
        first = [results.get(call) or _no_result(call) for call in calls]
        rest = [b for b in answered if b["type"] != "tool_result"]
        if following is None:
            told.append({"role": "user", "content": first})
        else:
            following["content"] = [*first, *rest]
    while told and told[0]["role"] != "user":
        told.pop(0)  # an imported or compacted past may begin with an answer
    return [_without_strays(m, n, told) for n, m in enumerate(told)]


def joined(stretches: Iterable[tuple[str, list[ev.JSON]]]) -> list[ev.JSON]:
    """Messages of alternating roles, from stretches of either; none is empty.

    An answer does not end in thinking: one that was cut off there is refused ever after.
    """
    messages: list[ev.JSON] = []
    for role, blocks in stretches:
        if not blocks:
            continue
        if messages and messages[-1]["role"] == role:
            messages[-1]["content"].extend(blocks)
            continue
        _end_well(messages)
        if messages and messages[-1]["role"] == role:
            messages[-1]["content"].extend(blocks)
        else:
            messages.append({"role": role, "content": list(blocks)})
    _end_well(messages)
    return messages


def _end_well(messages: list[ev.JSON]) -> None:
    """Have the last message, if it is an answer, name each call once and not end in thinking."""
    if not messages or messages[-1]["role"] != "assistant":
        return
    content = messages[-1]["content"] = _each_call_once(messages[-1]["content"])
    while content and content[-1]["type"] in THINKING:
        content.pop()
    if not content:
        messages.pop()


def _each_call_once(blocks: list[ev.JSON]) -> list[ev.JSON]:
    """Drop a call whose id stands in the same answer already: a server refuses such a request."""
    seen: set[str] = set()
    kept: list[ev.JSON] = []
    for block in blocks:
        if block["type"] == "tool_use":
            if block["id"] in seen:
                continue
            seen.add(block["id"])
        kept.append(block)
    return kept


def _without_strays(message: ev.JSON, number: int, messages: list[ev.JSON]) -> ev.JSON:
    """Drop results whose call is not in the message before (its turn was compacted away)."""
    if message["role"] != "user":
        return message
    before = messages[number - 1]["content"] if number else []
    calls = {b["id"] for b in before if b["type"] == "tool_use"}
    content = [
        b for b in message["content"] if b["type"] != "tool_result" or b["tool_use_id"] in calls
    ]
    return {**message, "content": content or [{"type": "text", "text": "(nothing)"}]}


def _no_result(call: str) -> ev.JSON:
    text = [{"type": "text", "text": NO_RESULT}]
    return {"type": "tool_result", "tool_use_id": call, "content": text, "is_error": True}
