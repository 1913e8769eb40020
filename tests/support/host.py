"""A TurnHost that only remembers, for testing conversations alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from sessions.backends.base import Settings, Tools
from sessions.record import events as ev
from sessions.record.closed_sets import Permission
from sessions.record.summary_parts import AgentState
from sessions.runtime.queued_message import Queued


class FakeContext:
    """As much of a context as a conversation asks for."""

    def __init__(self, host: FakeHost) -> None:
        self._host = host

    def messages(self) -> list[ev.JSON]:
        """The past that the test gave."""
        return self._host.past

    def is_undone(self, turn: int) -> bool:
        """Whether the test says that a turn was taken back."""
        return turn in self._host.undone


class QuietHost:
    """What every host here has: events that are kept, room without end, nobody who steers."""

    def __init__(self, cwd: Path, files: Path, session_id: str, permission: str) -> None:
        self.session_id = session_id
        self.turn = 1
        self.cwd = cwd
        self.files = files
        self.settings = Settings(permission=cast("Permission", permission))
        self.tools: Tools | None = None
        self.interruption = "Interrupted by the user."
        self.events: list[ev.Event] = []
        self.context: Any = None
        self.message = ev.UserMessage(turn=1, text="")

    def emit(self, event: ev.Event) -> None:
        """Remember an event."""
        self.events.append(event)

    async def emit_synced(self, event: ev.Event) -> None:
        """Remember an event."""
        self.emit(event)

    def spend(self, usage: Mapping[str, int], cost_usd: float | None) -> None:
        """Not counted here."""

    async def make_room(self, *, refused: bool = False) -> bool:
        """There is always room."""
        return False

    async def over(self) -> None:
        """At once."""

    def flush(self) -> None:
        """Nothing waits."""

    def steers(self) -> list[Queued]:
        """None."""
        return []

    def take_steers(self, only: Sequence[str] | None = None) -> list[ev.UserMessage]:
        """None."""
        return []

    def not_steered(self, item: str) -> None:
        """None is there."""


def saying(decision: str) -> Callable[[ev.PermissionAsked], ev.PermissionAnswered]:
    """A user who answers every request so."""
    return lambda request: ev.PermissionAnswered(
        turn=1,
        call=request.call,
        ask=request.ask,
        decision=decision,
        allowed=not decision.startswith("no"),
    )


class FakeHost(QuietHost):
    """Collects events; answers permissions by `answer`, or never."""

    def __init__(self, root: Path, session_id: str = "mine", permission: str = "ask") -> None:
        super().__init__(root, root / "files", session_id, permission)
        self.past: list[ev.JSON] = []
        self.undone: set[int] = set()
        self.answer: Callable[[ev.PermissionAsked], ev.PermissionAnswered] | None = None
        self.context = FakeContext(self)

    def say(self, text: str) -> None:
        """The message of this turn."""
        self.message = ev.UserMessage(turn=self.turn, text=text)

    def next(self, text: str) -> None:
        """Another turn."""
        self.turn += 1
        self.say(text)

    async def ask(self, request: ev.PermissionAsked) -> ev.PermissionAnswered:
        """The set answer, or wait for ever."""
        self.events.append(request)
        if self.answer is None:
            await asyncio.Event().wait()
        assert self.answer is not None
        return self.answer(request)

    def text(self) -> str:
        """All text so far."""
        return "".join(e.text for e in self.events if isinstance(e, ev.Text))

    def state(self) -> AgentState:
        """What the backend said of itself, folded."""
        folded: AgentState = {}
        for event in self.events:
            if isinstance(event, ev.BackendState):
                folded.update(event.data)
        return folded
