"""The MCP servers of a session, as an agent takes them.

Most agents are told of them with each session. Copilot CLI refuses those that are programs in
`session/new` (github/copilot-cli#3889; servers with an address it takes) and reads them from a file
that its command names.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from sessions.backends.acp.process import AgentProcess
from sessions.backends.acp.transport import Message
from sessions.config.known_agents import KnownAgent, is_remote
from sessions.record import events as ev


@dataclass(frozen=True, slots=True)
class TakenServers:
    """Which of them an agent takes, and with what."""

    known: KnownAgent | None
    command: Sequence[str]
    title: str

    @property
    def with_command(self) -> bool:
        """Whether the agent is told of those that are programs with its command."""
        option = self.known.mcp_option if self.known else ""
        return bool(option) and not is_remote(self.command) and self._runs_it_itself

    @property
    def _runs_it_itself(self) -> bool:
        """Whether words behind the command are the agent's, and not those of a shell's line."""
        words = [word.rsplit("/", 1)[-1] for word in self.command]
        return self.known is not None and self.known.command[0] in words

    def with_session(self, agent: AgentProcess, servers: Sequence[ev.JSON]) -> list[Message]:
        """Those that a session is opened with."""
        there = [s for s in servers if not self.unusable(agent, s)]
        given = programs(there) if self.with_command else ()
        return [s for s in there if s not in given]

    def unusable(self, agent: AgentProcess, server: ev.JSON) -> str:
        """Why an MCP server can't be handed to the agent, or ""."""
        kind = str(server.get("type") or "stdio")
        if kind == "stdio" and is_remote(self.command):
            return "it would have to run on the agent's machine"
        if kind == "stdio":
            can_be = self.with_command or not (self.known and self.known.mcp_option)
            return "" if can_be else f"{self.title} takes programs only where its command ends"
        can = agent.capabilities.get("mcpCapabilities")
        there = isinstance(can, dict) and can.get(kind)
        return "" if there else f"{self.title} takes no MCP servers over {kind}"


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
