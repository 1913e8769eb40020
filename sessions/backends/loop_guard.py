"""A model that goes in circles: the same calls again and again, or calls that come broken."""

from __future__ import annotations

import json
import uuid

from sessions.backends.base import TurnHost
from sessions.backends.messages_stream import Response
from sessions.record import events as ev

MOST_BROKEN = 3
_SAME_CALLS = 3


class LoopGuard:
    """Notices when the model makes the very same calls again and again."""

    def __init__(self) -> None:
        self._last = ""
        self._count = 0
        self._broken = 0

    def broken(self, response: Response) -> bool:
        """Whether nothing but broken calls has now come three times in a row."""
        whole = any(not call.malformed for call in response.calls)
        self._broken = 0 if whole else self._broken + 1
        return self._broken >= MOST_BROKEN

    def again(self, calls: list[ev.ToolCall]) -> bool:
        """Whether these calls have now been made three times in a row."""
        told = json.dumps([[c.name, c.input] for c in calls], sort_keys=True)
        self._count = self._count + 1 if told == self._last else 1
        self._last = told
        if self._count < _SAME_CALLS:
            return False
        self._count = 0
        return True


async def go_on(host: TurnHost, call: ev.ToolCall) -> bool:
    """Ask the user whether a repeated call shall be made once more."""
    answered = await host.ask(
        ev.PermissionAsked(
            turn=host.turn,
            call=call.call,
            ask=uuid.uuid4().hex,
            tool=call.name,
            summary=f"{call.name} is called with the same arguments for the third time.",
            detail=json.dumps(call.input, indent=1, ensure_ascii=False)[:20_000],
            detail_kind="text",
            why="The model may be going in circles.",
            options=[
                {"id": "once", "name": "Go on", "kind": "allow_once"},
                {"id": "no", "name": "Stop the turn", "kind": "reject_once"},
            ],
        )
    )
    return answered.allowed
