"""A model that says what it is told, and remembers what it was asked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sessions.backends.base import Reply


class FakeModel:
    """Replies in turn; the last one again and again. A reply may be text or data for JSON."""

    def __init__(self, *replies: object) -> None:
        self._replies = [r if isinstance(r, str) else json.dumps(r) for r in replies]
        self.asked: list[list[Mapping[str, Any]]] = []
        self.schemas: list[Mapping[str, Any] | None] = []

    async def __call__(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        schema: Mapping[str, Any] | None = None,
        max_tokens: int = 4096,
    ) -> Reply:
        self.asked.append(list(messages))
        self.schemas.append(schema)
        text = self._replies[min(len(self.asked), len(self._replies)) - 1]
        return Reply(text, {"input": 10, "output": 5}, "fake-1", 0.001)

    @property
    def questions(self) -> list[str]:
        """The last message of each call."""
        return [str(messages[-1]["content"]) for messages in self.asked]
