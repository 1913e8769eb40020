"""The engine's commands by way of something else: another machine, another try."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from sessions.api.calls import Calls


class CallsBy(Calls):
    """All commands, each asked by a function that takes its name and its arguments."""

    def __init__(self, ask: Callable[[str, dict[str, Any]], Awaitable[Any]]) -> None:
        self._asking = ask

    async def _ask(self, command: str, args: dict[str, Any]) -> Any:
        return await self._asking(command, args)
