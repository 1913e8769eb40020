"""A turn of a model that has no tools of its own: ask, run what it calls, ask again.

Shared by the backends that speak the Messages API. Retries are here, visible as events, and
only where nothing of a response had been shown: text that came before a fault stays, marked.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from sessions import events as ev
from sessions.backends.base import Question, Reply, TurnHost
from sessions.backends.faults import Fault, FaultError
from sessions.backends.messages import MessagesApi, Response, ToolUse
from sessions.errors import BackendError
from sessions.limits import Gate, backoff_s

# A server may ask to be called again unchanged (`pause_turn`); not for ever.
_MAX_PAUSES = 10
_SAME_CALLS = 3
_MALFORMED = (
    "The arguments were no valid JSON object, so nothing was run. They were:\n{raw}\n"
    "Call the tool again with valid JSON."
)


class Service(Protocol):
    """What a conversation needs of its backend."""

    api: MessagesApi
    gate: Gate
    retries: int

    def params(self, host: TurnHost) -> dict[str, Any]:
        """The request for a turn's next response, from the host's context."""

    def cost(self, model: str, usage: Mapping[str, int]) -> float | None:
        """US dollars, or None where no price is known."""

    async def ready(self) -> None:
        """Make sure that there is something to ask. Raises BackendError."""

    async def explain(self, fault: Fault) -> Fault:
        """The fault in this backend's words."""


class NativeConversation:
    """One session's turns with a Messages API server."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def close(self) -> None:
        """Nothing of a session is kept here: each request carries the whole conversation."""

    async def turn(self, host: TurnHost) -> ev.TurnEnded:
        """Run one turn (see sessions.backends.base.Conversation)."""
        usage: dict[str, int] = {}
        guard = _LoopGuard()
        pauses = 0
        for _ in range(max(1, host.settings.max_steps)):
            response = await self._respond(host)
            for kind, count in response.usage.items():
                usage[kind] = usage.get(kind, 0) + count
            _tell_context(host, response)
            if response.calls:
                if not await self._run(host, response.calls, guard):
                    return self._ended(host, "end_turn", usage, "a call was repeated")
                host.take_steers()
                continue
            if response.stop_reason == "pause_turn" and pauses < _MAX_PAUSES:
                pauses += 1
                host.flush()
                continue
            if host.take_steers():
                continue
            reason, detail = _reason(response)
            return self._ended(host, reason, usage, detail)
        detail = f"{host.settings.max_steps} answers of the model within one turn"
        return self._ended(host, "max_turns", usage, detail)

    # -- one response

    async def _respond(self, host: TurnHost) -> Response:
        """One response, tried again by itself while nothing of it had been shown."""
        service = self._service
        attempt = 0
        while True:
            attempt += 1
            response = Response()
            try:
                await service.ready()
                if refusal := service.gate.refusal():
                    raise FaultError(refusal)
                await service.gate.enter(lambda wait: _held_back(host, wait))
                await service.api.stream(service.params(host), _HostSink(host), response)
            except FaultError as error:
                fault = await service.explain(error.fault)
                await self._wait(host, fault, response, attempt)
                continue
            service.gate.passed()
            return response

    async def _wait(self, host: TurnHost, fault: Fault, response: Response, attempt: int) -> None:
        """Wait before another try, or raise what can't be tried again. Raises BackendError."""
        service = self._service
        if fault.kind in ("auth", "billing"):
            service.gate.refuse(fault)
        if response.shown or not fault.retryable or attempt > service.retries:
            host.flush()
            raise fault.error()
        wait = fault.wait_s if fault.wait_s is not None else backoff_s(attempt)
        if fault.kind in ("rate_limit", "overloaded"):
            service.gate.pause(wait)
        host.emit(
            ev.Retry(
                turn=host.turn,
                kind=fault.kind,
                wait_s=round(wait, 1),
                attempt=attempt,
                message=fault.message,
            )
        )
        await asyncio.sleep(wait)

    # -- tool calls

    async def _run(self, host: TurnHost, uses: list[ToolUse], guard: _LoopGuard) -> bool:
        """Record and run the calls of one response; False if the user stopped a loop."""
        calls: list[ev.ToolCall] = []
        for use in uses:
            given = {"malformed": use.malformed} if use.malformed else use.input
            call = ev.ToolCall(turn=host.turn, call=use.id, name=use.name, input=given)
            # On disk before anything is done, so that a crash can't hide that it was begun.
            await host.emit_synced(call)
            if use.malformed:
                text = _MALFORMED.format(raw=use.malformed[:2000])
                host.emit(ev.ToolResult(turn=host.turn, call=use.id, status="error", content=text))
            else:
                calls.append(call)
        if calls and guard.again(calls) and not await _go_on(host, calls[-1]):
            for call in calls:
                denied = "The user stopped this: the same call was made again and again."
                host.emit(
                    ev.ToolResult(turn=host.turn, call=call.call, status="denied", content=denied)
                )
            return False
        if calls and host.tools is None:
            for call in calls:
                nothing = "There are no tools in this session. Answer without."
                host.emit(
                    ev.ToolResult(turn=host.turn, call=call.call, status="error", content=nothing)
                )
        elif calls and host.tools is not None:
            await host.tools.run(calls, host)
        return True

    def _ended(
        self, host: TurnHost, reason: str, usage: dict[str, int], detail: str = ""
    ) -> ev.TurnEnded:
        return ev.TurnEnded(
            turn=host.turn,
            reason=reason,
            usage=usage,
            cost_usd=self._service.cost(host.settings.model, usage),
            detail=detail,
        )


