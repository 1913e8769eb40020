"""What the commands of the deck as a whole answer, where that is more than a few figures."""

from __future__ import annotations

from typing import TypedDict

from sessions.api.priming import DreamWaiting
from sessions.record.closed_sets import Effort, Permission, SkillState, WantKind


class ProfileShown(TypedDict):
    """A profile as it is configured; `default`: taken where none is named."""

    name: str
    backend: str
    model: str
    permission: Permission
    skills: dict[str, SkillState] | list[str]
    cwd: str
    system: str
    effort: Effort
    directories: list[str]
    max_steps: int
    subsessions: bool
    messages: bool
    worktree: bool
    base: str
    host: str
    default: bool


class OfferFound(TypedDict):
    """What was found while nobody asked: of a session what could be a skill, or a `dream`."""

    kind: WantKind
    key: str
    session: str
    at: str
    words: str
    dream: DreamWaiting | None


class SearchHit(TypedDict):
    """A message that was found: the words around it, and what its session is called."""

    id: str
    seq: int
    at: str
    snippet: str
    title: str
