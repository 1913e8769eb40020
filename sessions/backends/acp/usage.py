"""The tokens and the cost of a turn, as the agents tell them: each in a way of its own.

The protocol has `usage` in the answer to a prompt. Gemini CLI tells it in the answer's
`_meta.quota.token_count`, Qwen Code in `_meta.usage` of a response's last chunk; Mistral Vibe's
`usage` is the session's so far, and so is every agent's cost (Claude Code's since the session was
last entered).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sessions.safety.numbers_from_outside import count

_NAMES = {
    "input": ("inputTokens", "input_tokens", "promptTokens", "promptTokenCount", "input"),
    "output": (
        "outputTokens", "output_tokens", "completionTokens", "candidatesTokenCount", "output",
    ),
    "cache_read": ("cachedReadTokens", "cached_read_tokens", "cachedTokens", "cached"),
    "cache_write": ("cachedWriteTokens", "cached_write_tokens"),
}  # fmt: skip


def of(given: Any) -> dict[str, int]:
    """Tokens by our names, from any of the agents' ways of writing them."""
    if not isinstance(given, dict):
        return {}
    found: dict[str, int] = {}
    for ours, theirs in _NAMES.items():
        counted = next((c for name in theirs if (c := count(given.get(name))) is not None), None)
        if counted is not None:
            found[ours] = counted
    return found


def of_answer(answer: Mapping[str, Any]) -> dict[str, int]:
    """Tokens as the answer to a prompt tells them."""
    if found := of(answer.get("usage")):
        return found
    meta = answer.get("_meta")
    quota = meta.get("quota") if isinstance(meta, dict) else None
    told = quota.get("token_count") if isinstance(quota, dict) else None
    return of(told) or of(meta.get("usage") if isinstance(meta, dict) else None)


def since(so_far: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    """A turn's tokens, where an agent tells the session's so far. It may have begun anew."""
    if any(so_far.get(name, 0) < amount for name, amount in before.items()):
        return dict(so_far)
    return {name: amount - before.get(name, 0) for name, amount in so_far.items()}
