"""One session's primings, as its events tell of them, and the gauge after its turns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sessions.errors import NotFound
from sessions.priming import gauge, pipeline, record
from sessions.record import events as ev

if TYPE_CHECKING:
    from sessions.runtime.session import Session

_ID = re.compile(r"^\[priming \w+ · (p\w+) ·")


class SessionPriming:
    """One session's primings: what was drawn and read, what went in, what came of it."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.expansions: dict[str, pipeline.Expansion] = {}
        self._events: list[ev.Event] = []
        self._turns: dict[int, tuple[list[str], list[str]]] = {}
        """Per turn: what the user said, what the model said."""
        self._turn_of: dict[str, int] = {}
        self._measured: dict[str, int] = {}
        session.observers.append(self.observe)

    def observe(self, event: ev.Event) -> None:
        """Fold one event of the session."""
        if isinstance(event, ev.Text):  # nearly all are
            self._turns.setdefault(event.turn, ([], []))[1].append(event.text)
        elif isinstance(event, ev.PrimingDrawn | ev.PrimingInjected | ev.PrimingMeasured):
            self._events.append(event)
            if isinstance(event, ev.PrimingMeasured) and event.turn is not None:
                self._measured[event.id] = event.turn
        elif isinstance(event, ev.UserMessage):
            self._turns.setdefault(event.turn, ([], []))[0].append(event.text)
            for text in (event.text, *(str(n.get("text", "")) for n in event.notes)):
                if found := _ID.match(text):
                    self._turn_of[found[1]] = event.turn
        elif isinstance(event, ev.TurnUndone):
            self._turns = {n: t for n, t in self._turns.items() if n < event.turn}

    def past(self) -> list[record.Past]:
        """All primings of the session, oldest first, as its journal tells them."""
        return record.replay(self._events)

    def find(self, priming: str) -> record.Past:
        """One of them. Raises NotFound."""
        for each in self.past():
            if each.draw.id == priming:
                return each
        raise NotFound(f"There is no priming {priming} in this session.", "Draw again.")

    # -- measuring

    def measure(self) -> None:
        """Measure the primings whose next turns have just ended; up to three turns after."""
        numbers = sorted(self._turns)
        turns = [
            gauge.MeasuredTurn("\n".join(user), "".join(model))
            for user, model in (self._turns[n] for n in numbers)
        ]
        for past in self.past():
            turn = self._turn_of.get(past.draw.id)
            if turn is None or turn not in numbers or not past.injected:
                continue
            at, last = numbers.index(turn), numbers[-1]
            if len(numbers) - at > 2 * gauge.SIDE or self._measured.get(past.draw.id) == last:
                continue
            _, items, text, _ = past.injected[-1]
            reading = pipeline.measured(turns, at, text, items)
            self.session.recorder.emit(record.measured_event(past.draw.id, last, reading))
