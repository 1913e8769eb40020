"""One turn as its backend sees it: the `TurnHost` of sessions.backends.base."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sessions.record import events as ev
from sessions.record.closed_sets import CallStatus

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from sessions.backends.base import Settings, Tools
    from sessions.record.context import Context
    from sessions.record.recorder import Recorder
    from sessions.record.summary import Summary
    from sessions.runtime.queued_message import Queued
    from sessions.runtime.subagent_session import SubagentSession


class Owner(Protocol):
    """What a turn needs of its session (`sessions.runtime.session.Session`)."""

    folder: Path
    context: Context
    recorder: Recorder
    queue: list[Queued]
    interruption: str
    full_confirmed: bool

    @property
    def id(self) -> str:
        """The session's id."""

    @property
    def summary(self) -> Summary:
        """What is known of it."""

    def take_steers(self, turn: int, only: Sequence[str] | None) -> list[ev.UserMessage]:
        """Take messages out of the queue, into the turn that runs."""

    def not_steered(self, item: str) -> None:
        """A message that can't go into a turn waits for one of its own."""

    def spend(self, usage: Mapping[str, int], cost_usd: float | None) -> None:
        """Count towards the turn."""

    def child(self, title: str, call: str, above: str) -> SubagentSession | None:
        """A session that its agent leads by itself; None where there can be none."""


class Turn:
    """What a conversation may ask of its session while a turn runs."""

    def __init__(
        self,
        session: Owner,
        message: ev.UserMessage,
        settings: Settings,
        tools: Tools | None,
        room: Callable[..., Awaitable[bool]],
    ) -> None:
        self._session = session
        self._make_room = room
        self.session_id = session.id
        self.message = message
        self.turn = message.turn
        self._settings = settings
        self.tools = tools
        self.ended = asyncio.Event()
        self._asks: dict[str, asyncio.Future[ev.PermissionAnswered]] = {}
        self._open_calls: dict[str, ev.ToolCall] = {}
        self._refused: dict[str, str] = {}
        """Calls that were refused, and in which words that is said where no result says it."""

    @property
    def settings(self) -> Settings:
        """What is set for this turn; a permission mode changed meanwhile holds at once.

        `full` where nothing contains it is `ask` until a person has confirmed it by typing. (Our
        own tools look for their sandbox themselves.)
        """
        mode = self._session.summary.permission
        if mode == "full" and self._settings.unsandboxed and not self._session.full_confirmed:
            mode = "ask"
        return replace(self._settings, permission=mode)

    @property
    def interruption(self) -> str:
        """Why the turn is being interrupted."""
        return self._session.interruption

    @property
    def cwd(self) -> Path:
        """The session's working directory."""
        return Path(self._session.summary.cwd)

    @property
    def files(self) -> Path:
        """The session's `files/` folder."""
        return self._session.folder / "files"

    @property
    def context(self) -> Context:
        """The conversation so far."""
        return self._session.context

    def emit(self, event: ev.Event) -> None:
        """Record an event and tell everybody."""
        self._track(event)
        self._session.recorder.emit(event)

    async def emit_synced(self, event: ev.Event) -> None:
        """Record an event and wait until it is on the disk, as long as that has no room."""
        self._track(event)
        await self._session.recorder.emit_held(event)

    async def ask(self, request: ev.PermissionAsked) -> ev.PermissionAnswered:
        """Ask for a permission and wait for its answer, however long that takes."""
        answer: asyncio.Future[ev.PermissionAnswered] = asyncio.get_running_loop().create_future()
        self._asks[request.ask] = answer
        await self.emit_synced(request)
        try:
            return await answer
        finally:
            self._asks.pop(request.ask, None)

    async def over(self) -> None:
        """Return when the end of the turn is on record and the next one can begin."""
        await self.ended.wait()

    def child(self, title: str, call: str, above: str = "") -> SubagentSession | None:
        """A session that the agent leads by itself; None where there can be none."""
        return self._session.child(title, call, above)

    def flush(self) -> None:
        """Record the text that waits for more."""
        self._session.recorder.flush()

    def steers(self) -> list[Queued]:
        """The messages that are to go into this turn."""
        return [q for q in self._session.queue if q.mode == "steer"]

    def take_steers(self, only: Sequence[str] | None = None) -> list[ev.UserMessage]:
        """Messages to take in now; each is recorded as part of this turn."""
        return self._session.take_steers(self.turn, only)

    def not_steered(self, item: str) -> None:
        """A message that can't go into this turn waits for one of its own."""
        self._session.not_steered(item)

    def spend(self, usage: Mapping[str, int], cost_usd: float | None) -> None:
        """Count towards this turn."""
        self._session.spend(usage, cost_usd)

    async def make_room(self, *, refused: bool = False) -> bool:
        """Summarise the past if it is about to outgrow the model's window, or has.

        Nothing more is asked of a model while the disk has no room for its answer.
        """
        await self._session.recorder.room()
        return await self._make_room(refused=refused)

    # -- the session's side

    async def answer(self, answered: ev.PermissionAnswered) -> bool:
        """Record a person's answer and wake what waits for it; False if nothing does."""
        waiting = self._asks.get(answered.ask)
        if waiting is None or waiting.done():
            return False
        answered = ev.replace(answered, turn=self.turn)
        self._track(answered)
        await self._session.recorder.emit_synced(answered)
        if not waiting.done():
            waiting.set_result(answered)
        return True

    async def withdraw(self, asks: Sequence[str]) -> None:
        """Its user does not want to be asked these things, which came when it was over."""
        for ask in asks:
            said = ev.PermissionAnswered(
                turn=self.turn, call="", ask=ask, decision="cancelled", by="mode"
            )
            await self.answer(said)

    def settle(self, status: CallStatus, content: str) -> None:
        """Answer what is left open, so that the conversation stays valid."""
        for ask in list(self._asks):
            self._session.recorder.emit(
                ev.PermissionAnswered(
                    turn=self.turn, call="", ask=ask, decision="cancelled", by="mode"
                )
            )
        self._asks.clear()
        for call in list(self._open_calls.values()):
            refused = self._refused.get(call.call, "")  # Gemini CLI tells no result of one
            self.emit(
                ev.ToolResult(
                    turn=self.turn,
                    call=call.call,
                    status="denied" if refused else status,
                    content=refused or content,
                )
            )

    def _track(self, event: ev.Event) -> None:
        if type(event) is ev.ToolCall:
            self._open_calls[event.call] = event
        elif type(event) is ev.ToolResult:
            self._open_calls.pop(event.call, None)
        elif type(event) is ev.PermissionAnswered and event.call:
            self._refused.pop(event.call, None)
            if not event.allowed and event.decision != "cancelled":
                self._refused[event.call] = refusal(event)


def refusal(answered: ev.PermissionAnswered) -> str:
    """What stands as the result of a call that was refused, where nothing else tells of one."""
    by = "It was refused by the user" if answered.by == "user" else "It was refused"
    return f"{by}: {answered.reason}" if answered.reason else f"{by}."
