"""What the deck needs of an engine: the shape of `sessions.engine.client.Client`, and no more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol

from sessions.api.answers import Greeting
from sessions.api.calls import Calls
from sessions.api.notices import EngineNotice
from sessions.api.terminals import TerminalOutput
from sessions.record import events as ev
from sessions.record.summary import Summary


class DeckClient(Calls, Protocol):
    """A connection to the engine; see `sessions.engine.client.Client` and `sessions.api`."""

    engine: Greeting
    summaries: dict[str, Summary]
    on_event: Callable[[str, ev.Event], None]
    on_terminal: Callable[[str, TerminalOutput], None]
    on_summary: Callable[[Summary], None]
    on_gone: Callable[[str], None]
    on_notice: Callable[[EngineNotice], None]
    on_lost: Callable[[str], None]
    on_fault: Callable[[Exception], None] | None

    async def attach(self) -> list[Summary]:
        """Fetch all summaries; they are kept up to date from here on."""

    def on_host(self, host: str) -> Calls:
        """The engine of another machine, which this one passes commands on to; "" = this one."""

    async def close(self) -> None:
        """Hang up; the engine goes on."""


Ask = Callable[[DeckClient], Coroutine[Any, Any, Any]]
"""One command to the engine, made when it is sent."""
ClientFactory = Callable[[], Awaitable[DeckClient]]


async def connect() -> DeckClient:
    """The engine of this installation, started if none runs. Raises AgentdeckError."""
    from sessions.engine.client import Client

    return await Client.connect(start=True)


async def connect_to_read() -> DeckClient:
    """The same, refusing all that is not reading. Raises AgentdeckError."""
    from sessions.engine.read_only_client import ReadOnlyClient

    return await ReadOnlyClient.connect(start=True)
