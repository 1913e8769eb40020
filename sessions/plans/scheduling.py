"""What happens next in a run: a pure function of its state and the time.

It starts nothing itself. Whoever drives a run writes each decision into the run's journal first,
and does it then; so the same decisions follow from the same journal, whoever died in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sessions.plans.model import RunEnd
from sessions.plans.state import CANDIDATE, JUDGE, SETTLED, Node, Run, seconds

OPEN, OK, BROKEN = "open", "ok", "broken"


@dataclass(frozen=True, slots=True)
class Start:
    """A unit to start, with what is set aside for it."""

    unit: str
    usd: float = 0.0
    tokens: int = 0


@dataclass(slots=True)
class Decision:
    """What to do now."""

    expand: list[str] = field(default_factory=list)
    """Tasks whose items must be found."""
    start: list[Start] = field(default_factory=list)
    fail: list[tuple[str, str]] = field(default_factory=list)
    """Units that can't be done, and why."""
    wake: float = 0.0
    """When to look again though nothing happened; 0: no need."""
    held: str = ""
    """Why nothing starts though something could."""
    over: RunEnd | Literal[""] = ""
    """Nothing is left: done, failed, person or stopped."""


def decide(run: Run, now: float, credentials: Mapping[str, str] | None = None) -> Decision:
    """The next decisions. `credentials`: what each task's sessions count against."""
    decision = Decision()
    if run.over:
        return decision
    if run.stopped:
        if not run.active:
            decision.over = "stopped"
        return decision
    known: dict[str, str] = {}
    for node in run.nodes.values():
        if not node.expanded and node.kind != CANDIDATE and _ready(run, node, known) == OK:
            decision.expand.append(node.task.name)
    ready = [n for n in run.nodes.values() if n.pending and _ready(run, n, known) == OK]
    _hopeless(run, ready, decision)
    if run.paused:
        decision.held = run.paused
    elif now < run.not_before:
        decision.held, decision.wake = "it is not time yet", run.not_before
    else:
        _start(run, ready, now, credentials or {}, decision)
    if not (run.active or decision.expand or decision.start or decision.fail or ready):
        decision.over = _outcome(run)
    return decision


def _outcome(run: Run) -> RunEnd | Literal[""]:
    if run.count("unknown"):
        return "person"
    settled = all(n.expanded and not n.fault and not n.pending for n in run.nodes.values())
    return "done" if settled and not run.count("failed") else "failed"


# -- what must be there before


def _ready(run: Run, node: Node, known: dict[str, str]) -> str:
    """Whether all that a task needs is there. `known`: what was found out of its needs."""
    states = {_for(run, node, need, known) for need in node.needs}
    return BROKEN if BROKEN in states else OPEN if OPEN in states else OK


def _for(run: Run, node: Node, need: str, known: dict[str, str]) -> str:
    """A need as a task sees it: one that is `partial` takes what is there."""
    state = _need(run, need, known)
    other = run.nodes[need]
    over = other.expanded and not other.fault and other.settled == len(other.units)
    if state != BROKEN or not node.task.partial or not other.expanded or other.fault:
        return state
    if not over:
        return OPEN
    return OK if other.counts.get("done", 0) > 0 else BROKEN


def _need(run: Run, name: str, known: dict[str, str]) -> str:
    """Whether a task is over, and of use to those that need it."""
    if name in known:
        return known[name]
    node = run.nodes[name]
    state = OPEN
    lost = node.counts.get("failed", 0) + node.counts.get("unknown", 0)
    if node.fault or lost or _ready(run, node, known) == BROKEN:
        state = BROKEN
    elif node.expanded and node.settled == len(node.units):
        state = OK
    known[name] = state
    return state


def blocked(run: Run) -> dict[str, str]:
    """Tasks that can't begin as things stand, and the task that each waits for in vain."""
    known: dict[str, str] = {}
    found: dict[str, str] = {}
    for node in run.nodes.values():
        lost = [need for need in node.needs if _for(run, node, need, known) == BROKEN]
        if lost and node.kind != CANDIDATE:
            found[node.name] = lost[0]
    return found


def _hopeless(run: Run, ready: list[Node], decision: Decision) -> None:
    """Judges without anything to judge."""
    for node in [n for n in ready if n.kind == JUDGE]:
        for key in node.pending:
            states = [unit.state for unit in run.candidates(run.units[key])]
            if all(s in SETTLED and s != "done" for s in states):
                decision.fail.append((key, "none of its candidates was done"))


# -- starts


