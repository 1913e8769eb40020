"""What is told and kept of skills as JSON, by its keys."""

from __future__ import annotations

from typing import Literal, TypedDict

SkillFileKind = Literal["skill", "script", "text", "archive", "binary", "link"]
"""What a file of a skill is; skill: its SKILL.md."""
ChangedHow = Literal["added", "removed", "changed"]
"""What became of a file since it was reviewed."""
SkillNoteKind = Literal[
    "pipe-to-shell", "network", "credentials", "override", "destructive", "persistence", "encoded",
    "privilege", "runs-at-load", "archive", "binary", "link", "special", "hidden", "comment",
]  # fmt: skip
"""What deserves a look in a skill."""


class SkillFileSeen(TypedDict):
    """A file of a skill as its review saw it."""

    path: str
    size: int
    kind: SkillFileKind
    executable: bool


class SkillNote(TypedDict):
    """Something that is worth a look."""

    kind: SkillNoteKind
    path: str
    line: int
    says: str
    context: str


class SkillFileChanged(TypedDict):
    """A file that is not as it was when the skill was trusted."""

    path: str
    how: ChangedHow


class SkillSeen(TypedDict):
    """What a review saw in a skill."""

    name: str
    path: str
    description: str
    body_tokens: int
    files: list[SkillFileSeen]
    scripts: list[str]
    urls: list[str]
    commands: list[str]
    tools: list[str]
    notes: list[SkillNote]
    left_out: list[str]


class SkillRecorded(TypedDict, total=False):
    """A skill in the record of reviews; `files`: the sum of each, at its review; `source`: where
    it was fetched, or why it needs a look again."""

    name: str
    files: dict[str, str]
    sha256: str
    at: str
    source: str


class TrustRecord(TypedDict):
    """The record of reviews: skills by their folders, and since when a project's is trusted."""

    skills: dict[str, SkillRecorded]
    folders: dict[str, str]


class RemovedFrom(TypedDict):
    """What lies beside a skill in the trash: where it was, and since when it is there."""

    name: str
    was: str
    at: str
