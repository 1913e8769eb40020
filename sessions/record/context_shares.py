"""What fills a context: the tokens of each part of what is sent, estimated alike for all."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, get_args

from sessions.record import events as ev
from sessions.record.closed_sets import FilledBy
from sessions.record.context import IMAGE_TOKENS
from skills.tokens import quarters

ORDER: tuple[FilledBy, ...] = get_args(FilledBy)


def shares(
    blocks: Iterable[tuple[FilledBy, ev.JSON]], system: str, tools: Iterable[ev.JSON]
) -> dict[FilledBy, int]:
    """Tokens, about, by what they are of; parts that are not there are left out.

    Args:
        blocks: as `sessions.record.context.Context.filled` gives them.
        system: the system prompt.
        tools: the tools' definitions.
    """
    sums: dict[FilledBy, int] = dict.fromkeys(ORDER, 0)
    sums["system"] = quarters(system)
    sums["tools"] = sum(quarters(_written(tool)) for tool in tools)
    for of, block in blocks:
        sums[of] += weight(block)
    return {of: -(-size // 4) for of, size in sums.items() if size}


def weight(block: ev.JSON) -> int:
    """A block's tokens in quarters."""
    kind = block.get("type")
    if kind == "image":
        return 4 * IMAGE_TOKENS
    if kind == "tool_use":
        return quarters(str(block["name"])) + quarters(_written(block["input"]))
    if kind == "tool_result":
        content = block.get("content")
        inner = content if isinstance(content, list) else [{"type": "text", "text": content or ""}]
        return sum(weight(part) for part in inner)
    return quarters(str(block.get("text") or block.get("thinking") or block.get("data") or ""))


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
