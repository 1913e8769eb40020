"""`agentdeck plan`: from a spec to dozens of sessions to a report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sessions.cli.output import CONTEXT, say, say_json, table

if TYPE_CHECKING:
    from sessions.plans.model import Task
    from sessions.plans.read import Checked
    from sessions.record import events as ev

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
FILE = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))


@click.group(context_settings=CONTEXT)
def plan() -> None:
    """Plans: a file of tasks becomes sessions, and sessions a report."""


@plan.command()
@FILE
@_JSON
def check(file: Path, as_json: bool) -> None:
    """Read a plan file and say what it leads to; nothing is started.

    Exit code 2 with every fault, its line and what to do, if it is wrong.
    """
    from sessions.plans.read import PlanError

    try:
        checked = checked_plan(file)
    except PlanError as error:
        if as_json:
            findings = [finding.to_json() for finding in error.findings]
            say_json({"path": str(file), "valid": False, "findings": findings})
        raise
    if as_json:
        say_json(_told(file, checked))
        return
    _print(checked)


def checked_plan(file: Path) -> Checked:
    """The plan of a file, by this installation's configuration and skills. Raises UsageError."""
    from sessions import config
    from sessions.library import library
    from sessions.plans.read import read

    settings = config.load()
    names = [skill.name for skill in library(list(settings.skills.paths)).scan(Path.cwd())]
    return read(file, settings, skills=names)


def _told(file: Path, checked: Checked) -> ev.JSON:
    from sessions.plans.read import order

    return {
        "path": str(file),
        "valid": True,
        "title": checked.plan.title,
        "directory": str(checked.plan.directory),
        "tasks": [
            {"name": t.name, "needs": t.needs, "sessions": checked.sessions(t), "tries": t.tries}
            for t in order(checked.plan.tasks)
        ],
        "findings": [],
        "warnings": checked.warnings,
    }


def _print(checked: Checked) -> None:
    from sessions.plans.read import order

    plan = checked.plan
    tasks = order(plan.tasks)
    counts = [checked.sessions(task) for task in tasks]
    known = sum(count or 0 for count in counts)
    more = ", and as many more as answers will tell" if None in counts else ""
    say(f"{plan.title}: {len(tasks)} tasks, {known} sessions{more}")
    rows = [
        [task.name, "?" if count is None else str(count), ", ".join(task.needs), _how(task)]
        for task, count in zip(tasks, counts, strict=True)
    ]
    table(rows, ["TASK", "SESSIONS", "AFTER", "DONE WHEN"])
    for warning in checked.warnings:
        say(warning)


def _how(task: Task) -> str:
    parts = [" ".join(task.check)] if task.check else ["its session has answered"]
    if task.best_of:
        parts.append(f"the best of {task.best_of}")
    if task.critic:
        parts.append("its critic has nothing more")
    if task.tries > 1:
        parts.append(f"{task.tries} tries")
    return ", ".join(parts)
