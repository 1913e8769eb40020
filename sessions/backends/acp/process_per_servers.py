"""A session of an agent that is given MCP servers with its command, not with each session.

Each set of such servers has a process of its own, which its sessions share; a session whose servers
change goes over to another process with its conversation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from sessions.backends.acp.conversation import AcpConversation
from sessions.backends.acp.port import Port
from sessions.backends.base import TurnHost
from sessions.record import events as ev
from sessions.record.summary_parts import AgentState

Serving = Callable[[Sequence[ev.JSON]], Port]
"""The backend whose process has been given these servers."""


class ServedConversation:
    """A session's side of such an agent (see sessions.backends.base.Conversation)."""

    def __init__(self, serving: Serving, session_id: str, cwd: Path, state: AgentState) -> None:
        self._serving = serving
        self._backend = serving(())
        self._session_id, self._cwd = session_id, cwd
        self.inner = AcpConversation(self._backend, session_id, cwd, state)

    async def turn(self, host: TurnHost) -> ev.TurnEnded:
        """Run one turn, in the process that has this turn's servers."""
        backend = self._serving(host.settings.mcp)
        if backend is not self._backend:
            await self.inner.close()
            self._backend = backend
            self.inner = AcpConversation(backend, self._session_id, self._cwd, self.inner.state)
        return await self.inner.turn(host)

    async def close(self) -> None:
        """Let go of the agent's session."""
        await self.inner.close()

    def steered(self) -> None:
        """A message waits that is to go into the running turn."""
        self.inner.steered()

    async def choose(self, option: str, value: str) -> AgentState:
        """Set one of the agent's own options. Raises BackendError."""
        return await self.inner.choose(option, value)
