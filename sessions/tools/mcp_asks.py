"""What an MCP server wants to know of the user in the middle of a call.

Servers of 2026-07-28 answer a call with what they want to know, and the SDK asks for it within
that call; older ones send a request of their own, which says nothing of the call that it is for. It
is then asked in the session whose call runs, if there is one alone: a question is never shown to
another session's user.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from sessions.record import events as ev
from sessions.record.forms import Unfit

Ask = Callable[[Mapping[str, Any]], Awaitable[ev.JSON]]
_INVALID = -32602


@dataclass(slots=True, eq=False)
class _Call:
    ask: Ask
    limit: asyncio.Timeout
    waiting: int = 0
    left_s: float = 0.0
    """Of its time, when it was put to a standstill."""


_now: ContextVar[_Call | None] = ContextVar("mcp_call", default=None)


class McpAsks:
    """The calls to one server that run now, and whom each may ask."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._calls: list[_Call] = []

    @contextlib.contextmanager
    def during(self, ask: Ask | None, limit: asyncio.Timeout) -> Iterator[None]:
        """A call runs within `limit`, which does not run out while a person is asked."""
        call = _Call(ask or _nobody, limit)
        token = _now.set(call)
        self._calls.append(call)
        try:
            yield
        finally:
            self._calls.remove(call)
            _now.reset(token)

    async def answer(self, context: Any, params: Any) -> Any:
        """The SDK's callback for `elicitation/create`."""
        from mcp import types

        call = _now.get()
        if call is None and len(self._calls) == 1:
            call = self._calls[0]
        if call is None:
            return types.ElicitResult(action="cancel")
        given = params.model_dump(mode="json", by_alias=True, exclude_none=True)
        try:
            with _held(call):
                answer = await call.ask(given)
        except Unfit as error:
            told = f"The question of {self._server} can't be shown: {error}."
            return types.ErrorData(code=_INVALID, message=told)
        return types.ElicitResult(action=answer["action"], content=answer.get("content"))


@contextlib.contextmanager
def _held(call: _Call) -> Iterator[None]:
    """The call's time stands still: a person may take any."""
    now = asyncio.get_running_loop().time
    if not call.waiting:
        call.left_s = (call.limit.when() or now()) - now()
        call.limit.reschedule(None)
    call.waiting += 1
    try:
        yield
    finally:
        call.waiting -= 1
        if not call.waiting:
            with contextlib.suppress(RuntimeError):  # the call may be over by now
                call.limit.reschedule(now() + max(1.0, call.left_s))


async def _nobody(_: Mapping[str, Any]) -> ev.JSON:
    return {"action": "cancel"}
