"""`agentdeck notify`: what a program on a terminal of the deck's says of itself."""

from __future__ import annotations

import os
import sys

import click

from sessions.cli.output import CONTEXT
from sessions.errors import AgentdeckError
from sessions.record.closed_sets import SAID


@click.command(context_settings=CONTEXT)
@click.argument("words", nargs=-1)
@click.option("--hook", is_flag=True, help="What happened is told as JSON by an agent's hook: on "
              "the standard input, or as the last word.")  # fmt: skip
@click.option("--terminal", default="", metavar="SESSION", help="Of which terminal. Default: the "
              "one that this runs in.")  # fmt: skip
def notify(words: tuple[str, ...], hook: bool, terminal: str) -> None:
    """Say of the terminal that this runs in: agentdeck notify needs-you|done|working|… [MESSAGE]

    Without one of these words, all of it is a message. Outside a terminal of the deck nothing
    happens, so that it may stand in an agent's hooks; docs/terminals.md has them.
    """
    terminal = terminal or os.environ.get("AGENTDECK_TERMINAL", "")
    if not terminal:
        return
    state, message = _hook(words) if hook else _said(words)
    if not state and not message:
        return
    try:
        _tell(terminal, state, message)
    except AgentdeckError:
        if not hook:  # an agent goes on whatever becomes of its notice
            raise


def _said(words: tuple[str, ...]) -> tuple[str, str]:
    if words and words[0] in SAID:
        return words[0], " ".join(words[1:])
    return "", " ".join(words)


def _hook(words: tuple[str, ...]) -> tuple[str, str]:
    from sessions.terminals.agent_hooks import read

    return read(words[-1] if words else "" if sys.stdin.isatty() else sys.stdin.read(2**20))


def _tell(terminal: str, state: str, message: str) -> None:
    import asyncio

    from sessions.engine.client import Client

    async def tell() -> None:
        client = await Client.connect(start=False, any_version=True)
        try:
            await client.call("terminal.notify", session=terminal, state=state, message=message)
        finally:
            await client.close()

    asyncio.run(tell())
