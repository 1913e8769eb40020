"""Plans that begin by the clock: once at a time, or again and again.

`every` is a cron expression (read by cronsim) or words: `daily 22:00`, `weekdays 22:00`,
`mon,thu 07:30`, `hourly`. Times are local.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import cast

import msgspec

from sessions.api.plans import Scheduled
from sessions.errors import AgentdeckError, NotFound, UsageError
from sessions.ids import new_id
from sessions.paths import private_folder
from sessions.plans.times import local_now
from sessions.record import events as ev
from skills import private_files

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WORDS = {"daily": "*", "everyday": "*", "weekdays": "mon-fri", "weekends": "sat,sun"}
_AT = re.compile(r"([a-z, -]+?)(?:s)?\s+(?:at\s+)?(\d{1,2}):(\d{2})")
_HINT = 'Write for example "weekdays 22:00", "mon,thu 07:30", or cron: "30 22 * * 1-5".'


@dataclass(frozen=True, slots=True)
class ScheduleEntry:
    """One plan that begins by the clock. `due`: when next, seconds since 1970."""

    id: str
    file: str
    every: str = ""
    """A cron expression; empty: once."""
    words: str = ""
    due: float = 0.0
    wishes: ev.JSON = field(default_factory=dict)
    last_run: str = ""

    def to_json(self) -> Scheduled:
        """As an interface gets it."""
        return cast("Scheduled", asdict(self))


def cron(words: str) -> str:
    """The cron expression that words mean. Raises UsageError."""
    low = " ".join(words.lower().split())
    if low == "hourly":
        return _valid("0 * * * *", words)
    match = _AT.fullmatch(low)
    if match is None:
        return _valid(low, words)
    days = _WORDS.get(match[1] + "s", _WORDS.get(match[1], ""))
    if not days:
        names = [d.strip()[:3] for d in match[1].split(",")]
        if not names or any(name not in _DAYS for name in names):
            raise UsageError(f"{words!r} names no days.", _HINT)
        days = ",".join(names)
    return _valid(f"{int(match[3])} {int(match[2])} * * {days}", words)


def _valid(expression: str, words: str) -> str:
    from cronsim import CronSim, CronSimError

    try:
        next(CronSim(expression, datetime.now()))
    except (CronSimError, StopIteration) as error:
        raise UsageError(f"{words!r} is no schedule: {error}.", _HINT) from error
    return expression


def next_due(expression: str, after: datetime) -> float:
    """The next time that an expression means."""
    from cronsim import CronSim

    return next(CronSim(expression, after.replace(tzinfo=None))).timestamp()


class Timetable:
    """What is kept of them on disk: one file, written whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.entries: dict[str, ScheduleEntry] = {}

    def load(self) -> None:
        """Read it; what can't be read is left where it is. Raises AgentdeckError."""
        try:
            found = msgspec.json.decode(self._path.read_bytes(), type=list[ScheduleEntry])
        except FileNotFoundError:
            return
        except (OSError, msgspec.MsgspecError) as error:
            raise AgentdeckError(f"{self._path} can't be read: {error}.") from error
        self.entries = {entry.id: entry for entry in found}

    def _save(self) -> None:
        private_folder(self._path.parent)
        try:
            private_files.write(self._path, msgspec.json.encode(list(self.entries.values())))
        except OSError as error:
            raise AgentdeckError(f"The schedule can't be written: {error.strerror}.") from error

    def add(self, file: str, wishes: ev.JSON, *, at: float = 0.0, every: str = "") -> ScheduleEntry:
        """Add a plan, at a moment or by words. Raises UsageError, AgentdeckError."""
        expression = cron(every) if every else ""
        due = at or next_due(expression, local_now())
        entry = ScheduleEntry(new_id(), file, expression, every, due, wishes)
        self.entries[entry.id] = entry
        self._save()
        return entry

    def remove(self, wanted: str) -> ScheduleEntry:
        """Take one out, by its id or the beginning of it. Raises NotFound."""
        found = [e for e in self.entries.values() if wanted and e.id.startswith(wanted)]
        if len(found) != 1:
            told = "Several schedules begin" if found else "No schedule begins"
            raise NotFound(f"{told} with {wanted}.", "See `agentdeck plan schedules`.")
        del self.entries[found[0].id]
        self._save()
        return found[0]

    def due(self, now: float) -> Iterator[tuple[ScheduleEntry, int]]:
        """Those that are due, each once, and how often it was missed; they are put forward."""
        for entry in sorted(self.entries.values(), key=lambda e: e.due):
            if entry.due > now:
                continue
            missed, due = 0, entry.due
            if entry.every:
                after = datetime.fromtimestamp(now)
                due = next_due(entry.every, datetime.fromtimestamp(entry.due))
                while due <= now and missed < 1000:
                    missed, due = missed + 1, next_due(entry.every, datetime.fromtimestamp(due))
                self.entries[entry.id] = replace(entry, due=max(due, next_due(entry.every, after)))
            else:
                del self.entries[entry.id]
            self._save()
            yield entry, missed

    def began(self, entry: ScheduleEntry, run: str) -> None:
        """A run of it began."""
        if (kept := self.entries.get(entry.id)) is not None:
            self.entries[entry.id] = replace(kept, last_run=run)
            self._save()

    @property
    def next(self) -> float:
        """When the next one is due; 0: there is none."""
        return min((e.due for e in self.entries.values()), default=0.0)
