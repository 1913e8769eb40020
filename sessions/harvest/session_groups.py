"""Sessions that belong together for a harvest: those of a day, and those of a plan's run."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from sessions.api.harvest import HarvestSpan
from sessions.errors import AgentdeckError, UsageError
from sessions.paths import Places
from sessions.record.summary import Summary

_MOST_DAYS = 60
_MOST_RUNS = 60
_Lasted = tuple[str, date, date]


def spans(summaries: Iterable[Summary], places: Places) -> list[HarvestSpan]:
    """The days on which something was done, newest first, then the runs of plans."""
    summaries = list(summaries)
    lasted = _lasted(summaries)
    days = {day for _, first, last in lasted for day in (first, last)}
    told: list[HarvestSpan] = [
        {"kind": "day", "name": str(day), "sessions": _on_day(lasted, day)}
        for day in sorted(days - {date.min}, reverse=True)[:_MOST_DAYS]
    ]
    newest = sorted((s.updated or s.created, s.run) for s in summaries if s.run)
    for run in list(dict.fromkeys(run for _, run in reversed(newest)))[:_MOST_RUNS]:
        try:
            done = of_run(places, run)
        except AgentdeckError:
            continue  # nothing in it is done, or it is gone
        told.append({"kind": "run", "name": run, "sessions": done})
    return told


def of_day(summaries: Iterable[Summary], day: str) -> list[str]:
    """The sessions of a day: `today`, `yesterday` or a date. Raises UsageError, AgentdeckError."""
    now = datetime.now().astimezone().date()
    words = {"today": now, "yesterday": now - timedelta(days=1)}
    try:
        wanted = words.get(day.casefold()) or date.fromisoformat(day)
    except ValueError as error:
        raise UsageError(
            f"{day!r} is no day.", "Say today, yesterday or a date like 2026-11-28."
        ) from error
    if found := _on_day(_lasted(summaries), wanted):
        return found
    raise AgentdeckError(f"No session worked on {wanted}.", "See `agentdeck sessions list`.")


def _lasted(summaries: Iterable[Summary]) -> list[_Lasted]:
    """Each session's first and last day, by the clock of this machine."""
    return [(s.id, _on(s.created), _on(s.updated or s.created)) for s in summaries]


def _on_day(lasted: Iterable[_Lasted], day: date) -> list[str]:
    """The sessions in which something was done on a day."""
    return [session for session, first, last in lasted if first <= day <= last]


def of_run(places: Places, run: str) -> list[str]:
    """The sessions of a run that did what they were to do. Raises AgentdeckError."""
    from sessions.plans import service, store

    found = service.load(store.folder_of(places.state / "plans", run))
    done = [unit.session for unit in found.units.values() if unit.state == "done" and unit.session]
    if not done:
        raise AgentdeckError("No task of that run is done.", "See `agentdeck plan show`.")
    return list(dict.fromkeys(done))


def _on(at: str) -> date:
    try:
        return datetime.fromisoformat(at).astimezone().date()
    except ValueError:
        return date.min
