"""What a session needs of the deck that it is part of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from sessions.record import events as ev
from sessions.record.event_parts import MessageNote

if TYPE_CHECKING:
    import asyncio

    from sessions.backends.base import Conversation, Settings, Tools
    from sessions.errors import JournalError
    from sessions.remote.site_interface import WayThere
    from sessions.runtime.subagent_session import SubagentSession


S = TypeVar("S", contravariant=True)


class Surroundings(Protocol[S]):
    """What a session (`S`) needs of the deck that it is part of."""

    @property
    def elsewhere(self) -> WayThere:
        """The way to sessions that live on other machines."""

    def joined(self, session: S) -> None:
        """A session is in memory; whoever folds its events registers before its past is read."""

    def publish(self, session: S, event: ev.Event, line: bytes) -> None:
        """Tell everybody of an event that is in the journal."""

    def changed(self, session: S) -> None:
        """The session's summary has changed."""

    def refused(self, session: S, error: JournalError) -> None:
        """The disk refuses to take more of the session."""

    async def conversation(self, session: S) -> Conversation:
        """Open the session's conversation with its backend. Raises AgentdeckError."""

    def led(self, parent: S, title: str, call: str, above: str) -> SubagentSession:
        """A session that the agent of `parent` leads (see TurnHost.child). Raises AgentdeckError.

        `above`: the session that it belongs to, if it is another one.
        """

    def settings(self, session: S) -> Settings:
        """What applies to the session's next turn."""

    async def tools(self, session: S) -> Tools | None:
        """The tools of the session, if its backend wants ours."""

    async def notes(self, session: S, message: ev.UserMessage) -> list[MessageNote]:
        """What the model is told before a message: the skill listing when it has changed, …"""

    def slot(self, session: S) -> asyncio.Semaphore:
        """Held while a turn runs: so many turns run at once."""

    async def before_turn(self, session: S) -> str:
        """Look at budgets and limits: why no turn may start, or ""."""

    async def make_room(self, session: S, *, refused: bool = False) -> bool:
        """Within a turn: summarise what is about to outgrow the model's window, or has."""

    async def after_turn(self, session: S, ended: ev.TurnEnded) -> None:
        """What follows a turn: compaction, measuring, pausing."""
