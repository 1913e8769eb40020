"""Events → where a turn's time went: the model, tools, waiting for a person or for a server."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal

from sessions.record import events as ev
from sessions.record.closed_sets import CallStatus, SpanKind

_NOTICED_S = 0.1
"""What a turn waits for its place at least, to be told of."""


@dataclass(slots=True)
class Span:
    """A stretch of a turn, in seconds from its message on.

    `name`: of the model what it did there (`thinks`, `writes`), of a tool its name, of waiting
    what for; `about`: a tool's title or its first argument; `status`: how a tool call ended.
    """

    kind: SpanKind
    name: str
    begin: float
    end: float
    about: str = ""
    status: CallStatus | Literal[""] = ""


@dataclass(slots=True)
class _Call:
    name: str
    about: str
    since: float | None
    """Since when it runs; None while it is asked about."""
    spans: list[Span] = field(default_factory=list)


class Timeline:
    """A fold of one turn's events. Between its calls of tools the model has the time."""

    def __init__(self, turn: int) -> None:
        self.turn = turn
        self.at = ""
        self.ended = False
        self.spans: list[Span] = []
        self._zero: datetime | None = None
        self._now = 0.0
        self._model: float | None = None
        """Since when the model is at work."""
        self._said: dict[str, None] = {}
        self._calls: dict[str, _Call] = {}
        self._asks: dict[str, tuple[float, ev.PermissionAsked]] = {}
        self._waits: Span | None = None

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return self._now

    def sums(self) -> dict[SpanKind, float]:
        """Seconds by kind; what happened side by side is counted once."""
        return {
            kind: union
            for kind in dict.fromkeys(span.kind for span in self.spans)
            if (union := _covered(span for span in self.spans if span.kind == kind)) > 0
        }

    def apply(self, event: ev.Event) -> None:
        """Take one event in; those of other turns are passed over."""
        handler = self._HANDLERS.get(type(event))
        if handler is None or getattr(event, "turn", None) != self.turn or self.ended:
            return
        if self._take_time(event):
            self._end_wait()
            handler(self, event)

    def finish(self, now: str) -> None:
        """The turn still runs: all that is open has lasted until now."""
        if not self.ended and self._zero is not None:
            self._take_time(ev.Event(at=now))
            self._close()

    def _take_time(self, event: ev.Event) -> bool:
        try:
            at = datetime.fromisoformat(event.at)
            if self._zero is None:
                self._zero, self.at = at, event.at
            # A clock that was set back costs nothing but the time that it took away.
            self._now = max(self._now, (at - self._zero).total_seconds())
        except (ValueError, TypeError):
            return self._zero is not None
        return True

    # -- what happened

    def _message(self, event: ev.UserMessage) -> None:
        """The one that began it; others are messages that went into the turn."""

    def _started(self, event: ev.TurnStarted) -> None:
        if self._now >= _NOTICED_S:
            self._put("wait", "its place among the turns", 0.0, self._now)
        self._model = self._now

    def _wrote(self, event: ev.Text | ev.Thinking) -> None:
        self._said["thinks" if isinstance(event, ev.Thinking) else "writes"] = None

    def _call(self, event: ev.ToolCall) -> None:
        if event.call in self._calls:
            return  # told again with more detail, by an agent
        self._end_model()
        words = (v for v in event.input.values() if isinstance(v, str) and v.strip())
        about = event.title or next(words, "")
        self._calls[event.call] = _Call(event.name or event.kind, about[:200], self._now)

    def _result(self, event: ev.ToolResult) -> None:
        call = self._calls.pop(event.call, None)
        if call is None:
            return
        self._pause(call)
        for span in call.spans:
            span.status = event.status
        self._go_on()

    def _pause(self, call: _Call) -> None:
        if call.since is not None:
            span = Span("tool", call.name, call.since, self._now, call.about)
            call.since = None
            call.spans.append(span)
            self.spans.append(span)

    def _asked(self, event: ev.PermissionAsked) -> None:
        self._end_model()
        if (call := self._calls.get(event.call)) is not None:
            if call.since == self._now or not call.spans:
                call.since = None  # it has not begun
            else:
                self._pause(call)
        self._asks[event.ask] = self._now, event

    def _answered(self, event: ev.PermissionAnswered) -> None:
        began, asked = self._asks.pop(event.ask, (0.0, None))
        if asked is None:
            return
        self._put("person", asked.tool, began, self._now, asked.summary[:200])
        if (call := self._calls.get(asked.call)) is not None and call.since is None:
            call.since = self._now
        self._go_on()

    def _retry(self, event: ev.Retry) -> None:
        self._end_model()
        until = self._now + max(0.0, event.wait_s)
        self._waits = Span("wait", event.kind, self._now, until, event.message[:200])

    def _ended(self, event: ev.TurnEnded) -> None:
        self._close()
        self.ended = True

    # -- what lasts

    def _put(self, kind: SpanKind, name: str, begin: float, end: float, about: str = "") -> None:
        if end - begin >= 0.001:
            self.spans.append(Span(kind, name, begin, end, about))

    def _go_on(self) -> None:
        """It is the model's turn again, where nothing else is under way."""
        if not self._calls and not self._asks and self._model is None:
            self._model = self._now

    def _end_model(self) -> None:
        if self._model is not None:
            self._put("model", " and ".join(self._said), self._model, self._now)
        self._model = None
        self._said = {}

    def _end_wait(self) -> None:
        if (wait := self._waits) is not None:
            self._waits = None
            wait.end = min(wait.end, self._now)
            self._put(wait.kind, wait.name, wait.begin, wait.end, wait.about)
            self._model = wait.end

    def _close(self) -> None:
        self._end_wait()
        for began, asked in self._asks.values():
            self._put("person", asked.tool, began, self._now, asked.summary[:200])
        for call in self._calls.values():
            self._pause(call)
        self._end_model()
        self._asks, self._calls = {}, {}
        self.spans.sort(key=lambda span: (span.begin, span.end))

    _HANDLERS: ClassVar[dict[type[ev.Event], Callable[[Any, Any], None]]] = {
        ev.UserMessage: _message,
        ev.TurnStarted: _started,
        ev.Text: _wrote,
        ev.Thinking: _wrote,
        ev.ToolCall: _call,
        ev.ToolResult: _result,
        ev.PermissionAsked: _asked,
        ev.PermissionAnswered: _answered,
        ev.Retry: _retry,
        ev.TurnEnded: _ended,
    }


def _covered(spans: Iterable[Span]) -> float:
    """The length of all of them together, where they overlap counted once."""
    total, upto = 0.0, 0.0
    for span in sorted(spans, key=lambda span: span.begin):
        total += max(0.0, span.end - max(span.begin, upto))
        upto = max(upto, span.end)
    return total
