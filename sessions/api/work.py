"""What the commands `work.*` answer: a plan's task, on the machine where its session lives."""

from __future__ import annotations

from typing import TypedDict

from sessions.record.closed_sets import BroughtKind


class CheckSaid(TypedDict):
    """What a check said. `code` None: it did not end by itself."""

    ok: bool
    code: int | None
    output: str
    seconds: float


class Changed(TypedDict):
    """What a session changed. `loose`: paths that are not committed; `head`: its last commit."""

    files: list[str]
    diff: str
    loose: list[str]
    head: str


class Brought(TypedDict):
    """A file that can come back. `kind`: `record`, kept by the session, or `made` in its folder."""

    kind: BroughtKind
    name: str
    size: int


class Packed(TypedDict):
    """What is to come back of a task; `branch` "" where nothing was committed.

    `left`: what is over the limit, by name and size.
    """

    branch: str
    head: str
    base: str
    size: int
    files: list[Brought]
    left: list[str]


class Known(TypedDict):
    """What is known of a repository. `has`: the commit is there; `tips`: what it grew from."""

    has: bool
    tips: list[str]
