"""Commands of plans: their runs, begun, shown and steered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sessions.api.plans import (
    PlanDrafted,
    PlanFound,
    PlanReport,
    RunLine,
    RunShown,
    Scheduled,
)
from sessions.api.requests import RunWishes
from sessions.engine.commands import command
from sessions.engine.whole_deck import WholeDeck as Deck
from sessions.errors import UsageError
from sessions.plans import record, times

if TYPE_CHECKING:
    from sessions.plans.runner import Runner


def _told(runner: Runner) -> RunShown:
    from sessions.plans import show

    return show.whole(runner.run, runner.held, runner.idle)


@command("plan.start")
async def start(
    deck: Deck,
    file: str,
    parallel: int | None = None,
    usd: float | None = None,
    tokens: int | None = None,
    hours: float | None = None,
    until: str = "",
) -> RunShown:
    """Begin a run of a plan file."""
    runner = await deck.plans.begin(
        Path(file), parallel=parallel, usd=usd, tokens=tokens, hours=hours, until=until
    )
    return _told(runner)


@command("plan.schedule")
async def schedule(
    deck: Deck, file: str, at: str = "", every: str = "", wishes: RunWishes | None = None
) -> Scheduled:
    """Begin a plan at a time, or again and again."""
    return (await deck.plans.schedule(Path(file), {**(wishes or {})}, at, every)).to_json()


@command("plan.schedules")
async def schedules(deck: Deck) -> list[Scheduled]:
    """What begins by the clock, the next first."""
    entries = deck.plans.timetable.entries.values()
    return [entry.to_json() for entry in sorted(entries, key=lambda e: e.due)]


@command("plan.unschedule")
async def unschedule(deck: Deck, schedule: str) -> Scheduled:
    """Take one out of the timetable."""
    return deck.plans.unschedule(schedule).to_json()


@command("plan.draft")
async def draft(deck: Deck, session: str) -> PlanDrafted:
    """A plan of what was said in a session, as a new file in its directory."""
    return await deck.plans.draft(await deck.get(session))


@command("plan.files")
async def files(deck: Deck, directory: str) -> list[PlanFound]:
    """The plan files of a directory, the newest first: what each leads to, or its fault."""
    return await deck.plans.files(Path(directory))


@command("plan.new")
async def new(deck: Deck, directory: str) -> PlanFound:
    """A new plan file in a directory, to be changed."""
    return await deck.plans.new(Path(directory))


@command("plan.report")
async def report(deck: Deck, run: str) -> PlanReport:
    """What came of a run so far."""
    return await deck.plans.report(run)


@command("plan.list")
async def listing(deck: Deck) -> list[RunLine]:
    """All runs, newest first."""
    return await deck.plans.all()


@command("plan.going")
async def going(deck: Deck) -> list[RunLine]:
    """The runs that are not over."""
    return deck.plans.going() if deck.features.has_plans else []


@command("plan.add")
async def add(deck: Deck, run: str, text: str) -> list[str]:
    """Add tasks (as TOML) to a run while it goes on."""
    return await (await deck.plans.get(run)).add(text)


@command("plan.show")
async def shown(deck: Deck, run: str) -> RunShown:
    """One run with its tasks."""
    return _told(await deck.plans.get(run))


@command("plan.pause")
async def pause(deck: Deck, run: str) -> RunShown:
    """Start nothing more; what works goes on to its end."""
    runner = await deck.plans.get(run)
    if runner.run.over:
        raise UsageError(f"The run is over ({runner.run.over}): there is nothing to pause.")
    runner.append(record.Paused(why="paused by a person"))
    return _told(runner)


@command("plan.resume")
async def resume(deck: Deck, run: str) -> RunShown:
    """Go on: after a pause, a stop, or what held it back."""
    runner = await deck.plans.get(run)
    if runner.run.over == "done":
        raise UsageError("The run is over: all of it is done.")
    runner.append(record.Resumed())
    runner.start()
    return _told(runner)


@command("plan.stop")
async def stop(deck: Deck, run: str) -> RunShown:
    """End what works, and the run."""
    runner = await deck.plans.get(run)
    if runner.run.over:
        raise UsageError(f"The run is over ({runner.run.over}).")
    await runner.stop()
    return _told(runner)


@command("plan.skip")
async def skip(deck: Deck, run: str, task: str) -> list[str]:
    """Take a task, or one of its many, out of the run."""
    return await (await deck.plans.get(run)).skip(task)


@command("plan.retry")
async def retry(deck: Deck, run: str, task: str) -> list[str]:
    """Try once more what failed."""
    return await (await deck.plans.get(run)).retry(task)


@command("plan.set")
async def change(
    deck: Deck,
    run: str,
    parallel: int | None = None,
    usd: float | None = None,
    tokens: int | None = None,
    hours: float | None = None,
    until: str | None = None,
) -> RunShown:
    """Change the limits of a run while it goes on."""
    runner = await deck.plans.get(run)
    if parallel is not None and parallel < 1:
        raise UsageError("parallel must be at least 1.")
    moment = None
    if until is not None:
        moment = times.moment(until, times.local_now()).timestamp() if until else 0.0
    runner.append(record.Set(parallel=parallel, usd=usd, tokens=tokens, hours=hours, until=moment))
    runner.start()
    return _told(runner)
