"""What a session of an agent is opened with, as far as the agent takes it.

`additionalDirectories` is of the protocol (schema 1.19), `systemPrompt` of its draft. An agent that
takes no system prompt is told the user's as text, before the first message.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sessions.backends.acp.transport import Message
from sessions.backends.base import Settings
from sessions.errors import BackendError

if TYPE_CHECKING:
    from sessions.backends.acp.port import Listened
    from sessions.backends.acp.process import AgentProcess


def params(
    agent: AgentProcess, cwd: Path, servers: Sequence[Message], settings: Settings
) -> Message:
    """The parameters of session/new, load, resume and fork, but for the session's id."""
    told: Message = {"cwd": str(cwd), "mcpServers": list(servers)}
    if settings.directories and agent.can("additionalDirectories"):
        told["additionalDirectories"] = list(settings.directories)
    if settings.system and agent.can("systemPrompt"):
        content = [{"type": "text", "text": settings.system}]
        told["systemPrompt"] = {"mode": "append", "content": content}
    return told


async def opened(agent: AgentProcess, told: Message, backend: Listened) -> Message:
    """A new session of the agent's; one that has a key and wants to be told so is told.

    Raises BackendError.
    """
    try:
        return await agent.request("session/new", told)
    except BackendError as error:
        way = backend.key_way(agent) if error.kind == "auth" else ""
        if not way:
            raise
    await backend.authenticate(way)
    return await agent.request("session/new", told)


def preface(agent: AgentProcess, settings: Settings, past: str) -> str:
    """What goes before the first message of a new session: the past, and what is not told else."""
    told: list[str] = []
    if settings.system and not agent.can("systemPrompt"):
        told.append(f"Instructions of the user for this whole conversation:\n{settings.system}")
    if settings.directories and not agent.can("additionalDirectories"):
        folders = "\n".join(settings.directories)
        told.append(f"Beside the working directory these are part of the work too:\n{folders}")
    return "\n\n".join([*told, *([past] if past else [])])
