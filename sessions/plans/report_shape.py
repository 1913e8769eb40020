"""The shape of a run's report, as it is kept in `report.json`."""

from __future__ import annotations

from typing import Literal, TypedDict

from sessions.api.plans import RunLine, RunUnit
from sessions.record.closed_sets import TaskNoteKind, UnitState

Voucher = Literal["check", "judge", "answer"]
"""Who says that a unit is done; `answer`: it has only answered."""


class Evidence(TypedDict):
    """The check that decided: `code` None if it did not end by itself."""

    argv: list[str]
    code: int | None
    output: str
    seconds: float


class DiffStat(TypedDict):
    """A file of a diff, with the lines that came and went."""

    path: str
    added: int
    removed: int


class ReportedNote(TypedDict):
    """Something that was done about a session, as in the run's journal."""

    kind: TaskNoteKind
    text: str


class ReportedUnit(RunUnit):
    """A unit with what speaks for it. `answer` is its beginning, `last_words` its end."""

    by: Voucher
    answer: str
    last_words: str
    evidence: Evidence | None
    judged: str
    diffstat: list[DiffStat]
    commit: str
    branch: str
    receipts: list[str]
    notes: list[ReportedNote]


class NotBegun(TypedDict):
    """A task without any session, and why."""

    task: str
    why: str


class SessionsSpent(TypedDict):
    """What some sessions took."""

    sessions: int
    usd: float
    tokens: int


class TaskCost(SessionsSpent):
    """What one task's sessions took."""

    task: str


class ModelCost(SessionsSpent):
    """What one model took; "" = not known which."""

    model: str


class Costs(TypedDict):
    """What the run took, told twice."""

    tasks: list[TaskCost]
    models: list[ModelCost]


class Worked(TypedDict):
    """From when to when a unit worked."""

    unit: str
    state: UnitState
    spans: list[tuple[str, str]]


class WorthHarvest(TypedDict):
    """A session that left something to be harvested."""

    unit: str
    session: str
    why: str


class RunReport(RunLine):
    """All that a report says, in the order in which it is told."""

    goal: str
    note: str
    words: str
    by_whose_word: str
    done: list[ReportedUnit]
    failed: list[ReportedUnit]
    person: list[ReportedUnit]
    open: list[ReportedUnit]
    skipped: list[ReportedUnit]
    not_begun: list[NotBegun]
    costs: Costs
    timeline: list[Worked]
    harvest: list[WorthHarvest]
    next: list[str]
