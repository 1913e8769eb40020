"""An agent's questions to the user: `elicitation/create` (Agent Client Protocol, schema 1.19).

Claude Code asks its own questions so, and agents hand on what their MCP servers want to know. A
question that belongs to no call is told as one, so that its answer stands in the record.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable
from typing import Protocol

from sessions.backends.acp.transport import Message
from sessions.backends.acp.updates import Translator
from sessions.record import events as ev
from sessions.record.closed_sets import CallStatus
from sessions.record.forms import Unfit
from sessions.safety.sanitise import clean
from sessions.tools import elicitation

CREATE = "elicitation/create"
CAPABILITIES: Message = {"elicitation": {"form": {}, "url": {}}}
CANCEL: Message = elicitation.CANCEL
_INVALID = -32602

_STATUS: dict[str, CallStatus] = {"accept": "ok", "decline": "denied"}


class Host(elicitation.Asker, Protocol):
    """As much of a turn's host as a question takes."""

    def emit(self, event: ev.Event) -> None:
        """Record an event and tell everybody."""


class Recording:
    """A host for questions that the agent may take back: then that is on record.

    So it is with those that come while no turn runs. At the end of a turn what is left open is
    closed with it.
    """

    def __init__(self, host: Host, over: Callable[[], bool] = lambda: False) -> None:
        """`over`: whether the turn in which it is asked has ended."""
        self._host = host
        self._over = over
        self.turn = host.turn

    def emit(self, event: ev.Event) -> None:
        """As the turn's host."""
        self._host.emit(event)

    async def ask(self, request: ev.PermissionAsked) -> ev.PermissionAnswered:
        """Ask and wait; one that is cancelled is on record as such."""
        try:
            return await self._host.ask(request)
        except asyncio.CancelledError:
            if not self._over():
                self.emit(
                    ev.PermissionAnswered(
                        turn=self.turn,
                        call=request.call,
                        ask=request.ask,
                        decision="cancelled",
                        by="mode",
                    )
                )
            raise


async def ask(host: Host, translator: Translator | None, who: str, params: Message) -> Message:
    """The user's answer. Raises acp.exceptions.RequestError for what can't be shown."""
    from acp.exceptions import RequestError

    given = str(params.get("toolCallId") or "")
    known = bool(given) and translator is not None and translator.told(given) is not None
    call = given if known else f"question-{uuid.uuid4().hex[:8]}"
    if not known:
        title = clean(str(params.get("message") or "")).strip()
        host.emit(
            ev.ToolCall(
                turn=host.turn, call=call, name="Question", input={}, title=title, kind="other"
            )
        )
    try:
        answer = await elicitation.elicit(host, who, params, call)
    except Unfit as error:
        if not known:
            host.emit(_result(host.turn, call, "error", f"It can't be shown: {error}."))
        raise RequestError(_INVALID, f"The question can't be shown: {error}.") from error
    if not known:
        status = _STATUS.get(answer["action"], "cancelled")
        told = answer.get("content")
        said = json.dumps(told, ensure_ascii=False, indent=1) if told else answer["action"]
        host.emit(_result(host.turn, call, status, said))
    return answer


def _result(turn: int, call: str, status: CallStatus, content: str) -> ev.ToolResult:
    return ev.ToolResult(turn=turn, call=call, status=status, content=content)