def _start(
    run: Run, ready: list[Node], now: float, credentials: Mapping[str, str], decision: Decision
) -> None:
    """Fill the free places, the credential that works least first."""
    if why := _late(run, now):
        decision.held = why if ready else ""
        return
    working: dict[str, int] = {}
    for node in run.nodes.values():
        own = credentials.get(node.name, "")
        working[own] = working.get(own, 0) + node.running
    places = run.parallel - sum(working.values())
    doomed = {key for key, _ in decision.fail}
    queues = {n.name: _startable(run, n, doomed) for n in ready}
    money = _Money(run, now)
    gap = run.plan.head.stagger_s
    for _ in range(places):
        free = [n for n in ready if queues[n.name] and _free(run, n, now, credentials, decision)]
        if not free:
            return
        if gap and (decision.start or now < run.last_start + gap):
            _wait(decision, now + gap if decision.start else run.last_start + gap, "")
            return
        node = min(free, key=lambda n: working[credentials.get(n.name, "")])
        usd, tokens = money.estimate(node)
        alone = not run.active and not decision.start
        if money.blind(node) and (decision.start or run.count("running")):
            return  # what one takes is not known yet: the first of all shows it
        if not money.fits(usd, tokens, alone=alone):
            decision.held = money.why if alone else decision.held
            if money.free_at:
                _wait(decision, money.free_at, money.why)
            return
        money.take(usd, tokens)
        decision.start.append(Start(queues[node.name].pop(0), usd, tokens))
        working[credentials.get(node.name, "")] += 1


def _free(
    run: Run, node: Node, now: float, credentials: Mapping[str, str], decision: Decision
) -> bool:
    """Whether a task's credential is not held back."""
    until, why = run.held.get(credentials.get(node.name, ""), (0.0, ""))
    if until > now:
        _wait(decision, until, why)
    return until <= now


def _startable(run: Run, node: Node, doomed: set[str]) -> list[str]:
    if node.kind != JUDGE:
        return list(node.pending)
    return [
        key
        for key in node.pending
        if key not in doomed and all(u.state in SETTLED for u in run.candidates(run.units[key]))
    ]


def _wait(decision: Decision, until: float, why: str) -> None:
    decision.wake = min(decision.wake or until, until)
    decision.held = decision.held or why


def _late(run: Run, now: float) -> str:
    """Why nothing starts any more, by the clock."""
    if run.until and now >= run.until:
        return "the time until which it may start tasks is over"
    if run.hours and now >= seconds(run.began) + run.hours * 3600:
        return f"the {run.hours:g} hours of its budget are over"
    return ""


class _Money:
    """What is left of the budget and of each quota, with what is set aside taken off."""

    def __init__(self, run: Run, now: float) -> None:
        self.run = run
        self.why = ""
        self.free_at = 0.0
        self._aside = self._set_aside()
        self._limits: list[tuple[float, int, float, int, float]] = []
        if run.usd or run.tokens:
            self._limits.append((run.usd, run.tokens, *run.spent, 0.0))
        for window in run.plan.head.windows:
            since = now - window.hours * 3600
            within = [s for s in run.spending.values() if s.at > since]
            spent = sum(s.usd for s in within), sum(s.tokens for s in within)
            oldest = min((s.at for s in within), default=now)
            free_at = oldest + window.hours * 3600 + 1
            self._limits.append((window.usd, window.tokens, *spent, free_at))

    def _set_aside(self) -> tuple[float, int]:
        """Of what was set aside for those that work, what they have not taken yet."""
        usd, tokens = 0.0, 0
        for key in self.run.active:
            unit = self.run.units[key]
            mine = self.run.spending.get(unit.session)
            usd += max(0.0, unit.reserved[0] - (mine.usd if mine else 0.0))
            tokens += max(0, unit.reserved[1] - (mine.tokens if mine else 0))
        return usd, tokens

    def estimate(self, node: Node) -> tuple[float, int]:
        """What a session of a task may take: its limit, or what the dearest like it took."""
        limits, most = node.task.limits, self.run.most
        usd = limits.usd or node.most[0] or most[0]
        tokens = limits.tokens or node.most[1] or most[1]
        units = max(1, len(self.run.units))
        return usd or self.run.usd / units, tokens or self.run.tokens // units

    def blind(self, node: Node) -> bool:
        """A budget is to be kept, and nothing tells what a session of the task may take."""
        limits = node.task.limits
        return bool(self._limits) and not (self.run.spending or limits.usd or limits.tokens)

    def fits(self, usd: float, tokens: int, *, alone: bool) -> bool:
        """Whether so much may be set aside; one that is alone may take what is left."""
        for most_usd, most_tokens, spent_usd, spent_tokens, free_at in self._limits:
            left_usd = most_usd - spent_usd - self._aside[0]
            left_tokens = most_tokens - spent_tokens - self._aside[1]
            for most, left, wanted, what in (
                (most_usd, left_usd, usd, f"${most_usd:.2f}"),
                (most_tokens, left_tokens, tokens, f"{most_tokens:,} tokens"),
            ):
                if most and (left <= 0 if alone else left < wanted):
                    self.why = f"the budget of {what} is spent"
                    if free_at:
                        self.why = f"the quota of {what} is used up"
                    self.free_at = free_at
                    return False
        return True

    def take(self, usd: float, tokens: int) -> None:
        """Set it aside."""
        self._aside = self._aside[0] + usd, self._aside[1] + tokens
