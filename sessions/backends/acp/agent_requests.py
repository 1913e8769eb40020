"""What an agent asks of us within a turn: permissions, answers of the user, files, terminals."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sessions.backends.acp import elicitation, permission_request, steering
from sessions.backends.acp.content import title_of
from sessions.backends.acp.permissions import decide
from sessions.backends.acp.steering import Steering
from sessions.backends.acp.transport import Message
from sessions.backends.acp.updates import Translator
from sessions.backends.acp.workspace import Workspace
from sessions.backends.base import TurnHost
from sessions.record import events as ev
from sessions.safety.sanitise import clean_line
from sessions.tools.workspace import Target

if TYPE_CHECKING:
    from sessions.backends.acp.port import Port

T = TypeVar("T")
_OF_PEOPLE = ("session/request_permission", elicitation.CREATE)
_CANCELLED: Message = {"outcome": {"outcome": "cancelled"}}
_LOOKS, _LOOK_S = 10, 0.03
"""OpenCode asks for an MCP server's tool a moment before it tells what that is given."""


class Answering:
    """Answers the requests of one session of an agent."""

    def __init__(self, backend: Port, there: Path, workspace: Workspace) -> None:
        self.refused = False
        """Whether something that the agent asked for in this turn was refused."""
        self.drains = False
        """Whether the agent asks for what is to go into its turn."""
        self.steering: Steering | None = None
        """The messages that are to go into the running turn."""
        self._backend = backend
        self._there = there
        self._workspace = workspace
        self._host: TurnHost | None = None
        self._last: TurnHost | None = None
        """Of the last turn, for what the agent asks after it."""
        self._translator: Translator | None = None
        self._drained: Callable[[], None] = lambda: None
        self.prompted: Callable[[], bool] = lambda: True
        """Whether the agent has not answered the running turn's prompt."""
        self._over = asyncio.Event()
        self._asks: set[asyncio.Task[Any]] = set()

    def begin(self, host: TurnHost, translator: Translator, drained: Callable[[], None]) -> None:
        """A turn begins. `drained`: the agent asked for the first time for what waits.

        What was asked since the last one gets no answer any more: its user has gone on.
        """
        self.cancel()
        self.refused = False
        self._host = self._last = host
        self.prompted = lambda: True
        self._over.clear()
        self._translator, self._drained = translator, drained

    def end(self) -> None:
        """It is over: what still waits for an answer gets none."""
        self._host = self._translator = None
        self.cancel()
        self._over.set()

    def forget(self) -> None:
        """The session is let go of."""
        self.cancel()
        self._last = None

    def cancel(self) -> None:
        """Whatever waits for an answer is told that there is none."""
        for ask in list(self._asks):
            ask.cancel()

    async def request(self, method: str, params: Message) -> Any:
        """The answer; NotImplemented for an unknown request.

        Raises acp.exceptions.RequestError.
        """
        if method in _OF_PEOPLE and self._host is not None and not self.prompted():
            await self._over.wait()  # it comes right behind the turn's end
        if method == "session/request_permission":
            return await self._permission(params)
        if method == elicitation.CREATE:
            return await self._question(params)
        if method == steering.DRAIN:
            return self._drain()
        if method == steering.CLAIM:
            return {"claimed": True, "hasQueuedPrompt": False}
        answer = self._workspace.handle(method, params)
        if method == "terminal/wait_for_exit":
            return await answer  # it is over when the command is, which an interrupt ends
        return await self._within(answer)

    def _within(self, asked: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """What the agent waits for; it ends with the turn."""
        task = asyncio.ensure_future(asked)
        self._asks.add(task)
        task.add_done_callback(self._asks.discard)
        return task

    def _drain(self) -> Message:
        """What waits for the running turn of an agent that asks for it."""
        if not self.drains and self._host is not None:
            self.drains = True
            self._drained()
        if self.steering is None:
            return {"items": [], "hasQueuedPrompt": False}
        return self.steering.drain()

    async def _question(self, params: Message) -> Message:
        """Answer elicitation/create by the user, in a turn or between two."""
        last = self._last
        if self._host is None and last is not None:
            await last.over()  # meanwhile the next one may have begun
        if self._host is not None:
            host = self._recording(self._host)
        elif last is not None:
            host = elicitation.Recording(last)
        else:
            return elicitation.CANCEL
        asked = elicitation.ask(host, self._translator, self._backend.title, params)
        try:
            return await self._within(asked)
        except asyncio.CancelledError:
            return elicitation.CANCEL

    async def _permission(self, params: Message) -> Message:
        """Answer session/request_permission by the deck's mode, or by its user."""
        host, translator = self._host, self._translator
        given = params.get("toolCall")
        call: Message = given if isinstance(given, dict) else {}
        if host is None or translator is None:
            self._unasked(call)
            return _CANCELLED
        options = permission_request.options_of(params)
        for event in translator.announce(call):
            await host.emit_synced(event)
        call_id = str(call.get("toolCallId", ""))
        known = permission_request.filled(translator.call(call_id), call)
        for _ in range(_LOOKS if call.get("rawInput") == {} else 0):
            if permission_request.shows(known):
                break
            await asyncio.sleep(_LOOK_S)
            known = permission_request.filled(translator.call(call_id), call)
        if self._host is not host:
            return _CANCELLED
        targets = permission_request.targets_of(known, self._backend.guard(host))
        verdict = decide(host.settings.permission, known, targets)
        chosen = (
            permission_request.option(options, verdict.option_kind) if verdict.option_kind else ""
        )
        kinds = {str(o.get("optionId")): str(o.get("kind")) for o in options}
        if verdict.option_kind.startswith("reject"):
            chosen = chosen or "cancelled"  # there is no refusal among the options
        request = permission_request.asked(
            host.turn, call_id, known, options, self._there, "" if chosen else verdict.why
        )
        if chosen:
            await host.emit_synced(
                ev.PermissionAnswered(
                    turn=host.turn,
                    call=call_id,
                    ask=request.ask,
                    decision=chosen,
                    allowed=verdict.option_kind.startswith("allow"),
                    by="mode",
                    reason=verdict.why,
                )
            )
            self._approve(known, targets, verdict.option_kind)
            return _selected(chosen) if chosen in kinds else _CANCELLED
        try:
            answered = await self._within(self._recording(host).ask(request))
        except asyncio.CancelledError:
            return _CANCELLED
        decision = answered.decision
        if decision not in kinds:
            decision = permission_request.option(
                options, "allow_once" if answered.allowed else "reject_once"
            )
        self._approve(known, targets, kinds.get(decision, ""))
        return _selected(decision) if decision else _CANCELLED

    def _recording(self, host: TurnHost) -> elicitation.Recording:
        """Asks in the turn that runs; what the agent takes back before its end is recorded so."""
        return elicitation.Recording(host, lambda: self._host is not host)

    def _unasked(self, call: Message) -> None:
        """What is asked for while no turn runs is refused, which its user is told."""
        if self._last is not None:
            what = clean_line(title_of(call) or str(call.get("kind") or "something"))[:200]
            said = f"{self._backend.title} asked while no turn ran; it was refused: {what}"
            self._last.emit(ev.Notice(turn=self._last.turn, kind="agent", message=said))

    def _approve(self, call: Message, targets: list[Target], option_kind: str) -> None:
        """What was allowed here is not asked once more when the agent then does it through us."""
        self.refused = self.refused or not option_kind.startswith("allow")
        if option_kind.startswith("allow"):
            kind, command = str(call.get("kind") or "other"), permission_request.command_of(call)
            self._workspace.approvals.take(kind, option_kind, [t.path for t in targets], command)


def _selected(option: str) -> Message:
    return {"outcome": {"outcome": "selected", "optionId": option}}
