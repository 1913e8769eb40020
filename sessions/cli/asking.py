"""One question to the engine from a command."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from sessions.engine.client import Client

T = TypeVar("T")


async def by_engine(ask: Callable[[Client], Awaitable[T]]) -> T:
    """What the engine answers; it alone writes journals. Started if none runs.

    Raises AgentdeckError.
    """
    from sessions.engine.client import Client

    client = await Client.connect()
    try:
        return await ask(client)
    finally:
        await client.close()


def answered(ask: Callable[[Client], Awaitable[T]]) -> T:
    """The same for a command that does nothing else; lists, which ask nobody, load no loop.

    Raises AgentdeckError.
    """
    import asyncio

    return asyncio.run(by_engine(ask))
