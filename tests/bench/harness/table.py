"""Figures as a table: for a terminal, and for the documentation."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from tests.bench.harness.figure import Figure, number

HEAD = ("figure", "median", "spread", "anchor", "", "target", "verdict")
_PART = "\n### "
BEGIN, END = "<!-- figures -->", "<!-- /figures -->"


def machine() -> dict[str, str]:
    """On what the figures were taken."""
    cpu = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next(line.partition(":")[2].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        pass
    return {
        "cpu": cpu,
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        "textual": version("textual"),
        "tmux": _said(["tmux", "-V"]).removeprefix("tmux "),
        "commit": _said(["git", "rev-parse", "--short", "HEAD"]),
        "load": " ".join(f"{load:.1f}" for load in os.getloadavg()),
    }


def _said(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "–"


def cells(figure: Figure) -> tuple[str, ...]:
    """One row, as HEAD says."""
    if figure.failed:
        return (figure.name, "–", "", figure.anchor, "", "", f"failed: {figure.failed}")
    spread = f"{number(min(figure.runs))}–{number(max(figure.runs))}" if figure.runs[1:] else ""
    anchored, times = "", ""
    if figure.anchor_runs:
        anchored = f"{figure.anchor}: {number(figure.anchored)}"
        if figure.anchored > 0:
            times = f"{number(figure.median / figure.anchored)} ×"
    target = figure.target.say(figure.unit) if figure.target else ""
    value = f"{number(figure.median)} {figure.unit}"
    return (figure.name, value, spread, anchored, times, target, figure.verdict)


def plain(title: str, figures: Sequence[Figure]) -> str:
    """For a terminal."""
    rows = [HEAD, *map(cells, figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([f"\n{title}", *lines])


def markdown(parts: dict[str, list[Figure]], on: dict[str, str], at: str) -> str:
    """For the documentation: one table per part."""
    told = ", ".join(f"{name} {value}" for name, value in on.items())
    lines = [f"Taken {at[:10]} on: {told}."]
    for title, figures in parts.items():
        lines += ["", f"### {title}", "", "| " + " | ".join(c or " " for c in HEAD) + " |"]
        lines.append("|---|---:|---|---|---:|---|---|")
        lines += ["| " + " | ".join(_cell(c) for c in cells(f)) + " |" for f in figures]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def into(path: Path, table: str) -> None:
    """Put the table between the marks of a document; of some parts, in the place of theirs."""
    text = path.read_text("utf-8")
    before, mark, rest = text.partition(BEGIN)
    old, end, after = rest.partition(END)
    if not mark or not end:
        sys.exit(f"{path} has no {BEGIN} … {END} to put the table between.")
    path.write_text(f"{before}{BEGIN}\n{merged(old.strip(), table)}\n{END}{after}", "utf-8")


def merged(old: str, new: str) -> str:
    """The newer table, with those parts of the older one that it has not.

    A part that was taken later than the rest says so itself.
    """
    (old_head, *olds), (head, *news) = (t.split(_PART) for t in (old, new))
    fresh = {part.partition("\n")[0]: part for part in news}
    titles = [part.partition("\n")[0] for part in olds]
    if set(titles) <= set(fresh):
        return new
    dated = {t: part.replace("\n", f"\n\n{head.strip()}\n", 1) for t, part in fresh.items()}
    parts = [dated.pop(t, part) for t, part in zip(titles, olds, strict=True)]
    parts = [part.strip() for part in (*parts, *dated.values())]
    return _PART.join([f"{old_head.strip()}\n", *(f"{part}\n" for part in parts)]).strip()
