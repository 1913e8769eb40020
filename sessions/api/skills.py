"""What the commands of skills answer."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from sessions.record.closed_sets import SkillScope, SkillState, SkillTrust, SkillUse
from skills.shapes import SkillFileChanged, SkillSeen


class SkillListed(TypedDict):
    """A skill wherever it is listed; what is of a session only where one was named.

    `shadowed_by`: another of its name that comes first; `own`: what answers reads it by itself;
    `measured`: what came of its paired runs.
    """

    name: str
    description: str
    path: str
    scope: SkillScope
    shadowed_by: str | None
    listing_tokens: int
    body_tokens: int
    warnings: NotRequired[list[str]]
    trust: NotRequired[SkillTrust]
    usable: NotRequired[bool]
    state: NotRequired[SkillState]
    own: NotRequired[bool]
    used: NotRequired[int]
    arguments: NotRequired[str]
    measured: NotRequired[str]


class SkillsCost(TypedDict):
    """Tokens of the listing of those that are on; `most`: what it may take, of a session."""

    tokens: int
    enabled: int
    most: NotRequired[int]


class SkillBroken(TypedDict):
    """A folder that should be a skill and does not load."""

    path: str
    scope: SkillScope
    why: str


class SkillsListed(TypedDict):
    """A session's skills, what those that are on cost, and what could not be read."""

    rows: list[SkillListed]
    cost: SkillsCost
    broken: list[SkillBroken]
    notices: list[str]


class SkillAdded(TypedDict):
    """The skill that was `added`; or, with nothing done: the one of mine that has its name
    (`taken`), or the `several` that there are in it."""

    added: SkillListed | None
    taken: str
    several: list[str]


class SkillUsedAt(TypedDict):
    """Where a skill was used in a session, and by whom."""

    name: str
    turn: int | None
    how: SkillUse
    seq: int


class SkillReviewed(SkillSeen):
    """What a skill is before it is used, and how it stands; `folder`: of a project, to be trusted
    with it."""

    trust: SkillTrust
    usable: bool
    changes: list[SkillFileChanged]
    folder: str


class NotSwitched(TypedDict):
    """Sessions that did not take a skill, each with why."""

    refused: dict[str, str]


class SkillFile(TypedDict):
    """A file of a skill. `size` in bytes; of a long one `text` has the beginning."""

    name: str
    path: str
    files: list[str]
    text: str
    size: int
    cut: bool
    binary: bool


class PutBack(TypedDict):
    """Where a removed skill stands again."""

    path: str
