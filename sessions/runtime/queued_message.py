"""A message that waits for its turn."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import cast

from sessions.api.answers import Sent
from sessions.record.closed_sets import Origin, QueueMode
from sessions.record.summary_parts import Attachment, MessageWaiting, QueuedMessage
from sessions.safety import secrets_filter


@dataclass(slots=True)
class Queued:
    """A message that waits. `mode`: `queue` (a turn of its own) or `steer` (at the next step)."""

    text: str
    origin: Origin = "queued"
    mode: QueueMode = "queue"
    attachments: list[Attachment] = field(default_factory=list)
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    waited: bool = False
    """It was in the queue: nobody waits for what becomes of it."""

    @classmethod
    def from_json(cls, data: MessageWaiting | QueuedMessage) -> Queued:
        """As it came from `queue.set` or from an interface; a word of another version is kept."""
        return cls(
            data.get("text", ""),
            data.get("origin", "queued"),
            data.get("mode", "queue"),
            list(cast("list[Attachment]", data.get("attachments", []))),
            data.get("id") or uuid.uuid4().hex[:8],
        )

    def to_json(self) -> QueuedMessage:
        """As it stands in `queue.set`."""
        return {
            "id": self.id,
            "text": self.text,
            "origin": self.origin,
            "mode": self.mode,
            "attachments": self.attachments,
        }


def told_of(sent: Sent, text: str) -> Sent:
    """What who sends a message is told; also where words of it are keys, which are replaced."""
    if secrets_filter.hide(text) != text:
        sent["hidden"] = True
    return sent
