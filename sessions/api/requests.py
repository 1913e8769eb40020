"""What commands take that have more arguments than a signature should list."""

from __future__ import annotations

from typing import Literal, TypedDict

from sessions.record.closed_sets import Permission, SkillState


class SessionWishes(TypedDict, total=False):
    """Of a session to be made; see `sessions.runtime.deck.Deck.create`."""

    profile: str
    backend: str
    model: str
    cwd: str
    title: str
    permission: Permission | Literal[""]
    skills: dict[str, SkillState] | None
    max_steps: int
    confirmed_full: bool
    strict: bool
    worktree: bool | None
    base: str
    about: str


class SessionBegun(SessionWishes, total=False):
    """What `session.create` takes. `host`: the machine where it shall live; `bring`: the folder
    here whose repository it is brought; `budget`: as `/budget` takes it."""

    host: str
    bring: str
    budget: str
    mcp: list[str] | None


class SessionEdits(TypedDict, total=False):
    """What is changed of a session; `paused`: "" = it goes on."""

    title: str
    backend: str
    model: str
    profile: str
    permission: Permission
    paused: str
    archived: bool
    closed: bool
    aside: bool
    tags: list[str]


class RunWishes(TypedDict, total=False):
    """Of a run of a plan, in place of what its file says."""

    parallel: int
    usd: float
    tokens: int
    hours: float
    until: str


class InjectionWishes(TypedDict, total=False):
    """How chosen items are sent; see `sessions.features.priming.Primings.inject`."""

    follow_up: str
    with_names: bool
    ban: list[str]
    params: dict[str, int | str | list[str]] | None
    without: list[str]
