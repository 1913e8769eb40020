"""What a record lacks after a crash."""

from __future__ import annotations

from collections.abc import Sequence

from sessions.record import events as ev
from sessions.record.summary import ENGINE_STOPPED

CALL_UNKNOWN = "The engine stopped while this ran; whether it took effect is not known."


def missing(
    turn: int, calls: Sequence[ev.ToolCall], asks: Sequence[ev.PermissionAsked]
) -> list[ev.Event]:
    """The ends of what a turn had open when its engine ended; nothing is run again by itself."""
    return [
        *(
            ev.PermissionAnswered(
                turn=turn, call=ask.call, ask=ask.ask, decision="cancelled", by="mode"
            )
            for ask in asks
        ),
        *(
            ev.ToolResult(turn=turn, call=call.call, status="unknown", content=CALL_UNKNOWN)
            for call in calls
        ),
        ev.TurnEnded(turn=turn, reason="interrupted", detail=ENGINE_STOPPED),
    ]
