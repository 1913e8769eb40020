"""What a record lacks after a crash."""

from __future__ import annotations

from sessions.record import events as ev
from sessions.record.summary import ENGINE_STOPPED
from sessions.record.terminal_state import WENT

CALL_UNKNOWN = "The engine stopped while this ran; whether it took effect is not known."


class LeftOpen:
    """A fold of what a record has open: a turn, its calls, the requests that wait."""

    def __init__(self) -> None:
        self.turn: int | None = None
        self._terminal = False
        self._calls: dict[str, ev.ToolCall] = {}
        self._asks: dict[str, ev.PermissionAsked] = {}

    def apply(self, event: ev.Event) -> None:
        """Take one event in."""
        if isinstance(event, ev.UserMessage | ev.TurnStarted):
            self.turn = event.turn
        elif isinstance(event, ev.ToolCall):
            self._calls[event.call] = event
        elif isinstance(event, ev.ToolResult):
            self._calls.pop(event.call, None)
        elif isinstance(event, ev.PermissionAsked):
            self._asks[event.ask] = event
        elif isinstance(event, ev.PermissionAnswered):
            self._asks.pop(event.ask, None)
        elif isinstance(event, ev.TurnEnded):
            self._calls.clear()
            self._asks.clear()
            self.turn = None
        elif isinstance(event, ev.TerminalStarted | ev.TerminalEnded):
            self._terminal = isinstance(event, ev.TerminalStarted)

    def ends(self) -> list[ev.Event]:
        """The ends of what was open when the engine ended; nothing is run again by itself."""
        ends: list[ev.Event] = [
            ev.PermissionAnswered(
                turn=ask.turn, call=ask.call, ask=ask.ask, decision="cancelled", by="mode"
            )
            for ask in self._asks.values()
        ]
        ends += [
            ev.ToolResult(turn=call.turn, call=call.call, status="unknown", content=CALL_UNKNOWN)
            for call in self._calls.values()
        ]
        if self._terminal:
            ends.append(ev.TerminalEnded(why=WENT))
        if self.turn is not None:
            ended = ev.TurnEnded(turn=self.turn, reason="interrupted", detail=ENGINE_STOPPED)
            ends.append(ended)
        return ends
