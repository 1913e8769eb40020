"""What a site where sessions live must be able to do, whatever leads to it.

A host's engine is one such site, the actors of a cluster are another. A site is told to the
deck's `RemoteSessions`, which mirrors what it says and sends it what is to be done.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from sessions.errors import EngineError, NotFound
from sessions.record import events as ev

if TYPE_CHECKING:
    from sessions.api.calls import Calls


class Offline(EngineError):
    """A site can't be reached at the moment; nothing was done over there, or nobody knows."""


class Lost(NotFound):
    """What a session lived in is gone for good: nothing more comes of it."""


class WayThere(Protocol):
    """What a session that lives elsewhere is reached by (`remote_sessions.RemoteSessions`)."""

    def on(self, name: str) -> Calls:
        """The commands of the place of that name. Each raises Offline and the error of there."""


class Site(Protocol):
    """Where sessions live that are not of this engine. Each has a name that no other has."""

    @property
    def name(self) -> str:
        """What it is called: stands in `session.created` of each mirror as `host`."""

    @property
    def offline(self) -> str:
        """Why it can't be reached now, as a sentence; "" while it can."""

    async def call(self, command: str, args: ev.JSON) -> Any:
        """A command of the engine (docs/protocol.md), done over there; its answer as JSON.

        Sent once, never again by itself. Raises Offline, and the AgentdeckError of over there.
        """

    async def since(self, session: str, seq: int) -> Sequence[bytes | ev.JSON]:
        """Events of a session after `seq`, in order, as they stand in its journal: lines, or JSON.

        As many as are good to send at once; none: there are no more yet. What is missing between
        two of them is missing over there too. Raises Offline, NotFound.
        """


@runtime_checkable
class HasFiles(Protocol):
    """A site from which the files that a session keeps come along."""

    async def file(self, session: str, name: str) -> bytes | None:
        """A file of the session's `files/`; None: it is too large to come, or not there.

        Raises Offline.
        """


@runtime_checkable
class Reaches(Protocol):
    """A site that takes a moment to be reached at first."""

    async def settled(self) -> None:
        """Return once it has been tried for the first time, whatever came of it."""
