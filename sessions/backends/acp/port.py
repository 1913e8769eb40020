"""What the sessions of an agent and their backend need of each other."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from sessions.backends.acp.process import AgentProcess
from sessions.backends.acp.servers import TakenServers
from sessions.backends.acp.transport import Message
from sessions.backends.base import TurnHost
from sessions.config.known_agents import KnownAgent
from sessions.record.summary_parts import AgentChoice, AgentState
from sessions.tools.workspace import Guard


class Party(Protocol):
    """Who hears an agent session's updates and answers its requests."""

    @property
    def working(self) -> bool:
        """Whether a turn runs."""

    def on_update(self, update: Message) -> None:
        """Take one session/update in."""

    def on_fault(self, words: str) -> None:
        """Something of what the agent sent was lost, in a sentence."""

    async def on_request(self, method: str, params: Message) -> Any:
        """Answer a request, or NotImplemented. Raises acp.exceptions.RequestError."""


class Listened(Protocol):
    """A backend, for whoever only listens to a session of its agent."""

    known: KnownAgent | None

    def remember(self, agent_session: str, conversation: Party) -> None:
        """Updates of this agent session belong to that conversation."""

    def forget(self, agent_session: str) -> None:
        """They belong to nobody any more."""

    def key_way(self, agent: AgentProcess) -> str:
        """The sign-in method that needs only a key which the agent has been given, or ""."""

    async def authenticate(self, method: str) -> None:
        """Let the agent sign in by one of its own methods. Raises BackendError."""


class Port(Listened, Protocol):
    """A backend, for a conversation with its agent."""

    name: str
    servers: TakenServers

    @property
    def title(self) -> str:
        """The agent's own name where it is known, else the configured one."""

    @property
    def remote(self) -> bool:
        """Whether the agent's files are not this machine's."""

    @property
    def cost_is_real(self) -> bool:
        """Whether what the agent says of costs is shown."""

    async def process(self, cwd: Path | None = None) -> AgentProcess:
        """The running agent. Raises BackendError."""

    def directory(self, cwd: Path) -> Path:
        """A session's working directory as the agent knows it."""

    def guard(self, host: TurnHost) -> Guard:
        """The borders of a session's workspace."""

    async def changed_servers(self, agent: AgentProcess, agent_session: str) -> bool:
        """End what would keep an open session's servers, or the agent; False if it can't now."""

    def skills_meta(self) -> Message:
        """What a session is opened with so that the agent reads no skills by itself."""

    def opening(self, params: Message, party: Party) -> AbstractContextManager[None]:
        """Meanwhile what the agent asks because of a request with these parameters is for it."""

    def note_turn(self, agent_session: str, turn: int) -> None:
        """The last turn that ran in an agent session."""

    def note_models(self, offered: list[AgentChoice]) -> None:
        """The models that the agent named in a session."""

    def at_its_end(self, agent_session: str, state: AgentState) -> bool:
        """Whether the agent's session has not gone on since `state` was recorded."""

    def gave_up(self, agent: AgentProcess, agent_session: str) -> None:
        """A turn of a session does not end."""

    async def left(self, conversation: Party) -> None:
        """A conversation was closed."""

    def rest(self) -> None:
        """Put the agent to sleep after a while."""
