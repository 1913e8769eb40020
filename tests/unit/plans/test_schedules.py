"""Plans begin by the clock, and a start that was missed is caught up once."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

import pytest

from sessions.errors import NotFound, UsageError
from sessions.plans import report
from sessions.plans.schedules import Timetable, cron, next_due
from tests.support.rig import until
from tests.unit.plans.test_runs import LONG, Rig, rig

__all__ = ["rig"]


@pytest.mark.parametrize(
    ("words", "expression"),
    [
        ("weekdays 22:00", "0 22 * * mon-fri"),
        ("daily at 7:05", "5 7 * * *"),
        ("Mon, Thu 07:30", "30 7 * * mon,thu"),
        ("mondays 07:30", "30 7 * * mon"),
        ("hourly", "0 * * * *"),
        ("30 22 * * 1-5", "30 22 * * 1-5"),
    ],
)
def test_words_and_cron(words: str, expression: str) -> None:
    assert cron(words) == expression


@pytest.mark.parametrize("words", ["sometimes", "moondays 07:00", "61 * * * *", "daily 25:00", ""])
def test_what_is_no_schedule_says_what_to_write(words: str) -> None:
    with pytest.raises(UsageError, match="for example"):
        cron(words)


def test_the_next_time_is_after(tmp_path: Path) -> None:
    friday = datetime(2026, 11, 27, 22, 30)
    assert datetime.fromtimestamp(next_due("0 22 * * mon-fri", friday)) == datetime(
        2026, 11, 30, 22, 0
    )


def test_what_was_missed_is_due_once_and_survives(tmp_path: Path) -> None:
    table = Timetable(tmp_path / "p" / "schedule.json")
    entry = table.add("/x.toml", {}, every="hourly")
    table.add("/y.toml", {"usd": 1.0}, at=entry.due + 1e9)
    again = Timetable(tmp_path / "p" / "schedule.json")
    again.load()
    assert again.entries == table.entries
    found = list(again.due(entry.due + 3 * 3600 + 5))
    assert [(e.id, missed) for e, missed in found] == [(entry.id, 3)]
    assert not list(again.due(entry.due + 3 * 3600 + 5))
    again.remove(entry.id)
    with pytest.raises(NotFound):
        again.remove(entry.id)
    assert (tmp_path / "p" / "schedule.json").stat().st_mode & 0o777 == 0o600


async def test_a_plan_begins_when_it_is_due(rig: Rig) -> None:
    file = rig.root / "work" / "plan.toml"
    file.write_text('[[task]]\nname = "t"\nprompt = "x"\n')
    await rig.deck.plans.schedule(file, {}, "2100-01-01T00:00", "")
    assert rig.deck.plans.busy
    entry = next(iter(rig.deck.plans.timetable.entries.values()))
    rig.deck.plans.unschedule(entry.id)
    assert not rig.deck.plans.busy
    rig.deck.plans.timetable.add(str(file), {}, at=time.time() - 120)
    await rig.again()
    await until(lambda: any(r.run.over for r in rig.deck.plans.runners.values()), LONG)
    assert not rig.deck.plans.timetable.entries
    (run,) = [r.run for r in rig.deck.plans.runners.values()]
    assert "it is caught up once, now" in report.write(run, "md")
