"""Commands of clients that are done elsewhere: at one place, whatever the command is.

A command that names a session of another machine is done over there, but for those that read the
mirror or need files of this machine. One that names a machine itself is done there as it stands.
"""

from __future__ import annotations

from typing import Any, Final

from sessions.record import events as ev
from sessions.remote.remote_sessions import RemoteSessions
from sessions.remote.site_interface import Offline

HERE = frozenset(
    {
        "harvest.byproducts",
        "harvest.check",
        "harvest.draft",
        "harvest.improve",
        "harvest.suggestion",
        "priming.spread",
        "session.export",
        "session.get",
        "session.hand",
        "session.since",
        "session.timeline",
        "session.turns",
        "skills.uses",
        "worktree.fetch",
    }
)
"""Done here for a session that lives elsewhere: they read its mirror."""
_WHEN_IT_IS_BACK = frozenset({"session.seen"})
"""Nobody is told that these were not done."""


DO_HERE: Final[object] = object()
"""Stands for an answer where a command is to be done here."""


_WITH_FILES = frozenset({"session.send", "session.queue"})
"""What is attached lies on this machine: the mirror keeps it, and sends it along."""


def _of_here(args: ev.JSON) -> bool:
    items = args.get("items") or [args]
    return any(isinstance(item, dict) and item.get("attachments") for item in items)


async def forwarded(elsewhere: RemoteSessions, name: str, args: ev.JSON, host: str) -> Any:
    """The answer of over there; `DO_HERE` where the command is done here. Raises AgentdeckError.

    `host`: the machine that the client named, "" where it named none.
    """
    session = args.get("session")
    where = host
    if not host and isinstance(session, str) and name not in HERE:
        where = elsewhere.host_of(session)
    if not where or (name in _WITH_FILES and not host and _of_here(args)):
        return DO_HERE
    if name == "session.when_done" and not host and not elsewhere.all_of(where, args.get("to")):
        return DO_HERE  # over there not all are known to whom it goes
    if name == "worktree.land" and not host and isinstance(session, str):
        if elsewhere.origins.of(session) is not None:
            return DO_HERE  # into the repository of here that it took along
        await elsewhere.landable(session)
    try:
        answer = await elsewhere.ask(where, name, args)
    except Offline:
        if name in _WHEN_IT_IS_BACK:
            return None
        if name == "session.delete" and not elsewhere.lives(where):
            return DO_HERE  # its machine is none of ours any more: what is here goes
        raise
    return await elsewhere.arrived(where, answer)
