"""What nests in events of the conversation, by its keys.

For the type checker, and as this version writes it: what a journal of another version has there
is read as it stands.
"""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

from sessions.record.closed_sets import DrawnSource, NoteKind, ReadHow


class MessageNote(TypedDict):
    """What the model is told before a message; `name`: of the skill, session or command."""

    kind: NoteKind
    text: str
    name: NotRequired[str]


class KeptFile(TypedDict):
    """A picture or a file that a tool gave; `path`: below `files/` of its session. `uri`: what a
    resource is called over there; `picture`: whether that is one."""

    path: str
    media_type: str
    name: NotRequired[str]
    uri: NotRequired[str]
    picture: NotRequired[bool]


class FileMade(TypedDict):
    """A file that a command made. `path`: from the session's folder; `sha256`: "" of a big one."""

    path: str
    size: int
    sha256: str


class FileDiff(TypedDict):
    """What an agent changed in a file; None as its protocol has it: there was none before."""

    path: str | None
    old: str | None
    new: str | None


class ResultFacts(TypedDict, total=False):
    """What is known of a call besides what the model is told, by the tool that ran.

    `diff` and `changed`: of an edit; `files`: how many were found; `job`: a command that goes on;
    `session` and `tokens`: what a task was done in, and took; `answers`: what was chosen, by
    question.
    """

    exit_code: int | None
    signal: int | None
    bytes: int
    diff: str
    diffs: list[FileDiff]
    changed: list[str]
    files: int
    path: str
    skill: str
    job: str
    session: str
    tokens: int
    answers: list[list[str]]
    resources: list[KeptFile]


_DrawnFrom = TypedDict("_DrawnFrom", {"from": str}, total=False)


class DrawnFacts(_DrawnFrom, total=False):
    """What is known of a draw, and of how it was read: `how` and all that follows.

    `meta`: how it was drawn (bound, requests, method); `notes` and `remarks`: what a person should
    know of either, a sentence each; `reply`: the model's, as it came; `from`: the session that
    drew it, where another one is given of it.
    """

    source: DrawnSource
    meta: dict[str, Any]
    notes: list[str]
    stage: int
    how: ReadHow
    model: str
    prompt_sha256: str
    reply: str
    usage: dict[str, int]
    cost_usd: float | None
    remarks: list[str]


class RecordFault(TypedDict):
    """A line of a journal that is no event: its number, its length, and what is wrong with it."""

    line: int
    bytes: int
    why: str


class CallLocation(TypedDict):
    """Where a tool call works, as the Agent Client Protocol has it."""

    path: str
    line: NotRequired[int | None]
