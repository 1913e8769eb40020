"""What is known of an agent that has not been started: what speaks with it need not be imported."""

from __future__ import annotations

from collections.abc import Sequence

from sessions.backends.base import Capabilities
from sessions.config.known_agents import is_remote, known_by_command

REASONS = {
    "steer": "This agent takes nothing within a running turn: the message is queued.",
    "compact": "An agent looks after its own context.",
}
"""What no agent does, and why; some are found to steer once they have been started."""


def title_of(name: str, command: Sequence[str]) -> str:
    """The agent's own name where it is known, else the configured one."""
    known = known_by_command(list(command))
    return known.title if known else name


def capabilities(title: str, command: Sequence[str], *, models: bool) -> Capabilities:
    """What it can do as far as anybody knows. `models`: some can be named."""
    return Capabilities(
        images=True,
        thinking=True,
        steer=False,
        models=models,
        own_tools=True,
        elsewhere=is_remote(command),
        note=f"{title}: an agent with its own tools.",
        reasons={**REASONS, "models": "The agent names its models in its first session."},
    )
