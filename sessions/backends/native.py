"""A turn of a model that has no tools of its own: ask, run what it calls, ask again.

Shared by the backends that ask a model's API. It is asked again by `retries`, and only where
nothing of a response had been shown: text that came before a fault stays, marked.
"""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from sessions.backends import retries
from sessions.backends.base import Capabilities, Reply, TurnHost
from sessions.backends.faults import Fault, FaultError
from sessions.backends.loop_guard import MOST_BROKEN, LoopGuard, go_on
from sessions.backends.messages_stream import CUT_REASONS, Response, ToolUse
from sessions.backends.refused_content import Remedies
from sessions.backends.streamed_response import Wire
from sessions.backends.throttle import Throttle
from sessions.errors import BackendError
from sessions.record import events as ev
from sessions.record.closed_sets import TurnReason
from sessions.safety.sanitise import clean_line

log = logging.getLogger("agentdeck.native")

# A server may ask to be called again unchanged (`pause_turn`); not for ever.
_MAX_PAUSES = 10
# "" and tool_use without a call: the server does not say, or says what is not so. "stop" and
# "length" are what other protocols say; servers that translate from them let it through.
_DONE_REASONS = ("end_turn", "stop_sequence", "stop", "tool_use", "")
_MALFORMED = (
    "Its arguments were no valid JSON object, so nothing was run. They were:\n{raw}\n"
    "Call the tool again with valid JSON."
)
_CUT_OFF = (
    "Your answer reached its greatest length within it, so nothing was run. What came of its "
    "arguments:\n{raw}\nCall the tool again with less, in several calls where it takes more."
)


class Service(Protocol):
    """What a conversation needs of its backend."""

    name: str
    gate: Throttle
    retries: int
    by: str
    """Its API and server, for what goes back to these alone; "" = nothing does."""

    @property
    def api(self) -> Wire:
        """The server."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""

    def params(self, host: TurnHost) -> dict[str, Any]:
        """The request for a turn's next response, from the host's context."""

    def cost(self, model: str, usage: Mapping[str, int]) -> float | None:
        """US dollars, or None where no price is known."""

    def window(self, model: str) -> int:
        """The model's window in tokens, 0 = unknown."""

    def learn(self, model: str, window: int) -> bool:
        """A server has named a model's window (0 = it has not); whether that is news."""

    async def ready(self) -> None:
        """Make sure that there is something to ask. Raises BackendError."""

    async def explain(self, fault: Fault, asked: Mapping[str, Any]) -> Fault | None:
        """The fault of a request in this backend's words; None: the next one is made otherwise."""


class NativeConversation:
    """One session's turns with a model's server."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._ids: set[str] = set()
        """Ids of the calls so far: some servers count them anew in each answer."""
        self._fine: set[str] = set()
        """Pictures that the server has taken."""

    async def close(self) -> None:
        """Nothing of a session is kept here: each request carries the whole conversation."""

    async def turn(self, host: TurnHost) -> ev.TurnEnded:
        """Run one turn (see sessions.backends.base.Conversation)."""
        guard = LoopGuard()
        pauses = 0
        for step in range(max(1, host.settings.max_steps)):
            if step:
                host.flush()
                await host.make_room()
            response = await self._respond(host)
            self._tell_context(host, response)
            # What a refused answer had begun is not run.
            if response.calls and response.stop_reason != "refusal":
                if not await self._run(host, response, guard):
                    return _ended(host, "end_turn", "a call was repeated")
                if guard.broken(response):
                    return _broken_off(host, response)
                host.take_steers()
                continue
            if response.stop_reason == "pause_turn" and pauses < _MAX_PAUSES:
                pauses += 1
                continue
            if host.take_steers():
                continue
            reason, detail = _reason(response)
            return _ended(host, reason, detail)
        detail = f"{host.settings.max_steps} answers of the model within one turn"
        return _ended(host, "max_turns", detail)

    # -- one response

    async def _respond(self, host: TurnHost) -> Response:
        """One response, tried again by itself while nothing of it had been shown."""
        service = self._service
        attempt = 0
        remedies = Remedies(service, host, self._fine)
        await remedies.look()
        while True:
            attempt += 1
            response = Response()
            asked: dict[str, Any] = {"messages": []}
            try:
                await service.ready()
                retries.may_ask(service.gate, host.session_id)
                await service.gate.enter(lambda wait: retries.held_back(host, wait))
                asked = service.params(host)
                await service.api.stream(asked, _HostSink(host, service.by), response)
            except FaultError as error:
                fault = await service.explain(error.fault, asked)
                if fault is None:
                    continue
                retries.refuse_key(service.gate, fault)
                if not response.shown and await remedies.help(fault, asked):
                    continue
                await retries.wait_or_raise(service, host, fault, attempt, shown=response.shown)
                continue
            finally:
                # Counted however it ended: what an interrupted answer took is paid as well.
                if response.usage:
                    model = host.settings.model or response.model
                    host.spend(response.usage, _cost(service, model, response))
            service.gate.passed()
            self._fine.update(host.context.pictures())
            if response.unknown:
                log.info("%d events or blocks of %s were not known", response.unknown, service.name)
            return response

    # -- tool calls

    async def _run(self, host: TurnHost, response: Response, guard: LoopGuard) -> bool:
        """Record and run the calls of one response; False if the user stopped a loop."""
        calls: list[ev.ToolCall] = []
        sink = _HostSink(host, self._service.by)
        for use in self._named(response.calls):
            if use.carried:
                sink.on_carried({"calls": {use.id: use.carried}})
            broken = bool(use.malformed)
            given = {"malformed": use.malformed} if broken else use.input
            call = ev.ToolCall(
                turn=host.turn, call=use.id, name=use.name, input=given, malformed=broken
            )
            # On disk before anything is done, so that a crash can't hide that it was begun.
            await host.emit_synced(call)
            if broken:
                words = _CUT_OFF if response.stop_reason in CUT_REASONS else _MALFORMED
                text = words.format(raw=use.malformed[:2000])
                host.emit(ev.ToolResult(turn=host.turn, call=use.id, status="error", content=text))
            else:
                calls.append(call)
        if calls and guard.again(calls) and not await go_on(host, calls[-1]):
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

    def _named(self, calls: list[ToolUse]) -> list[ToolUse]:
        """Give calls ids of ours where a server sends none, or one that it has used before."""
        for call in calls:
            if not call.id or call.id in self._ids:
                call.id = f"call_{uuid.uuid4().hex[:16]}"
            self._ids.add(call.id)
        return calls

    def _tell_context(self, host: TurnHost, response: Response) -> None:
        """Keep how full the model's window is, as the server counted it."""
        keys = ("input", "cache_read", "cache_write", "output")
        used = sum(response.usage.get(key, 0) for key in keys)
        if used:
            size = self._service.window(host.settings.model)
            host.emit(ev.BackendState(data={"context": {"used": used, "size": size}}))


