"""Whether bytes are text, told by their beginning."""

from __future__ import annotations


def looks_binary(data: bytes) -> bool:
    """Whether bytes are no text: a NUL, or much that is no UTF-8, near the beginning."""
    start = data[:8192]
    if b"\0" in start:
        return True
    broken = start.decode("utf-8", "replace").count("\ufffd")
    return broken > max(8, len(start) // 8)
