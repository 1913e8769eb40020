"""What features, and runs of plans, ask of other features: given to them by `assembly`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from sessions.api.priming import PrimingPrepared
    from sessions.features.session_skills import SessionSkills
    from sessions.record import events as ev
    from sessions.runtime.session import Session
    from sessions.tools.base import Tool
    from sessions.tools.mcp import McpTool
    from sessions.tools.toolbox import Toolbox
    from sessions.worktrees.make import Worktree
    from sessions.worktrees.repository import Repository
    from skills.library import Library

T = TypeVar("T")


class Trees(Protocol):
    """Git worktrees of sessions."""

    async def run(self, work: Callable[..., T], *args: Any) -> T:
        """Run what calls git, in a thread of its own pool."""

    async def others(self, session: Session) -> list[str]:
        """Sessions that work in this one's worktree too."""

    async def adopt(
        self, session: Session, repository: Repository, branch: str, base: str
    ) -> Worktree:
        """A worktree for a session whose branch came from elsewhere. Raises AgentdeckError."""


class Actors(Protocol):
    """The actors of sessions on a Ray cluster."""

    async def begin(
        self,
        session: str,
        resources: Mapping[str, float],
        labels: Mapping[str, str],
        keys: Mapping[str, str],
    ) -> None:
        """An actor for a session that is to be. Raises AgentdeckError."""

    async def shown(self, session: str) -> None:
        """Its session, which has begun, is in the deck. Raises AgentdeckError."""

    async def end(self, session: str) -> None:
        """End it for real. Raises AgentdeckError."""


class SkillsOf(Protocol):
    """The skills of sessions."""

    def of(self, session: Session) -> SessionSkills:
        """The skills of a session."""


class Toolboxes(Protocol):
    """The tools of sessions."""

    async def toolbox(self, session: Session) -> Toolbox:
        """A session's tools."""


class Servers(Protocol):
    """The MCP servers of sessions."""

    async def found(self, session: Session) -> list[McpTool] | None:
        """The tools of a session's servers, or None when they are those that it has."""


class Primes(Protocol):
    """Primings."""

    async def whole(self, session: Session, wanted: str) -> PrimingPrepared:
        """A whole priming without a person, put before the session's next message."""


class Tasks(Protocol):
    """Runs of plans."""

    def counted(self, parent: str, child: Session) -> None:
        """A session of a run started one of its own: what that took counts for the task."""

    async def give(self, run: str, task: str, text: str, session: str) -> None:
        """Hand an answer of a session to a task that has not begun. Raises UsageError."""


class TerminalCommands(Protocol):
    """What ran in terminals."""

    async def last(self, session: Session) -> ev.ShellRan | None:
        """The last command that a terminal's shell told of."""


class Neighbours(Protocol):
    """All of them (`features.assembly.Features`)."""

    @property
    def library(self) -> Library:
        """The skills of this installation."""

    @property
    def skills(self) -> SkillsOf:
        """The skills of sessions."""

    @property
    def tools(self) -> Toolboxes:
        """The tools of sessions."""

    @property
    def mcp(self) -> Servers:
        """The MCP servers of sessions."""

    @property
    def worktrees(self) -> Trees:
        """Git worktrees."""

    @property
    def cluster(self) -> Actors:
        """The Ray cluster."""

    @property
    def primings(self) -> Primes:
        """Primings."""

    @property
    def plans(self) -> Tasks:
        """Runs of plans."""

    @property
    def terminals(self) -> TerminalCommands:
        """Terminals."""

    def tools_of(self, session: Session) -> Sequence[Tool]:
        """What all features give to a session's tools."""
