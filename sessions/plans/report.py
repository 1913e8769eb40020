"""What came of a run, for a person with coffee: what is done and who says so, what is not and why.

Done means that a check said so. A task without one has only answered, and the report says that.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from sessions.plans import show
from sessions.plans.report_markdown import markdown
from sessions.plans.report_page import page
from sessions.plans.report_shape import (
    DiffStat,
    ModelCost,
    ReportedUnit,
    RunReport,
    SessionsSpent,
    TaskCost,
    Voucher,
    Worked,
    WorthHarvest,
)
from sessions.plans.scheduling import blocked
from sessions.plans.state import CANDIDATE, JUDGE, Node, Run, Unit
from sessions.safety.secrets_filter import hide
from skills import private_files

FORMATS = ("md", "html", "json")

_LAST_WORDS = 1_200
_EVIDENCE = 1_500
_ANSWER = 3_000
_MOST_LANDINGS = 20


def write(run: Run, fmt: str, held: str = "") -> str:
    """The report in one of `FORMATS`."""
    data = build(run, held)
    writers: dict[str, Callable[[RunReport], str]] = {"md": markdown, "html": page, "json": _json}
    return hide(writers[fmt](data))


def keep(run: Run, folder: Path, held: str = "") -> Path:
    """Write all three into the run's folder; the Markdown's path. Raises OSError."""
    for fmt in FORMATS:
        path = folder / f"report.{fmt}"
        private_files.write(path, write(run, fmt, held), synced=False)
    return folder / "report.md"


def _json(data: RunReport) -> str:
    return json.dumps(data, indent=1) + "\n"


def build(run: Run, held: str = "") -> RunReport:
    """All that the report says."""
    units = [u for u in run.units.values() if run.nodes[u.node].kind != CANDIDATE]
    done = [_unit(run, u) for u in units if u.state == "done"]
    lost = blocked(run)
    return {
        **show.line(run, held),
        "goal": run.plan.head.goal,
        "note": run.note,
        "words": show.words(run),
        "by_whose_word": _by_whose_word(done),
        "done": done,
        "failed": [_unit(run, u) for u in units if u.state == "failed"],
        "person": [_unit(run, u) for u in units if u.state in ("waiting", "unknown")],
        "open": [_unit(run, u) for u in units if u.state in ("running", "pending")],
        "skipped": [_unit(run, u) for u in units if u.state == "skipped"],
        "not_begun": [
            {"task": n.name, "why": n.fault or _why_not(run, n, lost, held)}
            for n in run.nodes.values()
            if n.kind != CANDIDATE and (n.fault or not n.expanded)
        ],
        "costs": {"tasks": _by_task(run), "models": _by_model(run)},
        "timeline": _timeline(run),
        "harvest": _worth(run),
        "next": list(_next(run, held)),
    }


def _by_whose_word(done: list[ReportedUnit]) -> str:
    """Who says that what is done is done."""
    told: dict[Voucher, str] = {
        "check": "by their check",
        "judge": "by a judge",
        "answer": "have only answered",
    }
    counts = Counter(unit["by"] for unit in done)
    return ", ".join(f"{counts[by]} {words}" for by, words in told.items() if counts[by])


def _why_not(run: Run, node: Node, lost: dict[str, str], held: str) -> str:
    if node.name in lost:
        return f"{lost[node.name]} was not done"
    return held or (
        "what it needs is not done yet" if node.needs else "the run ended before its turn"
    )


def _unit(run: Run, unit: Unit) -> ReportedUnit:
    node = run.nodes[unit.node]
    told = show.unit_json(run, unit)
    check = next((c for c in reversed(unit.checks) if c.ok == (unit.state == "done")), None)
    return {
        **told,
        "by": "judge" if node.kind == JUDGE else "check" if node.task.check else "answer",
        "answer": _cut(unit.answer, _ANSWER),
        "last_words": unit.answer[-_LAST_WORDS:],
        "evidence": {
            "argv": check.argv,
            "code": check.code,
            "output": check.output[-_EVIDENCE:],
            "seconds": check.seconds,
        }
        if check
        else None,
        "judged": unit.evidence if node.kind == JUDGE else "",
        "diffstat": diffstat(unit.diff),
        "commit": unit.commit,
        "branch": unit.branch,
        "receipts": list(unit.receipts),
        "notes": [{"kind": n.kind, "text": n.text} for n in unit.notes],
    }


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}\n… {len(text) - most} characters more"


def diffstat(diff: str) -> list[DiffStat]:
    """Files of a unified diff with the lines that came and went."""
    found: list[DiffStat] = []
    for line in diff.split("\n"):
        if line.startswith("+++ "):
            name = line[4:].split("\t")[0].removeprefix("b/")
            found.append({"path": name, "added": 0, "removed": 0})
        elif found and line.startswith("+"):
            found[-1]["added"] += 1
        elif found and line.startswith("-") and not line.startswith("--- "):
            found[-1]["removed"] += 1
    return found


def _by_task(run: Run) -> list[TaskCost]:
    rows: dict[str, TaskCost] = {}
    for spent in run.spending.values():
        name = run.nodes[run.units[spent.unit].node].task.name
        row = rows.setdefault(name, {"task": name, "sessions": 0, "usd": 0.0, "tokens": 0})
        _add(row, spent.usd, spent.tokens)
    return list(rows.values())


def _by_model(run: Run) -> list[ModelCost]:
    rows: dict[str, ModelCost] = {}
    for spent in run.spending.values():
        row = rows.setdefault(
            spent.model, {"model": spent.model, "sessions": 0, "usd": 0.0, "tokens": 0}
        )
        _add(row, spent.usd, spent.tokens)
    return list(rows.values())


def _add(row: SessionsSpent, usd: float, tokens: int) -> None:
    row["sessions"] += 1
    row["usd"] = round(row["usd"] + usd, 6)
    row["tokens"] += tokens


def _timeline(run: Run) -> list[Worked]:
    """From when to when each unit worked."""
    rows: list[Worked] = []
    for unit in run.units.values():
        spans = list(unit.spans)
        if unit.state in ("running", "waiting"):
            spans.append((unit.began, run.updated))
        if spans:
            rows.append({"unit": unit.key, "state": unit.state, "spans": spans})
    return rows


def _worth(run: Run) -> list[WorthHarvest]:
    """Sessions that left something: files, or an answer that a judge did not pick."""
    found: list[WorthHarvest] = []
    for unit in run.units.values():
        if unit.state != "done" or not unit.session:
            continue
        kind = run.nodes[unit.node].kind
        if unit.files and kind != JUDGE:
            why = f"changed {len(unit.files)} files"
        elif kind == CANDIDATE:
            why = "a candidate's answer"
        else:
            continue
        found.append({"unit": unit.key, "session": unit.session, "why": why})
    return found


def _next(run: Run, held: str) -> Iterator[str]:
    """What to run next."""
    if run.count("waiting"):
        yield "agentdeck    (what waits for you is in the deck: ctrl+j)"
    failed = {run.nodes[u.node].task.name for u in run.units.values() if u.state == "failed"}
    for name in failed:
        yield f"agentdeck plan retry {run.id} {name}"
    for unit in run.units.values():
        if unit.state == "unknown":
            yield f"agentdeck plan retry {run.id} '{unit.key}'    (look first at {unit.session})"
    if held or run.over == "stopped":
        more = f" --budget-usd {2 * run.usd:g}" if held.startswith("the budget of $") else ""
        yield f"agentdeck plan resume {run.id}{more}"
    landing = list(_landing(run))
    for unit in landing[:_MOST_LANDINGS]:
        yield f"agentdeck sessions diff {unit.session}    ({unit.key}; then: sessions land)"
    if len(landing) > _MOST_LANDINGS:
        yield f"agentdeck worktrees list    ({len(landing) - _MOST_LANDINGS} more branches)"
    if _worth(run):
        yield f"agentdeck harvest --run {run.id} --list"


def _landing(run: Run) -> Iterator[Unit]:
    """Those whose branch is to be landed.

    Not one of several of which a judge picks, and none from whose branch a later task went on.
    """
    bases = "".join(node.task.base for node in run.nodes.values())
    for unit in run.units.values():
        node = run.nodes[unit.node]
        whole = unit.state == "done" and unit.branch and unit.files and node.kind != CANDIDATE
        if whole and f"{{{node.task.name}.branch}}" not in bases:
            yield unit
