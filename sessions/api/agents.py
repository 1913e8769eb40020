"""What the commands of sessions and backends that are agents answer."""

from __future__ import annotations

from typing import TypedDict

import msgspec

from sessions.record.closed_sets import SignInKind
from sessions.record.summary_parts import AgentOption, AgentState


def options_in(state: AgentState) -> list[AgentOption]:
    """The options in what an agent said of itself, as it is recorded; those that are whole."""
    recorded = state.get("options")
    found = []
    for each in recorded if isinstance(recorded, list) else ():
        try:
            found.append(msgspec.convert(each, AgentOption))
        except msgspec.ValidationError:
            continue  # of a journal of another version, or written by hand
    return found


class AgentSession(TypedDict):
    """A session that an agent has on disk."""

    id: str
    cwd: str
    title: str
    updated: str


class AgentProvider(TypedDict):
    """Where an agent sends its requests; `takes`: the protocols that it speaks, `api`: that of
    now, "" = it is off."""

    id: str
    takes: list[str]
    api: str
    base_url: str
    required: bool


class SignInWay(TypedDict):
    """A way to sign in to an agent."""

    id: str
    name: str
    kind: SignInKind
    description: str
    command: list[str]
    env: dict[str, str]


class Restarted(TypedDict):
    """Whether there was an agent's process that is started anew."""

    restarted: bool
