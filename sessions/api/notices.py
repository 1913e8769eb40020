"""What the engine tells every interface beside events and summaries."""

from __future__ import annotations

from typing import TypedDict

from sessions.record.closed_sets import NoticeTopic, RunEventType


class RunTold(TypedDict):
    """How far a run of a plan is: tasks `done`, and all of them (`of`)."""

    run: str
    title: str
    done: int
    of: int
    over: str


class RunEventTold(TypedDict):
    """Something that happened in a run, with further keys by its type: `sessions.plans.record`."""

    type: RunEventType
    seq: int
    at: str


class NoticeParts(TypedDict, total=False):
    """What a notice has besides its words, by its kind.

    Of the kind `index`: `done` of so many sessions, `of`. Of a run of a plan: which one (`run`),
    its `title`, tasks `done` and all of them (`of`), the `event` that happened, whether it is
    `over` and how, and whether it is `idle`, for something is `held`.
    `why`: of an index that can't be made.
    """

    session: str
    host: str
    why: str
    run: str
    title: str
    done: int
    of: int
    over: str
    idle: bool
    held: str
    event: RunEventTold


class EngineNotice(NoticeParts, total=False):
    """Something that is no event of a session; `message`: what its user shall read, or ""."""

    kind: NoticeTopic
    message: str
