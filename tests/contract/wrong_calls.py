"""Wrong calls of the engine, each of which the type checker must find.

Nothing runs this: mypy reads it in `make types`, and an "ignore" that ignores nothing is a fault
there. So a call that it no longer finds wrong fails that gate.
"""

from __future__ import annotations

from sessions.api.calls import Calls
from sessions.remote.mirrored_session import Mirrored
from sessions.remote.remote_sessions import RemoteSessions
from sessions.remote.repository_transfer import RepositoryTransfer


async def right(engine: Calls) -> int:
    """The call that the others get wrong."""
    sent = await engine.call("session.send", session="s", text="hello")
    return sent["turn"]


async def no_such_command(engine: Calls) -> None:
    """A name that is none."""
    await engine.call("session.sent", session="s", text="hello")  # type: ignore[call-overload]


async def no_such_argument(engine: Calls) -> None:
    """An argument that is none."""
    await engine.call("session.send", session="s", words="hello")  # type: ignore[call-overload]


async def another_kind(engine: Calls) -> None:
    """A word where a number belongs."""
    await engine.call("session.fork", session="s", turn="one")  # type: ignore[call-overload]


async def no_such_key(engine: Calls) -> None:
    """A key that the answer does not have."""
    sent = await engine.call("session.send", session="s", text="hello")
    print(sent["trun"])  # type: ignore[typeddict-item]


async def no_such_command_elsewhere(elsewhere: RemoteSessions) -> None:
    """A name that is none, asked of another machine."""
    await elsewhere.on("far").call("work.stopp", session="s")  # type: ignore[call-overload]


async def no_such_argument_elsewhere(elsewhere: RemoteSessions) -> None:
    """An argument that is none, asked of another machine."""
    await elsewhere.on("far").call("work.stop", sessions="s")  # type: ignore[call-overload]


async def no_such_command_asked_again(ways: RepositoryTransfer, mirror: Mirrored) -> None:
    """A name that is none, asked until it is answered."""
    await ways.there(mirror).call("work.packed", session="s")  # type: ignore[call-overload]
