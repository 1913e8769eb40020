"""`agentdeck plan`: from a spec to dozens of sessions to a report."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from sessions.cli.asking import answered
from sessions.cli.output import CONTEXT, say, say_json, table

if TYPE_CHECKING:
    from sessions.api.plans import RunShown
    from sessions.api.requests import RunWishes
    from sessions.engine.client import Client
    from sessions.plans.model import Task
    from sessions.plans.read import CheckedPlan
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


def checked_plan(file: Path) -> CheckedPlan:
    """The plan of a file, by this installation's configuration and skills. Raises UsageError."""
    from sessions import config
    from sessions.library import library
    from sessions.plans.read import read

    settings = config.load()
    names = library(list(settings.skills.paths)).names(Path.cwd())
    return read(file, settings, skills=names)


def _told(file: Path, checked: CheckedPlan) -> ev.JSON:
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


def _print(checked: CheckedPlan) -> None:
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


_RUN = click.argument("run", metavar="RUN")


@plan.command()
@click.argument("spec")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The plan file.")
@click.option("--profile", default="", help="Who drafts: a profile.")
@click.option("--backend", default="", metavar="NAME", help="Or a backend.")
@click.option("--model", default="", metavar="ID", help="A model.")
@_JSON
def draft(spec: str, out: Path | None, as_json: bool, **who: str) -> None:
    """Let a model make a plan from SPEC: a file, a folder of notes, or a session.

    The plan is printed, or written to --out, with the questions that SPEC leaves open.
    """
    import asyncio

    from sessions.cli import plan_draft

    asyncio.run(plan_draft.draft(spec, out, as_json, **who))


@plan.command()
@FILE
@click.option("--detach", is_flag=True, help="Print the run's id and return; the engine goes on.")
@click.option("--parallel", type=click.IntRange(min=1), help="Sessions that work at once.")
@click.option("--budget-usd", type=click.FloatRange(min=0), help="Dollars for all of it.")
@click.option("--budget-tokens", type=click.IntRange(min=0), help="Tokens for all of it.")
@click.option("--hours", type=click.FloatRange(min=0), help="Nothing starts after so many hours.")
@click.option("--until", default="", metavar="TIME", help="Nothing starts after: 07:00, or a date.")
@click.option("--at", default="", metavar="TIME", help="Begin then, and not now: 23:00, or a date.")
@click.option("--every", default="", metavar="WHEN", help="Begin at each: 'weekdays 22:00', cron.")
@_JSON
def start(file: Path, detach: bool, at: str, every: str, as_json: bool, **wishes: object) -> None:
    """Begin a run of a plan and follow it to its end.

    Exit codes: 0 all is done, 1 some failed, 3 some wait for a person. --json prints the run's
    events, one a line.
    """
    import asyncio

    from sessions.cli import plan_run

    checked_plan(file)
    if at or every:
        _schedule(plan_run.resolved(file), at, every, _wishes(wishes), as_json)
        return
    code = asyncio.run(
        plan_run.start(plan_run.resolved(file), _wishes(wishes), detach=detach, as_json=as_json)
    )
    plan_run.raise_for(code)


def _schedule(file: Path, at: str, every: str, wishes: RunWishes, as_json: bool) -> None:
    from sessions.errors import UsageError
    from sessions.plans import times

    if at and every:
        raise UsageError("A plan begins --at a time or --every so often, not both.")
    where = str(file)
    entry = answered(
        lambda c: c.call("plan.schedule", file=where, at=at, every=every, wishes=wishes)
    )
    if as_json:
        say_json(entry)
    else:
        say(f"{entry['id']}: {file.name} begins {times.told(entry['due'])}")


@plan.command()
@_JSON
def schedules(as_json: bool) -> None:
    """What begins by the clock, the next first."""
    from sessions.plans import times

    found = answered(lambda c: c.call("plan.schedules"))
    if as_json:
        say_json(found)
        return
    rows = [[e["id"], times.told(e["due"]), e["words"] or "once", e["file"]] for e in found]
    table(rows, ["SCHEDULE", "NEXT", "EVERY", "PLAN"])


@plan.command()
@click.argument("schedule")
def unschedule(schedule: str) -> None:
    """Take SCHEDULE out of the timetable; runs that began go on."""
    entry = answered(lambda c: c.call("plan.unschedule", schedule=schedule))
    say(f"{entry['id']} is taken out")


def _wishes(given: dict[str, object]) -> RunWishes:
    names = {"budget_usd": "usd", "budget_tokens": "tokens"}
    told = {names.get(k, k): v for k, v in given.items() if v is not None and v != ""}
    return cast("RunWishes", told)


