"""A run as interfaces show it."""

from __future__ import annotations

from sessions.api.plans import RunLine, RunShown, RunTask, RunUnit
from sessions.plans.scheduling import blocked
from sessions.plans.state import CANDIDATE, Node, Run, Unit
from sessions.record.closed_sets import RunState, UnitState

_WORDS: tuple[tuple[UnitState, str], ...] = (
    ("failed", "failed"),
    ("unknown", "of unknown effect"),
    ("waiting", "waiting for you"),
    ("running", "working"),
    ("skipped", "skipped"),
)
STATES: tuple[UnitState, ...] = (
    "running",
    "waiting",
    "pending",
    "done",
    "failed",
    "unknown",
    "skipped",
)


def state(run: Run, held: str = "") -> RunState:
    """One word: done, failed, person, stopped, paused, needs-you, held or working."""
    if run.over:
        return run.over
    if run.paused:
        return "paused"
    if run.count("running"):
        return "working"
    if run.count("waiting"):
        return "needs-you"
    return "held" if held else "working"


def line(run: Run, held: str = "", idle: bool = False) -> RunLine:
    """One run in a list."""
    usd, tokens = run.spent
    return {
        "id": run.id,
        "title": run.title,
        "state": state(run, held),
        "held": held or run.paused,
        "idle": idle or bool(run.over),
        "began": run.began,
        "updated": run.updated,
        "counts": {name: count for name in STATES if (count := run.count(name))},
        "blocked": list(blocked(run)),
        "spent": {"usd": round(usd, 6), "tokens": tokens, "priced": not run.unpriced},
        "budget": {"usd": run.usd, "tokens": run.tokens, "hours": run.hours},
        "until": run.until,
        "parallel": run.parallel,
        "seed": run.seed,
        "directory": str(run.plan.directory),
    }


def whole(run: Run, held: str = "", idle: bool = False) -> RunShown:
    """One run with its tasks and what became of each."""
    lost = blocked(run)
    return {
        **line(run, held, idle),
        "goal": run.plan.head.goal,
        "tasks": [_task(run, node, lost) for node in run.nodes.values() if node.kind != CANDIDATE],
        "units": [unit_json(run, unit) for unit in run.units.values()],
    }


def _task(run: Run, node: Node, lost: dict[str, str]) -> RunTask:
    counts = {name: count for name in STATES if (count := node.counts.get(name, 0))}
    why = node.fault or (f"{lost[node.name]} was not done" if node.name in lost else "")
    return {
        "name": node.name,
        "needs": list(node.needs),
        "state": "blocked" if node.name in lost else "failed" if node.fault else _of(node),
        "counts": counts,
        "why": why,
    }


def _of(node: Node) -> UnitState:
    told: tuple[UnitState, ...] = ("running", "waiting", "failed", "unknown", "pending")
    for name in told:
        if node.counts.get(name):
            return name
    return "done" if node.expanded else "pending"


def unit_json(run: Run, unit: Unit) -> RunUnit:
    """One unit."""
    usd, tokens = run.took(unit.key)
    return {
        "unit": unit.key,
        "task": run.nodes[unit.node].task.name,
        "item": unit.item.text if unit.item else None,
        "state": unit.state,
        "why": unit.why,
        "tries": unit.attempt,
        "session": unit.session,
        "sessions": unit.sessions,
        "usd": round(usd, 6),
        "tokens": tokens,
        "began": unit.began,
        "ended": unit.ended,
        "files": unit.files,
        "check": {"ok": unit.checks[-1].ok, "code": unit.checks[-1].code} if unit.checks else None,
    }


def words(run: Run) -> str:
    """How it stands, in words."""
    parts = [f"{run.count('done')} of {len(run.units)} done"]
    for name, told in _WORDS:
        if count := run.count(name):
            parts.append(f"{count} {told}")
    if lost := blocked(run):
        parts.append(f"{len(lost)} tasks not begun ({', '.join(lost)})")
    return ", ".join(parts)


def exit_code(told: RunLine) -> int:
    """0 all done, 1 some failed, 3 some wait for a person; of what `line` tells."""
    counts = told["counts"]
    if told["state"] == "done":
        return 0
    if counts.get("waiting") or counts.get("unknown") or told["state"] in ("held", "paused"):
        return 3
    return 1
