"""A run as it stands: a fold of its journal's events, made again at every opening."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Final, Literal

from sessions.plans import record
from sessions.plans.fanout import FanoutItem
from sessions.plans.model import Plan, RunEnd, Task
from sessions.plans.placeholders import Left
from sessions.record.closed_sets import UnitState

NodeKind = Literal["work", "candidate", "judge"]
WORK: Final = "work"
CANDIDATE: Final = "candidate"
JUDGE: Final = "judge"
SETTLED: tuple[UnitState, ...] = ("done", "failed", "skipped", "unknown")
KEPT_CHECKS = 3


@dataclass(slots=True)
class Node:
    """A task as the scheduler has it: one that is judged is two, its candidates and the judge."""

    name: str
    task: Task
    kind: NodeKind
    needs: tuple[str, ...]
    expanded: bool = False
    fault: str = ""
    units: list[str] = field(default_factory=list)
    pending: dict[str, None] = field(default_factory=dict)
    """Units that wait to be started, in order."""
    counts: dict[str, int] = field(default_factory=dict)
    """How many units are in each state."""
    most: tuple[float, int] = (0.0, 0)
    """What the dearest of its units has taken, in dollars and tokens."""

    @property
    def settled(self) -> int:
        """How many units are over."""
        return sum(self.counts.get(state, 0) for state in SETTLED)

    @property
    def running(self) -> int:
        """How many work now."""
        return self.counts.get("running", 0)


@dataclass(slots=True)
class Unit:
    """One session's worth of work, and what became of it."""

    key: str
    node: str
    item: FanoutItem | None = None
    state: UnitState = "pending"
    attempt: int = 0
    """Tries so far, the one that runs included."""
    counted: int = 0
    """Those of them that count."""
    session: str = ""
    sessions: list[str] = field(default_factory=list)
    reserved: tuple[float, int] = (0.0, 0)
    why: str = ""
    answer: str = ""
    diff: str = ""
    evidence: str = ""
    commit: str = ""
    branch: str = ""
    files: list[str] = field(default_factory=list)
    receipts: list[str] = field(default_factory=list)
    checks: list[record.Checked] = field(default_factory=list)
    notes: list[record.Note] = field(default_factory=list)
    began: str = ""
    ended: str = ""
    spans: list[tuple[str, str]] = field(default_factory=list)
    """From when to when it worked."""

    @property
    def repairs(self) -> int:
        """How often a failed check went back in the try that runs."""
        return sum(not c.ok and c.attempt == self.attempt for c in self.checks)

    @property
    def left(self) -> Left:
        """What stands for its placeholders."""
        item = self.item.text if self.item else ""
        answer = self.answer or (f"({self.state}: {self.why})" if self.state != "done" else "")
        files, receipts = tuple(self.files), tuple(self.receipts)
        return Left(self.key, answer, self.diff, files, item, self.branch, receipts)


@dataclass(slots=True)
class Spending:
    """What one session took."""

    unit: str
    usd: float
    tokens: int
    at: float
    model: str = ""
    priced: bool = True


