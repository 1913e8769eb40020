"""Sessions of a day and of a run, for a harvest over them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from sessions.errors import AgentdeckError, UsageError
from sessions.harvest import session_groups as module
from sessions.harvest.session_groups import of_day, spans
from sessions.plans import service, store
from sessions.record.summary import Summary
from tests.support.rig import rig_places

NOW = datetime.now().astimezone().replace(hour=12)


def session(name: str, first: int, last: int = 0, run: str = "") -> Summary:
    """One that was worked on from so many days ago to so many."""
    began, ended = (NOW - timedelta(days=days) for days in (first, last))
    return Summary(id=name, created=began.isoformat(), updated=ended.isoformat(), run=run)


def test_a_session_is_of_every_day_on_which_it_was_worked_on() -> None:
    known = [session("a", 2, 0), session("b", 0), session("c", 5, 4)]
    assert of_day(known, "today") == ["a", "b"]
    assert of_day(known, "Yesterday") == ["a"]
    assert of_day(known, str((NOW - timedelta(days=4)).date())) == ["c"]
    with pytest.raises(UsageError, match="is no day"):
        of_day(known, "someday")
    with pytest.raises(AgentdeckError, match="No session worked on"):
        of_day(known, "1999-01-01")


def test_days_come_newest_first_then_runs_by_what_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    units = {n: SimpleNamespace(state=s, session=n) for n, s in (("a", "done"), ("b", "failed"))}
    kept = {"r2": SimpleNamespace(units=units), "r1": SimpleNamespace(units={})}
    monkeypatch.setattr(store, "folder_of", lambda folder, run: Path(run))
    monkeypatch.setattr(service, "load", lambda folder: kept[folder.name])
    known = [session("a", 1, 0, "r2"), session("b", 3, 3, "r2"), session("c", 3, 3, "r1")]
    told = spans([*known, Summary(id="odd", created="never")], rig_places(tmp_path))
    assert [(each["kind"], each["sessions"]) for each in told] == [
        ("day", ["a"]), ("day", ["a"]), ("day", ["b", "c"]), ("run", ["a"]),
    ]  # fmt: skip
    assert told[0]["name"] == str(NOW.date()) and told[-1]["name"] == "r2"


def test_a_sessions_days_are_read_once_however_many_days_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def on(at: str) -> date:
        read.append(at)
        return datetime.fromisoformat(at).date()

    monkeypatch.setattr(module, "_on", on)
    spans([session(str(days), days) for days in range(30)], rig_places(tmp_path))
    assert len(read) == 60
