"""The scheduler keeps its promises under any sequence of ends, failures, kills and pauses."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions.plans import record
from sessions.plans.model import (
    ForEach,
    Head,
    Judge,
    Plan,
    PlanBudget,
    RunEnd,
    Task,
    TryState,
    Window,
)
from sessions.plans.scheduling import blocked, decide
from sessions.plans.state import Run, seconds
from sessions.record.closed_sets import one_of

START = "2026-11-23T10:00:00.000Z"


def plan_of(tasks: list[Task], head: Head | None = None) -> Plan:
    """A plan without a file."""
    return Plan(head or Head(), tuple(tasks), Path("/"), "")


class World:
    """Carries decisions out, writes them down as a run does, and watches what must hold."""

    def __init__(self, plan: Plan, items: dict[str, int], **limits: float) -> None:
        self.plan, self.items = plan, items
        self.events: list[record.RunEvent] = []
        self.run = Run(plan)
        self.now = seconds(START)
        self.running: list[str] = []
        self.finished: list[str] = []
        self.cost = 1.0
        made = {"parallel": plan.head.parallel, "usd": plan.head.budget.usd, **limits}
        self.add(record.Created(id="r", title=plan.title, **made))  # type: ignore[arg-type]

    def add(self, event: record.RunEvent) -> None:
        """Write an event down and fold it."""
        at = f"2026-11-23T10:{len(self.events) // 60 % 60:02}:{len(self.events) % 60:02}.000Z"
        event = type(event)(
            **{**{f: getattr(event, f) for f in event.__struct_fields__},
               "seq": len(self.events) + 1, "at": at}
        )  # fmt: skip
        self.events.append(event)
        self.run.apply(event)

    def step(self) -> RunEnd | Literal[""]:
        """Decide until there is nothing to do now; how the run is over, if it is."""
        while True:
            decision = decide(self.run, self.now)
            for task in decision.expand:
                self._expand(task)
            for key, why in decision.fail:
                self.add(record.Ended(unit=key, attempt=1, state="failed", why=why))
            for start in decision.start:
                self._start(start.unit, start.usd)
            if decision.over:
                self.add(record.Over(state=decision.over))
                return decision.over
            if not (decision.expand or decision.fail or decision.start):
                self.held = decision.held
                return ""

    def _expand(self, task: str) -> None:
        count = self.items.get(task)
        made = None if count is None else [{"text": str(n), "number": n + 1} for n in range(count)]
        self.add(record.Expanded(task=task, items=made))

    def _start(self, key: str, usd: float) -> None:
        unit = self.run.units[key]
        node = self.run.nodes[unit.node]
        assert unit.state == "pending"
        assert key not in self.running
        assert key not in self.finished, "a task that is done was started again"
        assert len(self.running) < self.run.parallel
        for need in node.needs:
            assert all(u.state in ("done", "skipped") for u in self.run.task_units(need))
        self.add(
            record.Started(
                unit=key, attempt=unit.attempt + 1, session=f"s{len(self.events)}", usd=usd
            )
        )
        self.running.append(key)
        if self.run.usd:
            aside = sum(self.run.units[k].reserved[0] for k in self.running)
            alone = len(self.running) == 1
            assert alone or self.run.spent[0] + aside <= self.run.usd + 1e-9

    def end(self, which: int, how: TryState) -> None:
        """One of those that work ends."""
        key = self.running.pop(which % len(self.running))
        unit = self.run.units[key]
        self.add(record.Spent(unit=key, session=unit.session, usd=self.cost, tokens=10))
        why = "" if how == "done" else "it said no"
        self.add(
            record.Ended(unit=key, attempt=unit.attempt, state=how, why=why, counts=how != "again")
        )
        if how == "done":
            self.finished.append(key)

    def happen(self, how: str, which: int, cost: float | None = None) -> None:
        """The engine dies, a person lets all wait and go on, or one of those that work ends."""
        if how == "kill":
            self.killed()
        elif how == "pause":
            self.add(record.Paused(why="a person"))
            assert not decide(self.run, self.now).start
            self.add(record.Resumed())
        elif self.running:
            if cost is not None:
                # A session that is not alone keeps to what was set aside for it.
                unit = self.run.units[self.running[which % len(self.running)]]
                self.cost = min(cost, unit.reserved[0]) if len(self.running) > 1 else cost
            self.end(which, one_of(TryState, how, "failed"))

    def killed(self) -> None:
        """The engine dies: all that is left is the journal; what was cut off is tried again."""
        self.run = Run.of(self.plan, self.events)
        for key in list(self.running):
            unit = self.run.units[key]
            assert unit.state == "running"
            self.add(record.Ended(unit=key, attempt=unit.attempt, state="again", counts=False))
        self.running.clear()


TASKS = [
    Task(name="survey", prompt="x"),
    Task(name="port", prompt="x", needs=["survey"], for_each=ForEach(files="*")),
    Task(name="idea", prompt="x", best_of=3, judge=Judge(prompt="x")),
    Task(name="report", prompt="x", needs=["port", "idea"]),
]

what = st.sampled_from(["done", "done", "done", "failed", "again", "unknown", "kill", "pause"])
deeds = st.lists(st.tuples(what, st.integers(0, 50)), max_size=60)


@settings(max_examples=150, deadline=None)
@given(deeds, st.integers(0, 6), st.integers(1, 5))
def test_no_task_runs_twice_and_none_is_lost(
    steps: list[tuple[str, int]], items: int, parallel: int
) -> None:
    world = World(plan_of(TASKS, Head(parallel=parallel)), {"port": items})
    over = world.step()
    for how, which in steps:
        if over:
            break
        world.happen(how, which)
        over = world.step()
    while not over:
        assert world.running, f"it stands still: {world.held}"
        world.end(0, "done")
        over = world.step()
    lost = world.run.count("failed") + world.run.count("unknown") + len(blocked(world.run))
    assert (over == "done") == (lost == 0)
    if over == "done":
        done = {"survey", "report", "idea", *(f"port[{n + 1}]" for n in range(items))}
        assert done <= set(world.finished)
    again = Run.of(world.plan, world.events)
    assert {k: u.state for k, u in again.units.items()} == {
        k: u.state for k, u in world.run.units.items()
    }
    assert again.spent == world.run.spent
    assert again.spent[0] == sum(s.usd for s in again.spending.values())


costly = st.lists(st.tuples(what, st.integers(0, 50), st.floats(0.1, 3.0)), max_size=50)


@settings(max_examples=150, deadline=None)
@given(costly, st.floats(1.0, 20.0), st.integers(1, 8))
def test_the_budget_is_passed_by_one_session_at_most(
    steps: list[tuple[str, int, float]], budget: float, parallel: int
) -> None:
    each = ForEach(files="*")
    tasks = [Task(name="t", prompt="x", for_each=each), Task(name="u", prompt="x", for_each=each)]
    head = Head(parallel=parallel, budget=PlanBudget(usd=budget))
    world = World(plan_of(tasks, head), {"t": 20, "u": 10})
    over = world.step()
    assert len(world.running) == 1, "what a session takes is not known yet: one shows it"
    for how, which, cost in steps:
        if over:
            break
        world.happen(how, which, cost)
        over = world.step()
    dearest = max((s.usd for s in world.run.spending.values()), default=0.0)
    assert world.run.spent[0] <= budget + dearest + 1e-9
    if not over and not world.running:
        assert "budget" in world.held
        world.add(record.Set(usd=budget + 100))
        world.step()
        assert world.running


def test_a_quota_holds_the_starts_until_it_is_free_again() -> None:
    window = Window(hours=5, tokens=25)
    head = Head(parallel=2, windows=[window])
    tasks = [Task(name="t", prompt="x", for_each=ForEach(files="*"))]
    world = World(plan_of(tasks, head), {"t": 9})
    world.step()
    for _ in range(3):
        world.end(0, "done")
        world.step()
    assert not world.running
    decision = decide(world.run, world.now)
    assert "quota of 25 tokens" in decision.held
    first = min(s.at for s in world.run.spending.values())
    assert decision.wake == pytest.approx(first + 5 * 3600 + 1)
    assert decide(world.run, decision.wake + 1).start


def test_starts_are_staggered_so_that_a_cache_can_be_shared() -> None:
    head = Head(parallel=3, stagger_s=4.0)
    world = World(plan_of([Task(name="t", prompt="x", for_each=ForEach(files="*"))], head),
                  {"t": 3})  # fmt: skip
    world.add(record.Expanded(task="t", items=[{"text": str(n), "number": n} for n in (1, 2, 3)]))
    decision = decide(world.run, world.now)
    assert [s.unit for s in decision.start] == ["t[1]"]
    world.add(record.Started(unit="t[1]", attempt=1, session="s"))
    last = world.run.last_start
    assert decide(world.run, last + 3).wake == last + 4
    assert [s.unit for s in decide(world.run, last + 4).start] == ["t[2]"]


def test_a_failed_task_blocks_those_that_need_it_and_a_retry_frees_them() -> None:
    tasks = [Task(name="a", prompt="x"), Task(name="b", prompt="x", needs=["a"])]
    world = World(plan_of(tasks), {})
    world.step()
    world.end(0, "failed")
    assert world.step() == "failed"
    assert blocked(world.run) == {"b": "a"}
    world.add(record.Retried(unit="a"))
    assert world.step() == ""
    world.end(0, "done")
    world.step()
    world.end(0, "done")
    assert world.step() == "done"


def test_some_of_many_are_enough_for_a_task_that_says_so() -> None:
    tasks = [
        Task(name="a", prompt="x", for_each=ForEach(files="*")),
        Task(name="b", prompt="x", needs=["a"], partial=True),
    ]
    world = World(plan_of(tasks, Head(parallel=2)), {"a": 2})
    world.step()
    world.end(0, "failed")
    world.step()
    world.end(0, "done")
    decision = decide(world.run, world.now)
    assert decision.expand == ["b"]


def test_who_waits_for_a_person_frees_a_place() -> None:
    world = World(plan_of([Task(name="t", prompt="x", for_each=ForEach(files="*"))],
                          Head(parallel=1)), {"t": 2})  # fmt: skip
    world.step()
    world.add(record.Waiting(unit="t[1]", what="run make"))
    assert [s.unit for s in decide(world.run, world.now).start] == ["t[2]"]


def test_a_credential_that_is_held_back_lets_the_others_go_on() -> None:
    tasks = [Task(name="a", prompt="x"), Task(name="b", prompt="x")]
    world = World(plan_of(tasks), {})
    for task in ("a", "b"):
        world.add(record.Expanded(task=task))
    world.add(record.Held(credential="k1", until=world.now + 60, why="the quota is reached"))
    decision = decide(world.run, world.now, {"a": "k1", "b": "k2"})
    assert [s.unit for s in decision.start] == ["b"]
    assert decision.wake == world.now + 60
    later = decide(world.run, world.now + 61, {"a": "k1", "b": "k2"})
    assert {s.unit for s in later.start} == {"a", "b"}


def test_places_are_shared_fairly_between_credentials() -> None:
    each = ForEach(files="*")
    tasks = [Task(name="a", prompt="x", for_each=each), Task(name="b", prompt="x", for_each=each)]
    world = World(plan_of(tasks, Head(parallel=4)), {})
    for task in ("a", "b"):
        items = [{"text": str(n), "number": n} for n in range(1, 9)]
        world.add(record.Expanded(task=task, items=items))
    started = [s.unit[0] for s in decide(world.run, world.now, {"a": "k1", "b": "k2"}).start]
    assert sorted(started) == ["a", "a", "b", "b"]


@pytest.mark.parametrize("limit", ["hours", "until"])
def test_nothing_starts_after_the_end_of_its_time(limit: str) -> None:
    tasks = [Task(name="a", prompt="x")]
    value = 1.0 if limit == "hours" else seconds(START) + 3600
    world = World(plan_of(tasks), {}, **{limit: value})
    world.add(record.Expanded(task="a"))
    assert decide(world.run, world.now + 3590).start
    late = decide(world.run, world.now + 3700)
    assert not late.start
    assert "over" in late.held
    assert not late.over