class Run:
    """A run of a plan."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.id = ""
        self.title = plan.title
        self.seed = 0
        self.seq = 0
        self.began = ""
        self.updated = ""
        self.parallel = plan.head.parallel
        self.usd, self.tokens, self.hours = 0.0, 0, 0.0
        self.until = 0.0
        self.not_before = 0.0
        self.note = ""
        self.paused = ""
        self.stopped = False
        self.over: RunEnd | Literal[""] = ""
        self.nodes: dict[str, Node] = {}
        self.units: dict[str, Unit] = {}
        self.spending: dict[str, Spending] = {}
        self.spent: tuple[float, int] = (0.0, 0)
        self.unpriced = False
        self.active: set[str] = set()
        """Units that run or wait for a person."""
        self.held: dict[str, tuple[float, str]] = {}
        self.last_start = 0.0
        self.given: dict[str, list[str]] = {}
        """What a person has handed to tasks, and to some of their many."""
        self._of_unit: dict[str, tuple[float, int]] = {}
        for task in plan.tasks:
            self._add(task)

    # -- what others read

    @property
    def most(self) -> tuple[float, int]:
        """What its dearest unit has taken."""
        return (
            max((n.most[0] for n in self.nodes.values()), default=0.0),
            max((n.most[1] for n in self.nodes.values()), default=0),
        )

    def took(self, unit: str) -> tuple[float, int]:
        """Dollars and tokens of a unit, all its sessions together."""
        return self._of_unit.get(unit, (0.0, 0))

    def count(self, state: UnitState) -> int:
        """How many units are in a state."""
        return sum(node.counts.get(state, 0) for node in self.nodes.values())

    def candidates(self, judge: Unit) -> list[Unit]:
        """Of which a judge picks."""
        every = self.nodes[f"{judge.node}/"].units
        start = f"{judge.key}/"
        return [self.units[key] for key in every if key.startswith(start)]

    def task_units(self, name: str) -> list[Unit]:
        """The units whose answers stand for a task."""
        return [self.units[key] for key in self.nodes[name].units]

    def nodes_of(self, task: Task) -> Iterator[Node]:
        """The one or two nodes of a task."""
        for name in (f"{task.name}/", task.name):
            if name in self.nodes:
                yield self.nodes[name]

    # -- the fold

    @classmethod
    def of(cls, plan: Plan, events: Iterable[record.RunEvent]) -> Run:
        """The run whose journal holds these events."""
        run = cls(plan)
        for event in events:
            run.apply(event)
        return run

    def apply(self, event: record.RunEvent) -> None:
        """Take one event in."""
        self.seq, self.updated = event.seq, event.at
        handler = self._HANDLERS.get(type(event))
        if handler is not None:
            handler(self, event)

    def _add(self, task: Task) -> None:
        kind: NodeKind = JUDGE if task.best_of else WORK
        if task.best_of:
            own = Node(f"{task.name}/", task, CANDIDATE, tuple(task.needs))
            self.nodes[own.name] = own
        self.nodes[task.name] = Node(task.name, task, kind, tuple(task.needs))

    def _created(self, event: record.Created) -> None:
        self.id, self.title, self.seed, self.began = event.id, event.title, event.seed, event.at
        self.parallel, self.not_before = event.parallel, event.not_before
        self.usd, self.tokens, self.hours = event.usd, event.tokens, event.hours
        self.until, self.note = event.until, event.note

    def _expanded(self, event: record.Expanded) -> None:
        task = self.plan.task(event.task)
        items = [None] if event.items is None else [FanoutItem.from_json(i) for i in event.items]
        for node in self.nodes_of(task):
            node.expanded, node.fault = True, event.fault
            for item in [] if event.fault else items:
                key = task.name if item is None else f"{task.name}[{item.number}]"
                if node.kind != CANDIDATE:
                    self._new(node, Unit(key, node.name, item))
                    continue
                for number in range(1, task.best_of + 1):
                    self._new(node, Unit(f"{key}/{number}", node.name, item))

    def _new(self, node: Node, unit: Unit) -> None:
        self.units[unit.key] = unit
        node.units.append(unit.key)
        node.pending[unit.key] = None
        node.counts["pending"] = node.counts.get("pending", 0) + 1

    def _to(self, unit: Unit, state: UnitState) -> None:
        node = self.nodes[unit.node]
        node.counts[unit.state] -= 1
        node.counts[state] = node.counts.get(state, 0) + 1
        unit.state = state
        node.pending.pop(unit.key, None)
        self.active.discard(unit.key)
        if state == "pending":
            node.pending[unit.key] = None
        elif state in ("running", "waiting"):
            self.active.add(unit.key)

    def _started(self, event: record.Started) -> None:
        unit = self.units[event.unit]
        self._to(unit, "running")
        unit.attempt, unit.session = event.attempt, event.session
        if event.session:
            unit.sessions.append(event.session)
        unit.reserved = (event.usd, event.tokens)
        unit.began = event.at
        unit.checks = [c for c in unit.checks if not c.ok][-KEPT_CHECKS:]
        self.last_start = seconds(event.at)

    def _spent(self, event: record.Spent) -> None:
        before = self.spending.get(event.session)
        usd, tokens = event.usd or 0.0, event.tokens
        self.spending[event.session] = Spending(
            event.unit, usd, tokens, seconds(event.at), event.model, event.usd is not None
        )
        self.unpriced = self.unpriced or (event.usd is None and tokens > 0)
        more = (usd - (before.usd if before else 0.0), tokens - (before.tokens if before else 0))
        self.spent = (self.spent[0] + more[0], self.spent[1] + more[1])
        had = self.took(event.unit)
        now = (had[0] + more[0], had[1] + more[1])
        self._of_unit[event.unit] = now
        node = self.nodes[self.units[event.unit].node]
        node.most = (max(node.most[0], now[0]), max(node.most[1], now[1]))

    def _checked(self, event: record.Checked) -> None:
        unit = self.units[event.unit]
        unit.checks = [*unit.checks, event][-KEPT_CHECKS - 2 :]

    def _waiting(self, event: record.Waiting) -> None:
        unit = self.units[event.unit]
        unit.why = event.what
        self._to(unit, "waiting")

    def _going(self, event: record.Going) -> None:
        unit = self.units[event.unit]
        if unit.state == "waiting":
            unit.why = ""
            self._to(unit, "running")

    def _note(self, event: record.Note) -> None:
        self.units[event.unit].notes.append(event)

    def _ended(self, event: record.Ended) -> None:
        unit = self.units[event.unit]
        unit.counted += event.counts
        unit.reserved = (0.0, 0)
        unit.why, unit.ended = event.why, event.at
        unit.spans.append((unit.began or event.at, event.at))
        if event.state == "again":
            self._to(unit, "pending")
            return
        unit.session = event.session or unit.session
        unit.answer, unit.files, unit.diff = event.answer, event.files, event.diff
        unit.evidence, unit.commit, unit.branch = event.evidence, event.commit, event.branch
        unit.receipts = event.receipts
        self._to(unit, event.state)

    def _skipped(self, event: record.Skipped) -> None:
        unit = self.units[event.unit]
        unit.reserved, unit.why = (0.0, 0), "skipped"
        self._to(unit, "skipped")

    def _retried(self, event: record.Retried) -> None:
        unit = self.units[event.unit]
        unit.counted, unit.why = 0, ""
        self._to(unit, "pending")
        self.over, self.stopped = "", False

    def _set(self, event: record.Set) -> None:
        for name in ("parallel", "usd", "tokens", "hours", "until"):
            value = getattr(event, name)
            if value is not None:
                setattr(self, name, value)
        self.over = "" if self.over == "person" else self.over

    def _added(self, event: record.Added) -> None:
        from sessions.plans.read import joined, reread

        known = {task.name for task in self.plan.tasks}
        self.plan = reread(joined(self.plan.text, event.text), self.plan.folder, self.plan.name)
        for task in self.plan.tasks:
            if task.name not in known:
                self._add(task)
        self.over = ""

    def _given(self, event: record.Given) -> None:
        self.given.setdefault(event.task, []).append(event.text)

    def _paused(self, event: record.Paused) -> None:
        self.paused = event.why or "paused"

    def _resumed(self, event: record.Resumed) -> None:
        self.paused, self.over, self.stopped = "", "", False
        self.held.clear()

    def _held(self, event: record.Held) -> None:
        self.held[event.credential] = (event.until, event.why)

    def _stopped(self, event: record.Stopped) -> None:
        self.stopped = True

    def _over(self, event: record.Over) -> None:
        self.over = event.state

    _HANDLERS: ClassVar[dict[type[record.RunEvent], Callable[[Any, Any], None]]] = {
        record.Created: _created,
        record.Expanded: _expanded,
        record.Started: _started,
        record.Spent: _spent,
        record.Checked: _checked,
        record.Waiting: _waiting,
        record.Going: _going,
        record.Note: _note,
        record.Ended: _ended,
        record.Skipped: _skipped,
        record.Retried: _retried,
        record.Set: _set,
        record.Added: _added,
        record.Given: _given,
        record.Paused: _paused,
        record.Resumed: _resumed,
        record.Held: _held,
        record.Stopped: _stopped,
        record.Over: _over,
    }


def seconds(at: str) -> float:
    """An event's time in seconds since 1970."""
    return datetime.fromisoformat(at).timestamp() if at else 0.0
