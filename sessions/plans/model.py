"""The shape of a plan file: what the whole is for, its tasks, its limits (docs/plans.md)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from sessions.config.model import Permission, SkillState, setting

TryState = Literal["done", "failed", "unknown", "again"]
"""How a try of it ended; unknown: its effects are, again: another follows."""
RunEnd = Literal["done", "failed", "person", "stopped"]
"""How a run ended."""
Unanswered = Literal["wait", "deny", "fail"]
Unknown = Literal["auto", "again", "leave"]

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
RAY, ANY = "ray", "any"
"""Where sessions live that are named by no host: on the Ray cluster, on any of the hosts."""
RESERVED = ("plan", "item", "answer")


@dataclass(frozen=True, slots=True)
class PlanBudget:
    """What a run may take; 0 = no limit."""

    usd: float = setting(0.0, "dollars")
    tokens: int = setting(0, "tokens, of all kinds")
    hours: float = setting(0.0, "hours from the run's start")


@dataclass(frozen=True, slots=True)
class Window:
    """A quota: so much within so many hours, as subscriptions have it."""

    hours: float = setting(0.0, "how long the window is")
    usd: float = setting(0.0, "dollars within it")
    tokens: int = setting(0, "tokens within it")


@dataclass(frozen=True, slots=True)
class ForEach:
    """What a task is done for, once each. One of them."""

    files: str = setting("", "files that match a pattern, e.g. src/**/*.py")
    lines: str = setting("", "the lines of a file that are not empty")
    rows: str = setting("", "the rows of a .csv, .tsv or .jsonl file")
    values: list[Any] = setting([], "these values, or tables")
    answer: str = setting("", "the JSON list in the answer of another task")

    @property
    def kinds(self) -> list[str]:
        """Which of them are given."""
        return [k for k in ("files", "lines", "rows", "values", "answer") if getattr(self, k)]


@dataclass(frozen=True, slots=True)
class Judge:
    """Who picks of several, without knowing whose is whose."""

    profile: str = setting("", "its profile; empty = the task's")
    backend: str = setting("", "its backend")
    model: str = setting("", "its model")
    prompt: str = setting("", "by what it judges")


@dataclass(frozen=True, slots=True)
class Critic:
    """Who names what is still superficial and sends it back."""

    profile: str = setting("", "its profile; empty = the task's")
    backend: str = setting("", "its backend")
    model: str = setting("", "its model")
    prompt: str = setting("", "what it looks for")
    rounds: int = setting(2, "how often it may send work back")


@dataclass(frozen=True, slots=True)
class TaskLimits:
    """What one session of a task may take; 0 = no limit of its own."""

    usd: float = setting(0.0, "dollars; also what is set aside before it starts")
    tokens: int = setting(0, "tokens; also what is set aside before it starts")
    minutes: float = setting(0.0, "minutes of one try")
    turns: int = setting(0, "turns of one try")
    steps: int = setting(0, "answers of the model within one turn")
    stall_minutes: float = setting(15.0, "minutes without any event after which it is interrupted")


@dataclass(frozen=True, slots=True)
class Head:
    """The plan as a whole."""

    title: str = setting("", "its name")
    goal: str = setting("", "what done means for the whole; every task is told")
    directory: str = setting(".", "where it works, from the plan file's folder")
    worktrees: bool = setting(False, "each task on a branch of its own")
    base: str = setting("", "what these branches begin at; empty = HEAD")
    profile: str = setting("", "the profile of its sessions; empty = the default")
    backend: str = setting("", "or a backend")
    model: str = setting("", "a model")
    permission: Permission | Literal[""] = setting("", "read-only, ask, edit or full")
    skills: list[str] | dict[str, SkillState] = setting([], "skills that are on")
    where: str = setting(
        "", "where its sessions live: empty = here; a host's name, any of the hosts, or ray", "ray"
    )
    keys: list[str] = setting(
        [], "variables whose keys are sent along to a Ray cluster; none is otherwise"
    )
    parallel: int = setting(4, "how many sessions work at once")
    budget: PlanBudget = field(default_factory=PlanBudget)
    windows: list[Window] = setting([], "quotas of a subscription")
    until: str = setting("", "HH:MM, or a date and time: no task starts after that")
    unanswered: Unanswered = setting("wait", "a request that needs a person: wait, deny or fail")
    unknown: Unknown = setting(
        "auto", "a task that the engine's death cut off: auto, again or leave"
    )
    stagger_s: float = setting(0.0, "seconds between two starts, so that a cache can be shared")
    seed: int | None = setting(None, "fixes the draws of all its sessions")


@dataclass(frozen=True, slots=True)
class Task:
    """One session's worth of work, or with `for_each` many of the kind."""

    name: str = setting("", "its name")
    prompt: str = setting("", "what its session is told")
    needs: list[str] = setting([], "tasks that must be done before")
    partial: bool = setting(False, "go on when some of a task's many are done and some are not")
    for_each: ForEach | None = setting(None, "once for each of these")
    directory: str = setting("", "where it works, from the plan's directory")
    worktree: bool | None = setting(None, "on a branch of its own")
    base: str = setting("", "what its branch begins at, e.g. {task.branch}")
    profile: str = setting("", "a profile")
    backend: str = setting("", "or a backend")
    model: str = setting("", "a model")
    permission: Permission | Literal[""] = setting("", "read-only, ask, edit or full")
    skills: list[str] | dict[str, SkillState] = setting([], "skills that are on")
    where: str = setting("", "where its sessions live, if not as the plan says")
    resources: dict[str, float] = setting(
        {}, "ray: cpus (1 unless said), gpus, memory_gb, and any other that nodes have"
    )
    labels: dict[str, str] = setting({}, "ray: labels that its node must have")
    keys: list[str] = setting([], "ray: more variables whose keys are sent along")
    prime: str | list[str] = setting([], "primings, as `agentdeck run --prime` takes them")
    check: list[str] = setting([], "a program and its arguments; exit 0 means that it is done")
    check_minutes: float = setting(20.0, "how long the check may take")
    tries: int = setting(1, "how many sessions may try")
    repairs: int = setting(1, "how often a failed check goes back to its session")
    best_of: int = setting(0, "so many sessions do it, and a judge picks")
    judge: Judge | None = setting(None, "who picks")
    critic: Critic | None = setting(None, "who sends back what is superficial")
    limits: TaskLimits = field(default_factory=TaskLimits)
    unanswered: Unanswered | Literal[""] = setting("", "wait, deny or fail")
    unknown: Unknown | Literal[""] = setting("", "auto, again or leave")

    @property
    def primings(self) -> list[str]:
        """Its primings, each as it is named."""
        return [self.prime] if isinstance(self.prime, str) else list(self.prime)

    @property
    def many(self) -> bool:
        """It is done for each of several items."""
        return self.for_each is not None


@dataclass(frozen=True, slots=True)
class PlanTables:
    """The tables of a plan file."""

    plan: Head = field(default_factory=Head)
    task: list[Task] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan that was read: its tables, where they stand, and its text."""

    head: Head
    tasks: tuple[Task, ...]
    folder: Path
    """The plan file's folder."""
    text: str
    name: str = "plan"

    @property
    def title(self) -> str:
        """What it is called."""
        return self.head.title or self.name

    @property
    def directory(self) -> Path:
        """Where it works."""
        return (self.folder / Path(self.head.directory).expanduser()).resolve()

    def task(self, name: str) -> Task:
        """The task of that name. Raises KeyError."""
        for task in self.tasks:
            if task.name == name:
                return task
        raise KeyError(name)

    def in_worktree(self, task: Task) -> bool:
        """Whether a task works on a branch of its own."""
        return self.head.worktrees if task.worktree is None else task.worktree
