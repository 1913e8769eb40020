"""A session of an agent that is given MCP servers with its command, not with each session.

Copilot CLI refuses those that are programs in `session/new` (github/copilot-cli#3889; servers with
an address it takes) and reads them from a file that its command names. So each set of such servers
has a process of its own, which its sessions share; a session whose servers change goes over to
another process with its conversation.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from sessions.backends.acp.conversation import AcpConversation
from sessions.backends.acp.port import Port
from sessions.backends.base import TurnHost
from sessions.record import events as ev

Serving = Callable[[Sequence[ev.JSON]], Port]
"""The backend whose process has been given these servers."""


class ServedConversation:
    """A session's side of such an agent (see sessions.backends.base.Conversation)."""

    def __init__(self, serving: Serving, session_id: str, cwd: Path, state: ev.JSON) -> None:
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

    async def choose(self, option: str, value: str) -> ev.JSON:
        """Set one of the agent's own options. Raises BackendError."""
        return await self.inner.choose(option, value)


def programs(servers: Sequence[ev.JSON]) -> list[ev.JSON]:
    """Those MCP servers of the protocol's form that are programs to be started."""
    return [server for server in servers if str(server.get("type") or "stdio") == "stdio"]


def file_of(servers: Sequence[ev.JSON]) -> tuple[str, str]:
    """The file that tells an agent of them, as `(its name, its text)`."""
    told = {
        str(server["name"]): {
            "type": "local",
            "command": server["command"],
            "args": list(server.get("args") or ()),
            "env": {str(each["name"]): each["value"] for each in server.get("env") or ()},
            "tools": ["*"],
        }
        for server in servers
    }
    text = json.dumps({"mcpServers": told}, sort_keys=True)
    return f"mcp-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:12]}.json", text
