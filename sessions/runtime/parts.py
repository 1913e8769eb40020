"""What the deck asks of the parts that are joined to it when the engine starts.

The deck knows none of them by name: skills, tools, worktrees, limits and priming stand in
`sessions.features`, runs of plans in `sessions.plans`; `sessions.engine.whole` puts all together.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from sessions.record import events as ev

if TYPE_CHECKING:
    import asyncio

    from sessions.backends.base import Tools
    from sessions.features.skills import SessionSkills
    from sessions.runtime.session import Session
    from sessions.tools.base import Tool
    from sessions.tools.rewind import Rewound
    from sessions.worktrees.make import Worktree
    from skills.library import Library

T = TypeVar("T")


class Recovers(Protocol):
    """What was cut off by the end of an engine, and is taken up by the next."""

    async def recover(self) -> None:
        """Complete it, or take it back."""


class Trees(Protocol):
    """Git worktrees of sessions."""

    @property
    def landings(self) -> Recovers:
        """Branches on their way into others."""

    async def run(self, work: Callable[..., T], *args: Any) -> T:
        """Run what calls git, in a thread of its own pool."""

    async def make(
        self, folder: Path, session_id: str, title: str, base: str, *, elsewhere: bool
    ) -> Worktree:
        """A worktree for a session that is about to be. Raises UsageError, GitFault."""

    async def drop(self, tree: Worktree) -> None:
        """Take one away for which there will be no session."""

    async def begin(self, session: Session, tree: Worktree) -> None:
        """A session has its worktree."""

    async def others(self, session: Session) -> list[str]:
        """Sessions that work in this one's worktree too."""


class Compacts(Protocol):
    """Who makes room where a conversation is about to outgrow its window."""

    async def make_room(
        self, session: Session, *, within: bool = False, refused: bool = False
    ) -> bool:
        """Summarise the past if need be. Raises BackendError."""


class Servers(Protocol):
    """The MCP servers of sessions."""

    def handed(self, session: Session) -> list[ev.JSON]:
        """A session's servers as its agent is told of them."""


class SubSessions(Protocol):
    """Sessions that sessions start themselves."""

    def tool(self, session: Session) -> Tool | None:
        """The tool by which a session starts some; None where it may not."""

    def slot(self, session: Session) -> asyncio.Semaphore | None:
        """What a sub-session holds while its turn runs."""


class Passing(Protocol):
    """What goes from one session to another."""

    def tool(self, session: Session) -> Tool | None:
        """The tool by which a session writes to others; None where it may not."""


class Parts(Protocol):
    """The features of the deck's sessions (`sessions.features.assembly.Features`)."""

    @property
    def library(self) -> Library:
        """The skills of this installation."""

    @property
    def worktrees(self) -> Trees:
        """Git worktrees."""

    @property
    def compactor(self) -> Compacts:
        """Who makes room."""

    @property
    def mcp(self) -> Servers:
        """MCP servers."""

    @property
    def subsessions(self) -> SubSessions:
        """Sessions that sessions start."""

    @property
    def passing(self) -> Passing:
        """What goes from one session to another."""

    def skills(self, session: Session) -> SessionSkills:
        """The skills of a session."""

    def start(self) -> None:
        """Begin what goes on by itself."""

    async def close(self) -> None:
        """End what the parts started."""

    def servers_changed(self) -> None:
        """The configuration has other MCP servers."""

    # -- a session's life

    def joined(self, session: Session) -> None:
        """A session is in memory from now on; its past is folded next."""

    async def created(
        self, session: Session, skills: dict[str, str], *, strict: bool = False
    ) -> None:
        """A session was made; `skills` maps names to their first state."""

    async def fork_worktree(self, parent: Session, session_id: str, title: str) -> Worktree | None:
        """A worktree for a fork of a session that has one."""

    async def forked(self, parent: Session, session: Session, tree: Worktree | None = None) -> None:
        """A session was forked."""

    async def parted(self, session: Session) -> None:
        """A session is not in memory any more."""

    async def removed(self, session: Session) -> None:
        """A session is deleted."""

    # -- a turn

    def system(self, session: Session) -> str:
        """The system prompt."""

    async def notes(self, session: Session, message: ev.UserMessage) -> list[ev.JSON]:
        """What the model is told before a message."""

    async def toolbox(self, session: Session) -> Tools | None:
        """The session's tools."""

    async def before_turn(self, session: Session) -> str:
        """Why no turn may start, or ""."""

    async def after_turn(self, session: Session, ended: ev.TurnEnded) -> None:
        """What follows a turn."""

    async def rewind(self, session: Session, turn: int | None) -> Rewound:
        """Put files back to before a turn."""

    async def prime(self, session: Session, wanted: str) -> ev.JSON:
        """A whole priming without a person, put before the session's next message."""


class Plans(Protocol):
    """Runs of plans (`sessions.plans.service.Runs`)."""

    @property
    def busy(self) -> bool:
        """Whether a run goes on by itself."""

    async def open(self) -> None:
        """Take up every run that is not over."""

    async def close(self) -> None:
        """Leave everything as its journal has it."""

    def slot(self, session: Session) -> asyncio.Semaphore | None:
        """What a session of a run waits for before a turn; None for any other session."""

    def counted(self, parent: str, child: Session) -> None:
        """A session of a run started one of its own: what that took counts for the task."""

    async def give(self, run: str, task: str, text: str, session: str) -> None:
        """Hand an answer of a session to a task that has not begun. Raises UsageError."""
