"""What came of a run, for a person with coffee: what is done and who says so, what is not and why.

Done means that a check said so. A task without one has only answered, and the report says that.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from sessions.plans import show
from sessions.plans.next_steps import blocked
from sessions.plans.page import page
from sessions.plans.state import CANDIDATE, JUDGE, Node, Run, Unit
from sessions.record import events as ev
from sessions.safety.sanitise import clean, clean_line
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
    writers: dict[str, Callable[[ev.JSON], str]] = {"md": markdown, "html": page, "json": _json}
    return hide(writers[fmt](data))


def keep(run: Run, folder: Path, held: str = "") -> Path:
    """Write all three into the run's folder; the Markdown's path. Raises OSError."""
    for fmt in FORMATS:
        path = folder / f"report.{fmt}"
        private_files.write(path, write(run, fmt, held), synced=False)
    return folder / "report.md"


def _json(data: ev.JSON) -> str:
    return json.dumps(data, indent=1) + "\n"


def build(run: Run, held: str = "") -> ev.JSON:
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


def _by_whose_word(done: list[ev.JSON]) -> str:
    """Who says that what is done is done."""
    told = {"check": "by their check", "judge": "by a judge", "answer": "have only answered"}
    counts = Counter(unit["by"] for unit in done)
    return ", ".join(f"{counts[by]} {words}" for by, words in told.items() if counts[by])


def _why_not(run: Run, node: Node, lost: dict[str, str], held: str) -> str:
    if node.name in lost:
        return f"{lost[node.name]} was not done"
    return held or (
        "what it needs is not done yet" if node.needs else "the run ended before its turn"
    )


def _unit(run: Run, unit: Unit) -> ev.JSON:
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


def diffstat(diff: str) -> list[ev.JSON]:
    """Files of a unified diff with the lines that came and went."""
    found: list[ev.JSON] = []
    for line in diff.split("\n"):
        if line.startswith("+++ "):
            name = line[4:].split("\t")[0].removeprefix("b/")
            found.append({"path": name, "added": 0, "removed": 0})
        elif found and line.startswith("+"):
            found[-1]["added"] += 1
        elif found and line.startswith("-") and not line.startswith("--- "):
            found[-1]["removed"] += 1
    return found


def _by_task(run: Run) -> list[ev.JSON]:
    rows: dict[str, ev.JSON] = {}
    for spent in run.spending.values():
        name = run.nodes[run.units[spent.unit].node].task.name
        row = rows.setdefault(name, {"task": name, "sessions": 0, "usd": 0.0, "tokens": 0})
        _add(row, spent.usd, spent.tokens)
    return list(rows.values())


def _by_model(run: Run) -> list[ev.JSON]:
    rows: dict[str, ev.JSON] = {}
    for spent in run.spending.values():
        row = rows.setdefault(
            spent.model, {"model": spent.model, "sessions": 0, "usd": 0.0, "tokens": 0}
        )
        _add(row, spent.usd, spent.tokens)
    return list(rows.values())


def _add(row: ev.JSON, usd: float, tokens: int) -> None:
    row["sessions"] += 1
    row["usd"] = round(row["usd"] + usd, 6)
    row["tokens"] += tokens


def _timeline(run: Run) -> list[ev.JSON]:
    """From when to when each unit worked."""
    rows = []
    for unit in run.units.values():
        spans = list(unit.spans)
        if unit.state in ("running", "waiting"):
            spans.append((unit.began, run.updated))
        if spans:
            rows.append({"unit": unit.key, "state": unit.state, "spans": spans})
    return rows


def _worth(run: Run) -> list[ev.JSON]:
    """Sessions that left something: files, or an answer that a judge did not pick."""
    found: list[ev.JSON] = []
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


# -- Markdown


def markdown(data: ev.JSON) -> str:
    """The report as Markdown."""
    return "\n".join(_lines(data)).rstrip() + "\n"


def _lines(data: ev.JSON) -> Iterator[str]:
    yield f"# {_line(data['title'])}"
    yield ""
    yield f"**{data['state']}**: {_line(data['words'])}."
    if data["by_whose_word"]:
        yield f"Of what is done: {data['by_whose_word']}."
    spent = data["spent"]
    money = f"${spent['usd']:.2f}, " if spent["usd"] or spent["priced"] else ""
    unpriced = "" if spent["priced"] else " (no price is known for some of it)"
    yield ""
    when = f"{data['began'][:16]} to {data['updated'][:16]} UTC"
    yield f"{when} · {money}{spent['tokens']:,} tokens{unpriced}"
    if data["note"]:
        yield from ("", f"{_line(data['note'])}.")
    if data["held"]:
        yield from ("", f"It does not go on by itself: {_line(data['held'])}.")
    if data["goal"]:
        yield from ("", "## What was asked", "", clean(data["goal"]).strip())
    yield from _section("What waits for you", data["person"], _waiting)
    yield from _section("What failed", data["failed"], _failed)
    if data["not_begun"]:
        yield from ("", "## What was not begun", "")
        yield from (f"- **{_line(n['task'])}**: {_line(n['why'])}" for n in data["not_begun"])
    yield from _section("What is done", data["done"], _done)
    yield from _section("What is open", data["open"], lambda unit: iter(()))
    yield from _section("What was skipped", data["skipped"], lambda unit: iter(()))
    yield from _costs(data["costs"])
    if data["harvest"]:
        yield from ("", "## What is worth harvesting", "")
        yield from (f"- {_line(w['unit'])}: {w['why']} (`{w['session']}`)" for w in data["harvest"])
    if data["next"]:
        yield from ("", "## What to run next", "", *_fenced("\n".join(data["next"])))


def _section(
    title: str, units: list[ev.JSON], more: Callable[[ev.JSON], Iterator[str]]
) -> Iterator[str]:
    if not units:
        return
    yield from ("", f"## {title}")
    for unit in units:
        item = f" · {_line(unit['item'])[:120]}" if unit["item"] else ""
        yield from ("", f"### {_line(unit['unit'])}{item}", "")
        if unit["session"]:
            yield f"session `{unit['session']}` · tries {unit['tries']} · {_cost(unit)}"
        yield from more(unit)


def _cost(row: ev.JSON) -> str:
    money = f"${row['usd']:.4f} · " if row["usd"] else ""
    return f"{money}{row['tokens']:,} tokens"


def _waiting(unit: ev.JSON) -> Iterator[str]:
    yield from ("", _line(unit["why"]))
    if unit["last_words"]:
        yield from ("", "Its last words:", "", *_fenced(clean(unit["last_words"])))


def _failed(unit: ev.JSON) -> Iterator[str]:
    yield from ("", f"Why: {_line(unit['why'])}")
    yield from _evidence(unit)
    if unit["last_words"]:
        yield from ("", "Its last words:", "", *_fenced(clean(unit["last_words"])))


def _done(unit: ev.JSON) -> Iterator[str]:
    if unit["by"] == "answer":
        yield from ("", "It has answered; no check says whether it is right.")
    if unit["why"]:
        yield from ("", _line(unit["why"]))
    yield from _evidence(unit)
    for row in unit["diffstat"]:
        yield f"- `{_line(row['path'])}` +{row['added']} −{row['removed']}"
    if unit["commit"] or unit["branch"]:
        yield from ("", f"branch `{_line(unit['branch'])}` {_line(unit['commit'])}".rstrip())
    if unit["receipts"]:
        yield from ("", *(f"- drawn for it: {_line(line)}" for line in unit["receipts"]))
    for note in unit["notes"]:
        if note["kind"] == "critic":
            yield from ("", "A critic sent it back:", "", *_fenced(clean(note["text"])))
    if unit["answer"]:
        yield from ("", "Its answer:", "", *_fenced(clean(unit["answer"])))


def _evidence(unit: ev.JSON) -> Iterator[str]:
    if (proof := unit["evidence"]) is None:
        return
    ended = "did not end by itself" if proof["code"] is None else f"exit code {proof['code']}"
    words = _line(" ".join(proof["argv"]))
    yield from ("", f"The check: `{words.replace('`', chr(39))}`, {ended}, {proof['seconds']:g} s")
    if proof["output"].strip():
        yield from ("", *_fenced(clean(proof["output"])))


def _costs(costs: ev.JSON) -> Iterator[str]:
    if not costs["tasks"]:
        return
    yield from ("", "## What it cost", "")
    yield from ("| task | sessions | dollars | tokens |", "|---|---:|---:|---:|")
    for row in costs["tasks"]:
        yield f"| {row['task']} | {row['sessions']} | {row['usd']:.4f} | {row['tokens']:,} |"
    yield from ("", "| model | sessions | dollars | tokens |", "|---|---:|---:|---:|")
    for row in costs["models"]:
        name = _line(row["model"]).replace("|", "\\|") or "unknown"
        yield f"| {name} | {row['sessions']} | {row['usd']:.4f} | {row['tokens']:,} |"


def _line(text: str) -> str:
    return clean_line(str(text)).strip().rstrip(".")


def _fenced(text: str) -> list[str]:
    """A fence that is longer than any in the text."""
    longest = max((len(r) - len(r.lstrip("`")) for r in text.split("\n")), default=0)
    fence = "`" * max(3, longest + 1)
    return [fence, text.strip("\n"), fence]