def _cost(service: Service, model: str, response: Response) -> float | None:
    """What a response cost: as the server says, or by the table of prices."""
    told = response.cost_usd
    return told if told is not None else service.cost(model, response.usage)


def _ended(host: TurnHost, reason: TurnReason, detail: str = "") -> ev.TurnEnded:
    """A turn's end; what it took has been counted by `spend`."""
    return ev.TurnEnded(turn=host.turn, reason=reason, detail=detail)


def _broken_off(host: TurnHost, response: Response) -> ev.TurnEnded:
    """The end of a turn whose calls come broken however often they are asked for."""
    if response.stop_reason in CUT_REASONS:
        why = f"{MOST_BROKEN} answers reached their greatest length within a tool call"
        return _ended(host, "max_tokens", f"{why}: raise max_tokens, or ask for less at once.")
    return _ended(host, "error", f"The model's tool calls came broken {MOST_BROKEN} times.")


class _HostSink:
    """Hands a response's content to the session as events."""

    def __init__(self, host: TurnHost, by: str) -> None:
        self._host = host
        self._turn = host.turn
        self._by = by

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

    def on_carried(self, item: dict[str, Any]) -> None:
        """What goes back as it came."""
        if self._by:
            data = json.dumps(item, ensure_ascii=False)
            self._host.emit(ev.Thinking(turn=self._turn, text="", redacted=data, by=self._by))


class _Text:
    """Keeps the text of a response, and nothing else of it."""

    def __init__(self, on_text: Callable[[str], None] | None) -> None:
        self.parts: list[str] = []
        self._on_text = on_text

    def on_text(self, text: str) -> None:
        """A chunk of text."""
        self.parts.append(text)
        if self._on_text is not None:
            self._on_text(text)

    def on_thinking(self, text: str) -> None:
        """Not wanted."""

    def on_signature(self, signature: str) -> None:
        """Not wanted."""

    def on_redacted(self, data: str) -> None:
        """Not wanted."""

    def on_carried(self, item: dict[str, Any]) -> None:
        """Not wanted."""


def _reason(response: Response) -> tuple[TurnReason, str]:
    """The turn's reason and its detail, from the response's stop reason.

    An answer whose end came is an answer, whether or not the server says why it ended.
    """
    stop = response.stop_reason
    if stop in _DONE_REASONS:
        return "end_turn", "" if response.shown else "The answer is empty."
    if stop == "model_context_window_exceeded":
        return "max_tokens", "The model's window is full: compact the session, or fork it."
    if stop in CUT_REASONS:
        return "max_tokens", ""
    if stop in ("refusal", "content_filter"):
        return "refusal", response.detail or "The model declined to answer."
    if stop == "pause_turn":
        return "error", "The server paused the turn too often."
    return "error", f"The server ended the answer with {clean_line(stop)[:100]}."


async def ask(
    service: Service, params: Callable[[], dict[str, Any]], on_text: Callable[[str], None] | None
) -> Reply:
    """One tool-less question outside any session; tried again like a turn. Raises BackendError.

    `params` makes the request, anew for each try.
    """
    attempt = 0
    while True:
        attempt += 1
        response, said = Response(), _Text(on_text)
        asked: dict[str, Any] = {}
        try:
            await service.ready()
            retries.may_ask(service.gate)
            await service.gate.enter(lambda _: None)
            asked = params()
            await service.api.stream(asked, said, response)
        except FaultError as error:
            fault = await service.explain(error.fault, asked)
            if fault is None:
                continue
            retries.refuse_key(service.gate, fault)
            await asyncio.sleep(retries.pause(service, fault, attempt, shown=response.shown))
            continue
        service.gate.passed()
        model = str(asked.get("model") or response.model)
        if response.stop_reason == "refusal":
            raise BackendError(
                f"The model declined to answer. {response.detail}".strip(),
                "Put the question differently.",
                kind="refusal",
            )
        return Reply(
            "".join(said.parts),
            response.usage,
            model,
            _cost(service, model, response),
            response.stop_reason or "end_turn",
        )
