"""Where an agent sends its requests: `providers/list`, `set`, `disable` of the protocol's draft.

Schema 1.19, unstable. An agent forgets what it was told when it ends, so the configuration's
providers are told at every start, those that are not to be used first of all to be off;
`agentdeck agents providers` shows what there is.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from sessions.api.agents import AgentProvider
from sessions.backends.acp.transport import Message
from sessions.config.model import Provider
from sessions.errors import BackendError, UsageError

if TYPE_CHECKING:
    from sessions.backends.acp.process import AgentProcess

log = logging.getLogger("agentdeck.acp")


def takes(agent: AgentProcess) -> bool:
    """Whether the agent can be told."""
    return agent.capabilities.get("providers") is not None


async def listed(agent: AgentProcess) -> list[AgentProvider]:
    """All of them; no header is told.

    Raises UsageError for an agent that names none.
    """
    if not takes(agent):
        raise UsageError(f"{agent.name} does not let its providers be chosen.")
    answer = await agent.request("providers/list", {})
    given = answer.get("providers")
    return [_row(p) for p in given if isinstance(p, dict)] if isinstance(given, list) else []


def _row(given: Message) -> AgentProvider:
    current, supported = given.get("current"), given.get("supported")
    now = current if isinstance(current, dict) else {}
    return {
        "id": str(given.get("providerId", "")),
        "takes": [str(s) for s in supported] if isinstance(supported, list) else [],
        "api": str(now.get("apiType") or ""),
        "base_url": str(now.get("baseUrl") or ""),
        "required": given.get("required") is True,
    }


async def tell(agent: AgentProcess, wanted: Mapping[str, Provider]) -> None:
    """Tell an agent that has just started. Raises BackendError where it can't be, or refuses."""
    if not wanted:
        return
    try:
        if not takes(agent):
            raise BackendError(
                f"The agent {agent.name} does not let its providers be chosen.",
                "Take `providers` out of its backend in the configuration.",
                kind="agent",
            )
        for name, provider in wanted.items():
            if provider.disabled:
                await agent.request("providers/disable", {"providerId": name})
        for name, provider in wanted.items():
            if provider.disabled:
                continue
            told = {
                "providerId": name,
                "apiType": provider.api,
                "baseUrl": provider.base_url,
                "headers": provider.headers,
            }
            await agent.request("providers/set", told)
    except BackendError:
        await agent.close()  # it would ask a server that was not meant
        raise
