"""What the deck asks of the features that are joined to it when the engine starts.

The deck knows none of them by name: each is a `sessions.features.feature.Feature`, and
`sessions.features.assembly` puts them together into `Parts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sessions.record import events as ev
from sessions.record.closed_sets import SkillState
from sessions.record.event_parts import MessageNote

if TYPE_CHECKING:
    import asyncio

    from sessions.backends.base import Backend, Settings, Tools
    from sessions.runtime.session import Session


@dataclass(slots=True)
class NewSession:
    """A session that is about to be made, and what is wished of it."""

    id: str
    folder: Path
    """Where it will work; a feature may set another one."""
    backend: Backend
    title: str = ""
    about: str = ""
    worktree: bool = False
    """On a branch of its own, which begins at `base` ("" = where the folder stands)."""
    base: str = ""
    skills: Mapping[str, SkillState] = field(default_factory=dict)
    """Names of skills and their first state."""
    strict: bool = False
    """A skill that can't be switched on is an error, not a note in the record."""
    parent: Session | None = None
    """The session that this one is a fork of."""


class Hooks:
    """When the deck asks; each of these does nothing until somebody has its own."""

    # -- the engine's life

    async def recover(self) -> None:
        """Take up what the end of an engine cut off, before any session is opened."""

    async def opened(self) -> None:
        """Every session whose turn was cut off has its record completed."""

    @property
    def busy(self) -> bool:
        """Whether something goes on by itself, so that the engine stays."""
        return False

    def configured(self) -> None:
        """The configuration was read again."""

    async def stop(self) -> None:
        """The engine ends; its sessions are still there."""

    async def close(self) -> None:
        """End what was started; the sessions are closed."""

    # -- a session's life

    async def prepare(self, new: NewSession) -> None:
        """A session is about to be made: it may be given another folder. Raises AgentdeckError."""

    async def unmade(self, new: NewSession) -> None:
        """It was not made after all."""

    def joined(self, session: Session) -> None:
        """A session is in memory from now on; its past is folded next."""

    async def created(self, session: Session, new: NewSession) -> None:
        """A session was made. Raises AgentdeckError: then it is taken back."""

    async def forked(self, parent: Session, session: Session) -> None:
        """A session was forked; all else that is known of it is in its journal."""

    async def leaving(self, session: Session) -> None:
        """A session is about to leave the memory: what is still to be written in its record."""

    async def parted(self, session: Session) -> None:
        """A session is not in memory any more; what it runs in the background ends."""

    async def removed(self, session: Session) -> None:
        """A session is deleted, for good."""

    # -- a turn

    def slot(self, session: Session) -> asyncio.Semaphore | None:
        """What its turn waits for and holds, instead of one of the deck's places."""
        return None

    def settings(self, session: Session, settings: Settings) -> Settings:
        """What applies to its next turn."""
        return settings

    async def before_turn(self, session: Session) -> str:
        """Why no turn may start, or ""."""
        return ""

    async def notes(self, session: Session, message: ev.UserMessage) -> list[MessageNote]:
        """What the model is told before a message."""
        return []

    async def make_room(self, session: Session, *, refused: bool) -> bool:
        """Within a turn: make room where the conversation is about to outgrow the model's window,
        or was refused as too long. Whether that was done; raises BackendError."""
        return False

    async def after_turn(self, session: Session, ended: ev.TurnEnded) -> None:
        """A turn has ended; its end is on record."""


class Parts(Hooks):
    """All features together, asked as if they were one (`features.assembly.Features`)."""

    async def toolbox(self, session: Session) -> Tools | None:
        """The session's tools."""
        return None
