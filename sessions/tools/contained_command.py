"""A command in the sandbox where there is one: begun and ended in one way, whoever runs it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from sessions.tools import process
from sessions.tools.command_output import Spool
from sessions.tools.sandbox import Sandbox, Wrapped

TRIES = 4
"""Of starting a command whose sandbox mounts what goes away just then."""
# /tmp is the command's own in there.
_INSIDE = {
    "TMPDIR": "/tmp",
    "XDG_CACHE_HOME": "/tmp/.cache",
    "XDG_RUNTIME_DIR": "/tmp",
    "npm_config_cache": "/tmp/.npm",
}


async def start(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    spool: Spool,
    sandbox: Sandbox | None,
    network: bool,
) -> tuple[process.Running, Wrapped | None]:
    """Begin a command; whoever has it waits for its end and then calls `finish` of the second.

    Raises ToolFault.
    """
    if sandbox is None:
        return await process.start(argv, cwd=cwd, env=env, spool=spool), None
    wrapped = await asyncio.to_thread(sandbox.wrap, list(argv), network=network)
    try:
        running = await process.start(
            wrapped.argv, cwd=cwd, env={**env, **_INSIDE}, spool=spool, spare=sandbox.generations
        )
    except BaseException:
        wrapped.finish()
        raise
    return running, wrapped


def missed(wrapped: Wrapped | None, ended: process.ProcessEnd, spool: Spool) -> bool:
    """Whether it was never started, for something that its sandbox mounts had gone meanwhile."""
    if wrapped is None or not ended.code:
        return False
    output = spool.summary()
    return isinstance(output, bytes) and wrapped.missed(output)


async def to_end(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    spool: Spool,
    sandbox: Sandbox | None,
    network: bool,
    seconds: float,
) -> process.ProcessEnd:
    """Run a command to its end, with all that it starts; `spool` stays the caller's to close.

    Cancelled, it ends the command first. Raises ToolFault.
    """
    for _ in range(TRIES):
        spool.clear()
        running, wrapped = await start(
            argv, cwd=cwd, env=env, spool=spool, sandbox=sandbox, network=network
        )
        running.limit(seconds)
        try:
            ended = await running.wait()
        except asyncio.CancelledError:
            running.stop()
            await running.wait()
            raise
        finally:
            if wrapped is not None:
                await asyncio.to_thread(wrapped.finish)
        if not missed(wrapped, ended, spool):
            break
    return ended
