"""`agentdeck engine`: the process that runs the sessions."""

from __future__ import annotations

import asyncio

import click

from sessions.api.answers import EngineStatus
from sessions.cli.output import CONTEXT, say, say_json
from sessions.errors import EngineError
from sessions.paths import places

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(context_settings=CONTEXT)
def engine() -> None:
    """The process that runs the sessions."""


@engine.command()
@_JSON
def status(as_json: bool) -> None:
    """Whether an engine runs, and what it does. Exit code 1 when none does."""
    found = asyncio.run(_status())
    if as_json:
        say_json(found)
        return
    say(f"running, process {found['pid']}, version {found['version']}, since {found['since']}")
    say(f"{found['sessions']} sessions in memory, {found['working']} working")
    say(f"{found['clients']} clients at {found['socket']}")


async def _status() -> EngineStatus:
    from sessions.engine.client import Client

    client = await Client.connect(start=False, any_version=True)
    try:
        found = await client.call("deck.status")
    finally:
        await client.close()
    # This very question is no client.
    found["clients"] = max(0, found["clients"] - 1)
    return found


@engine.command()
@_JSON
def start(as_json: bool) -> None:
    """Start the engine if none runs."""
    from sessions.engine import lifecycle

    pid = lifecycle.ensure_running(places())
    if as_json:
        say_json({"pid": pid, "socket": str(places().socket)})
    else:
        say(f"running, process {pid}")


@engine.command()
@click.option("--stdio", is_flag=True, required=True, help="By the standard input and output.")
def attach(stdio: bool) -> None:
    """Let a deck on another machine speak to the engine here, which is started if need be.

    Run by that deck over ssh; see docs/hosts.md.
    """
    from sessions.remote.relay import relay

    try:
        relay(places())
    except OSError as error:
        raise EngineError(f"The engine can't be reached: {error}.") from error


@engine.command()
def stop() -> None:
    """End the engine; turns that run are interrupted, what they said is on disk."""
    from sessions.engine import lifecycle

    if not lifecycle.stop(places()):
        raise EngineError("No engine runs.")
    say("stopped")