class _HostSink:
    """Hands a response's content to the session as events."""

    def __init__(self, host: TurnHost) -> None:
        self._host = host
        self._turn = host.turn

    def on_text(self, text: str) -> None:
        """A chunk of text."""
        if text:
            self._host.emit(ev.Text(turn=self._turn, text=text))

    def on_thinking(self, text: str) -> None:
        """A chunk of thinking."""
        if text:
            self._host.emit(ev.Thinking(turn=self._turn, text=text))

    def on_signature(self, signature: str) -> None:
        """The end of a block of thinking."""
        self._host.emit(ev.Thinking(turn=self._turn, text="", signature=signature))

    def on_redacted(self, data: str) -> None:
        """An encrypted block of thinking."""
        self._host.emit(ev.Thinking(turn=self._turn, text="", redacted=data))


class _LoopGuard:
    """Notices when the model makes the very same calls again and again."""

    def __init__(self) -> None:
        self._last = ""
        self._count = 0

    def again(self, calls: list[ev.ToolCall]) -> bool:
        """Whether these calls have now been made three times in a row."""
        told = json.dumps([[c.name, c.input] for c in calls], sort_keys=True)
        self._count = self._count + 1 if told == self._last else 1
        self._last = told
        if self._count < _SAME_CALLS:
            return False
        self._count = 0
        return True


async def _go_on(host: TurnHost, call: ev.ToolCall) -> bool:
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


def _held_back(host: TurnHost, wait: float) -> None:
    host.emit(
        ev.Retry(
            turn=host.turn,
            kind="rate_limit",
            wait_s=round(wait, 1),
            attempt=0,
            message="Another session of this key has hit the limit; this one waits with it.",
        )
    )


def _tell_context(host: TurnHost, response: Response) -> None:
    """Keep how full the model's window is, as the server counted it."""
    keys = ("input", "cache_read", "cache_write", "output")
    used = sum(response.usage.get(key, 0) for key in keys)
    if used:
        host.emit(ev.BackendState(data={"context": {"used": used}}))


def _reason(response: Response) -> tuple[str, str]:
    """The turn's reason and its detail, from the response's stop reason."""
    stop = response.stop_reason
    if stop in ("end_turn", "stop_sequence"):
        return "end_turn", "" if response.shown else "The answer is empty."
    if stop == "max_tokens":
        return "max_tokens", "The answer was cut at the limit of its length."
    if stop == "refusal":
        return "refusal", response.detail or "The model declined to answer."
    if stop == "model_context_window_exceeded":
        return "max_tokens", "The model's window is full: compact the session, or fork it."
    if stop == "pause_turn":
        return "error", "The server paused the turn too often."
    return "error", f"The server ended the answer with {stop or 'no reason'}."


async def ask(
    service: Service,
    params: dict[str, Any],
    question: Question,
    on_text: Callable[[str], None] | None,
) -> Reply:
    """One tool-less question outside any session; tried again like a turn. Raises BackendError."""
    parts: list[str] = []

    class Collect:
        """Keeps the text alone."""

        def on_text(self, text: str) -> None:
            parts.append(text)
            if on_text is not None:
                on_text(text)

        def on_thinking(self, text: str) -> None:
            """Not wanted."""

        def on_signature(self, signature: str) -> None:
            """Not wanted."""

        def on_redacted(self, data: str) -> None:
            """Not wanted."""

    attempt = 0
    while True:
        attempt += 1
        response = Response()
        try:
            await service.ready()
            await service.gate.enter(lambda _: None)
            await service.api.stream(params, Collect(), response)
        except FaultError as error:
            fault = await service.explain(error.fault)
            if response.shown or not fault.retryable or attempt > service.retries:
                raise fault.error() from error
            wait = fault.wait_s if fault.wait_s is not None else backoff_s(attempt)
            await asyncio.sleep(wait)
            continue
        model = str(params.get("model") or response.model)
        if response.stop_reason == "refusal":
            raise BackendError(
                f"The model declined to answer. {response.detail}".strip(),
                "Put the question differently.",
                kind="refusal",
            )
        return Reply(
            "".join(parts),
            response.usage,
            model,
            service.cost(model, response.usage),
            response.stop_reason,
        )
