"""A run's report as one page of HTML that needs nothing else and runs nothing."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from sessions.api.plans import RunSpent
from sessions.plans.report_shape import Costs, ReportedUnit, RunReport, SessionsSpent, Worked
from sessions.plans.state import seconds
from sessions.safety.sanitise import clean

_ROW, _LEFT, _WIDE = 16, 190, 700
_MOST_ROWS = 300
_STYLE = """\
body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;
color:#222;background:#fff}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f4f4f4;padding:.6rem;border-radius:4px}
section{margin:1.2rem 0;padding-left:.8rem;border-left:3px solid #ccc}
section.done{border-color:#2a6}section.failed{border-color:#c33}section.person{border-color:#a72}
h3{margin:.2rem 0;font-size:1rem}table{border-collapse:collapse}
td,th{padding:.15rem .8rem;text-align:right;border-bottom:1px solid #ddd}
td:first-child,th:first-child{text-align:left}
svg{width:100%;height:auto;font:11px system-ui,sans-serif}svg text{fill:currentColor}
.done rect,rect.done{fill:#2a6}.failed rect{fill:#c33}.waiting rect,.unknown rect{fill:#a72}
.running rect,.pending rect,.skipped rect{fill:#789}rect.cost{fill:#47a}
small{color:#777}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}pre{background:#222}
td,th{border-color:#333}}"""


def page(data: RunReport) -> str:
    """The report as HTML."""
    title = _text(data["title"])
    parts = [
        "<!doctype html><html lang=en><head><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width'>"
        "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; "
        "style-src 'unsafe-inline'\">"
        f"<title>{title}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{title}</h1><p><strong>{_text(data['state'])}</strong>: {_text(data['words'])}.</p>",
        f"<p>Of what is done: {data['by_whose_word']}.</p>" if data["by_whose_word"] else "",
        f"<p><small>{_text(data['began'])} to {_text(data['updated'])} · {_money(data['spent'])}"
        "</small></p>",
    ]
    if data["note"]:
        parts.append(f"<p>{_text(data['note'])}</p>")
    if data["held"]:
        parts.append(f"<p>It does not go on by itself: {_text(data['held'])}</p>")
    if data["goal"]:
        parts.append(f"<h2>What was asked</h2>{_block(data['goal'])}")
    parts.append(timeline(data["timeline"], data["began"], data["updated"]))
    for head, kind, units in (
        ("What waits for you", "person", data["person"]),
        ("What failed", "failed", data["failed"]),
        ("What is done", "done", data["done"]),
        ("What is open", "open", data["open"]),
        ("What was skipped", "skipped", data["skipped"]),
    ):
        if units:
            parts.append(f"<h2>{head}</h2>")
            parts += [_unit(unit, kind) for unit in units]
    if data["not_begun"]:
        rows = "".join(f"<li>{_text(n['task'])}: {_text(n['why'])}" for n in data["not_begun"])
        parts.append(f"<h2>What was not begun</h2><ul>{rows}</ul>")
    parts += _costs(data["costs"])
    if data["harvest"]:
        rows = "".join(
            f"<li>{_text(w['unit'])}: {_text(w['why'])} <code>{_text(w['session'])}</code>"
            for w in data["harvest"]
        )
        parts.append(f"<h2>What is worth harvesting</h2><ul>{rows}</ul>")
    if data["next"]:
        joined = "\n".join(data["next"])
        parts.append(f"<h2>What to run next</h2>{_block(joined)}")
    return "\n".join([*parts, "</body></html>"]) + "\n"


def timeline(rows: list[Worked], began: str, ended: str) -> str:
    """Who worked when, as a picture."""
    if not rows:
        return ""
    start = seconds(began)
    length = max(1.0, seconds(ended) - start)
    shown = rows[:_MOST_ROWS]
    height = _ROW * len(shown) + 24
    parts = [
        f'<h2>Who worked when</h2><svg viewBox="0 0 {_LEFT + _WIDE + 10} {height}" role=img '
        'aria-label="timeline">'
    ]
    for number, row in enumerate(shown):
        y = number * _ROW
        name = _text(row["unit"][:28])
        bars = "".join(_bar(span, start, length, y, row) for span in row["spans"])
        parts.append(f'<g class="{row["state"]}"><text x=0 y={y + 12}>{name}</text>{bars}</g>')
    base = len(shown) * _ROW + 14
    parts.append(f"<text x={_LEFT} y={base}>{_text(began[11:16])}</text>")
    end_x = _LEFT + _WIDE
    parts.append(f"<text x={end_x} y={base} text-anchor=end>{_text(ended[11:16])} UTC</text></svg>")
    if len(rows) > len(shown):
        parts.append(f"<p><small>{len(rows) - len(shown)} more are not drawn.</small></p>")
    return "".join(parts)


def _bar(span: tuple[str, str], start: float, length: float, y: int, row: Worked) -> str:
    first, last = (seconds(at) - start for at in span)
    x = _LEFT + _WIDE * max(0.0, first) / length
    width = max(1.5, _WIDE * (last - first) / length)
    told = _text(f"{row['unit']}: {last - first:.0f} s, {row['state']}")
    return (
        f'<rect x="{x:.1f}" y="{y + 3}" width="{width:.1f}" height="{_ROW - 5}" rx="2">'
        f"<title>{told}</title></rect>"
    )


def _unit(unit: ReportedUnit, key: str) -> str:
    item = f" · {_text(str(unit['item'])[:200])}" if unit["item"] else ""
    parts = [f"<section class={key}><h3>{_text(unit['unit'])}{item}</h3>"]
    if unit["session"]:
        parts.append(
            f"<small><code>{_text(unit['session'])}</code> · tries {unit['tries']} · "
            f"{_money(unit)}</small>"
        )
    if key == "done" and unit["by"] == "answer":
        parts.append("<p>It has answered; no check says whether it is right.</p>")
    if unit["why"]:
        parts.append(f"<p>{_text(unit['why'])}</p>")
    parts += _proof(unit)
    rows = "".join(f"<li>drawn for it: {_text(line)}" for line in unit["receipts"])
    parts.append(f"<ul>{rows}</ul>" if rows else "")
    parts += [
        f"<details><summary>A critic sent it back</summary>{_block(note['text'])}</details>"
        for note in unit["notes"]
        if note["kind"] == "critic"
    ]
    words = unit["answer"] if key == "done" else unit["last_words"]
    if words:
        head = "Answer" if key == "done" else "Its last words"
        parts.append(f"<details><summary>{head}</summary>{_block(words)}</details>")
    return "".join([*parts, "</section>"])


def _proof(unit: ReportedUnit) -> Iterator[str]:
    if (proof := unit["evidence"]) is not None:
        ended = "did not end" if proof["code"] is None else f"exit code {proof['code']}"
        words = _text(" ".join(proof["argv"]))
        yield f"<p>The check: <code>{words}</code>, {ended}, {proof['seconds']:g} s</p>"
        if proof["output"].strip():
            yield f"<details><summary>Its output</summary>{_block(proof['output'])}</details>"
    if unit["diffstat"]:
        rows = "".join(
            f"<tr><td>{_text(d['path'])}<td>+{d['added']}<td>−{d['removed']}"
            for d in unit["diffstat"]
        )
        yield f"<table>{rows}</table>"
    if unit["branch"]:
        yield f"<p>branch <code>{_text(unit['branch'])}</code> {_text(unit['commit'])}</p>"


def _costs(costs: Costs) -> Iterator[str]:
    tasks = costs["tasks"]
    if not tasks:
        return
    yield "<h2>What it cost</h2>"
    most = max(row["tokens"] for row in tasks) or 1
    height = _ROW * len(tasks) + 6
    bars = "".join(
        f"<text x=0 y={n * _ROW + 12}>{_text(row['task'][:28])}</text>"
        f"<rect class=cost x={_LEFT} y={n * _ROW + 3} height={_ROW - 5} rx=2 "
        f'width="{max(1.0, 0.7 * _WIDE * row["tokens"] / most):.1f}"></rect>'
        f'<text x="{_LEFT + 8 + 0.7 * _WIDE * row["tokens"] / most:.1f}" y={n * _ROW + 12}>'
        f"{_money(row)}</text>"
        for n, row in enumerate(tasks)
    )
    size = f"0 0 {_LEFT + _WIDE + 10} {height}"
    yield f'<svg viewBox="{size}" role=img aria-label="costs">{bars}</svg>'
    by_task = [(row["task"], row["sessions"], row["usd"], row["tokens"]) for row in tasks]
    by_model = [(r["model"], r["sessions"], r["usd"], r["tokens"]) for r in costs["models"]]
    for head, spent in (("task", by_task), ("model", by_model)):
        rows = "".join(
            f"<tr><td>{_text(name or 'unknown')}<td>{sessions}<td>{usd:.4f}<td>{tokens:,}"
            for name, sessions, usd, tokens in spent
        )
        yield f"<table><tr><th>{head}<th>sessions<th>dollars<th>tokens{rows}</table><p></p>"


def _money(row: SessionsSpent | RunSpent | ReportedUnit) -> str:
    money = f"${row['usd']:.4f}, " if row["usd"] else ""
    return f"{money}{row['tokens']:,} tokens"


def _block(text: str) -> str:
    return f"<pre>{_text(text)}</pre>"


def _text(text: str) -> str:
    return escape(clean(str(text)))