@plan.command("list")
@_JSON
def list_(as_json: bool) -> None:
    """All runs, newest first."""
    from sessions.plans.show import exit_code

    found = answered(lambda c: c.call("plan.list"))
    if as_json:
        say_json(found)
        return
    rows = [
        [r["id"], r["state"], str(r["counts"].get("done", 0)), r["began"][:16], r["title"]]
        for r in found
    ]
    table(rows, ["RUN", "STATE", "DONE", "BEGAN", "TITLE"])
    if any(exit_code(r) == 3 and r["idle"] for r in found):
        say("What is held or waits: agentdeck plan show RUN")


@plan.command()
@_RUN
@_JSON
def show(run: str, as_json: bool) -> None:
    """One run: its tasks, what became of each, what it cost. RUN is an id, or `last`."""
    told = answered(lambda c: c.call("plan.show", run=run))
    if as_json:
        say_json(told)
        return
    say(f"{told['id']}  {told['title']}: {told['state']}")
    if told["held"]:
        say(f"held: {told['held']}")
    rows = [
        [u["unit"], u["state"], str(u["tries"]), u["session"], u["why"] or u["item"] or ""]
        for u in told["units"]
    ]
    table(rows, ["TASK", "STATE", "TRIES", "SESSION", ""])
    for task in told["tasks"]:
        if task["why"]:
            say(f"{task['name']}: {task['why']}")


plan.add_command(
    click.Command("status", params=list(show.params), callback=show.callback, help=show.help)
)


@plan.command()
@click.argument("name", default="")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="A new file.")
def example(name: str, out: Path | None) -> None:
    """A plan that comes with agentdeck, to be changed; without NAME, which there are."""
    from sessions.errors import AgentdeckError
    from sessions.plans import examples

    if not name:
        table([[each, examples.about(each)] for each in examples.names()], ["NAME", "IS"])
        return
    text = examples.text(name)
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise AgentdeckError(f"{out} can't be written: {error.strerror}.") from error


@plan.command()
@_RUN
@click.option("--format", "fmt", default="md", type=click.Choice(["md", "html", "json"]))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="A file.")
def report(run: str, fmt: str, out: Path | None) -> None:
    """What came of a run: what is done and who says so, what is not, what it cost."""
    from sessions.errors import AgentdeckError
    from sessions.paths import places
    from sessions.plans import report as reports
    from sessions.plans import service, store

    folder = store.folder_of(places().state / "plans", run)
    found = service.load(folder)
    text = reports.write(found, fmt, service.held_at(found))
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        out.write_text(text, "utf-8")
    except OSError as error:
        raise AgentdeckError(f"{out} can't be written: {error.strerror}.") from error


@plan.command()
@_RUN
def pause(run: str) -> None:
    """Start nothing more; what works goes on to its end."""
    _steered(lambda c: c.call("plan.pause", run=run))


@plan.command()
@_RUN
@click.option("--parallel", type=click.IntRange(min=1), help="Sessions that work at once.")
@click.option("--budget-usd", type=click.FloatRange(min=0), help="Dollars for all of it.")
@click.option("--budget-tokens", type=click.IntRange(min=0), help="Tokens for all of it.")
@click.option("--hours", type=click.FloatRange(min=0), help="Hours from the run's beginning.")
@click.option("--until", metavar="TIME", help="Nothing starts after that.")
def resume(run: str, **wishes: object) -> None:
    """Go on after a pause, a stop, or with a raised budget."""
    changes = _wishes(wishes)
    if changes:
        answered(lambda c: c.call("plan.set", run=run, **changes))
    _steered(lambda c: c.call("plan.resume", run=run))


@plan.command()
@_RUN
@FILE
def add(run: str, file: Path) -> None:
    """Add the [[task]] tables of FILE to RUN while it goes on."""
    from sessions.errors import UsageError

    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} can't be read: {error}.") from error
    say(", ".join(answered(lambda c: c.call("plan.add", run=run, text=text))))


@plan.command()
@_RUN
def stop(run: str) -> None:
    """End what works, and the run; `resume` takes it up again."""
    _steered(lambda c: c.call("plan.stop", run=run))


@plan.command()
@_RUN
@click.argument("task")
def skip(run: str, task: str) -> None:
    """Take TASK (or one of its many, as port[3]) out of the run."""
    say(", ".join(answered(lambda c: c.call("plan.skip", run=run, task=task))))


@plan.command()
@_RUN
@click.argument("task")
def retry(run: str, task: str) -> None:
    """Try TASK (or one of its many) once more, with all its tries."""
    say(", ".join(answered(lambda c: c.call("plan.retry", run=run, task=task))))


def _steered(ask: Callable[[Client], Awaitable[RunShown]]) -> None:
    told = answered(ask)
    say(f"{told['id']}: {told['state']}")
