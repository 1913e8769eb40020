"""What commands of plans and their runs answer."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from sessions.api.requests import RunWishes
from sessions.record.closed_sets import RunState, TaskState, UnitState


class RunSpent(TypedDict):
    """What a run took. `priced`: all of it has a price."""

    usd: float
    tokens: int
    priced: bool


class RunBudget(TypedDict):
    """What a run may take; 0 = no limit."""

    usd: float
    tokens: int
    hours: float


class RunLine(TypedDict):
    """A run of a plan in a list. `counts`: tasks by state; `blocked`: tasks that can't begin."""

    id: str
    title: str
    state: RunState
    held: str
    idle: bool
    began: str
    updated: str
    counts: dict[UnitState, int]
    blocked: list[str]
    spent: RunSpent
    budget: RunBudget
    until: float
    parallel: int
    seed: int
    directory: str


class RunTask(TypedDict):
    """A task of a run. `counts`: its units by state; `why`: what keeps it from being begun."""

    name: str
    needs: list[str]
    state: TaskState
    counts: dict[UnitState, int]
    why: str


class RunCheck(TypedDict):
    """How a unit's last check ended; `code` None: by its time."""

    ok: bool
    code: int | None


class RunUnit(TypedDict):
    """One session's worth of a task: what it is about, how it stands and what it took."""

    unit: str
    task: str
    item: str | None
    state: UnitState
    why: str
    tries: int
    session: str
    sessions: list[str]
    usd: float
    tokens: int
    began: str
    ended: str
    files: list[str]
    check: RunCheck | None


class RunShown(RunLine):
    """A run with its tasks and what became of each."""

    goal: str
    tasks: list[RunTask]
    units: list[RunUnit]


class PlanFound(TypedDict):
    """A plan file: what it leads to, or what is wrong with it.

    `more`: as many sessions more as answers will tell.
    """

    path: str
    title: str
    tasks: int
    sessions: int
    more: bool
    warnings: list[str]
    fault: str


class PlanReport(TypedDict):
    """What came of a run, as Markdown, and the file that it is kept in."""

    text: str
    path: str


class PlanDrafted(TypedDict):
    """A plan that a model wrote: its text, what it asks back, and the new file."""

    plan: str
    questions: list[str]
    note: str
    path: NotRequired[str]


class Scheduled(TypedDict):
    """A plan that begins by the clock. `due`: when next, seconds since 1970."""

    id: str
    file: str
    every: str
    words: str
    due: float
    wishes: RunWishes
    last_run: str
