"""A run's report as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from sessions.plans.report_shape import Costs, ReportedUnit, RunReport, SessionsSpent
from sessions.safety.sanitise import clean, clean_line


def markdown(data: RunReport) -> str:
    """The report as Markdown."""
    return "\n".join(_lines(data)).rstrip() + "\n"


def _lines(data: RunReport) -> Iterator[str]:
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
    title: str, units: Sequence[ReportedUnit], more: Callable[[ReportedUnit], Iterator[str]]
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


def _cost(row: SessionsSpent | ReportedUnit) -> str:
    money = f"${row['usd']:.4f} · " if row["usd"] else ""
    return f"{money}{row['tokens']:,} tokens"


def _waiting(unit: ReportedUnit) -> Iterator[str]:
    yield from ("", _line(unit["why"]))
    if unit["last_words"]:
        yield from ("", "Its last words:", "", *_fenced(clean(unit["last_words"])))


def _failed(unit: ReportedUnit) -> Iterator[str]:
    yield from ("", f"Why: {_line(unit['why'])}")
    yield from _evidence(unit)
    if unit["last_words"]:
        yield from ("", "Its last words:", "", *_fenced(clean(unit["last_words"])))


def _done(unit: ReportedUnit) -> Iterator[str]:
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


def _evidence(unit: ReportedUnit) -> Iterator[str]:
    if (proof := unit["evidence"]) is None:
        return
    ended = "did not end by itself" if proof["code"] is None else f"exit code {proof['code']}"
    words = _line(" ".join(proof["argv"]))
    yield from ("", f"The check: `{words.replace('`', chr(39))}`, {ended}, {proof['seconds']:g} s")
    if proof["output"].strip():
        yield from ("", *_fenced(clean(proof["output"])))


def _costs(costs: Costs) -> Iterator[str]:
    if not costs["tasks"]:
        return
    yield from ("", "## What it cost", "")
    yield from ("| task | sessions | dollars | tokens |", "|---|---:|---:|---:|")
    for row in costs["tasks"]:
        yield f"| {row['task']} | {row['sessions']} | {row['usd']:.4f} | {row['tokens']:,} |"
    yield from ("", "| model | sessions | dollars | tokens |", "|---|---:|---:|---:|")
    for spent in costs["models"]:
        name = _line(spent["model"]).replace("|", "\\|") or "unknown"
        yield f"| {name} | {spent['sessions']} | {spent['usd']:.4f} | {spent['tokens']:,} |"


def _line(text: str) -> str:
    return clean_line(str(text)).strip().rstrip(".")


def _fenced(text: str) -> list[str]:
    """A fence that is longer than any in the text."""
    longest = max((len(r) - len(r.lstrip("`")) for r in text.split("\n")), default=0)
    fence = "`" * max(3, longest + 1)
    return [fence, text.strip("\n"), fence]
