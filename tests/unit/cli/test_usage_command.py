"""`agentdeck usage`: sums over the records."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import pytest

from sessions.archive.usage_totals import SpentSoFar
from sessions.cli.usage import usage
from sessions.record import codec
from sessions.record import events as ev
from tests.support.invoked import invoke

NOON = "2026-11-2{}T12:00:00.000Z"


def journal(home: Path, name: str, *events: ev.Event) -> Path:
    folder = home / "data" / "sessions" / name
    folder.mkdir(parents=True)
    path = folder / "journal.jsonl"
    path.write_bytes(
        b"".join(
            codec.line(ev.replace(event, seq=n, at=event.at or NOON.format(1)))
            for n, event in enumerate(events, 1)
        )
    )
    return path


def turn(number: int, day: int, cost: float | None, **tokens: int) -> ev.Event:
    return ev.TurnEnded(
        turn=number, reason="end_turn", usage=tokens, cost_usd=cost, at=NOON.format(day)
    )


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AGENTDECK_HOME", str(tmp_path))
    journal(
        tmp_path, "a",
        ev.SessionCreated(id="a", backend="claude", model="opus", profile="work"),
        ev.TurnStarted(turn=1, model="opus"),
        ev.PermissionAsked(turn=1, call="c", ask="q", at="2026-11-21T12:00:00.000Z"),
        ev.PermissionAnswered(turn=1, call="c", ask="q", at="2026-11-21T12:01:30.000Z"),
        turn(1, 1, 0.5, input=100, output=20, cache_read=300),
        ev.SessionSet(model="haiku"),
        ev.TurnStarted(turn=2, model="haiku"),
        turn(2, 2, 0.25, input=10, output=2),
    )  # fmt: skip
    journal(
        tmp_path, "b",
        ev.SessionCreated(id="b", backend="local", model="smol"),
        turn(1, 2, None, input=7, output=3),
    )  # fmt: skip
    return tmp_path


def told(*words: str) -> str:
    done = invoke(usage, list(words))
    assert done.exit_code == 0, done.output
    return done.output


def test_sums_are_by_day_model_backend_profile_and_session(home: Path) -> None:
    found = json.loads(told("--json"))
    assert [(r["backend"], r["turns"], r["input"], r["cost_usd"]) for r in found["backend"]] == [
        ("claude", 2, 110, 0.75), ("local", 1, 7, None)
    ]  # fmt: skip
    assert [(r["model"], r["output"]) for r in found["model"]] == [
        ("opus", 20), ("haiku", 2), ("smol", 3)
    ]  # fmt: skip
    assert [r["turns"] for r in found["session"]] == [2, 1]
    days = {datetime.fromisoformat(NOON.format(n)).astimezone().date().isoformat() for n in (1, 2)}
    assert {r["day"] for r in found["day"]} == days
    assert found["total"]["turns"] == 3 and found["total"]["unpriced"] == 1
    first = found["model"][0]
    assert (first["waited_s"], first["cache_share"]) == (90.0, 0.75)


def test_days_can_be_chosen_and_names_combined(home: Path) -> None:
    rows = json.loads(told("--json", "--by", "backend", "--by", "model", "--since", "2026-11-22"))
    assert {(r["backend"], r["model"]) for r in rows} == {("claude", "haiku"), ("local", "smol")}
    assert "No turn has ended in these days" in told("--since", "2026-12-01")
    assert invoke(usage, ["--since", "2026-12-01", "--until", "2026-11-01"]).exit_code == 2


def test_a_person_reads_tables(home: Path) -> None:
    text = told()
    assert "unknown" in text and "$0.75 +" in text and "1 min 30 s" in text


def test_a_broken_line_costs_itself_alone(home: Path) -> None:
    path = home / "data" / "sessions" / "b" / "journal.jsonl"
    path.write_bytes(b'{"type":"turn.ended","turn":"many"}\n\xff"turn.ended"\n' + path.read_bytes())
    assert json.loads(told("--json"))["total"]["turns"] == 3


def test_a_ledger_reads_again_what_has_grown_and_forgets_what_is_gone(home: Path) -> None:
    sessions = home / "data" / "sessions"
    spent = SpentSoFar(sessions)
    asked = ("session",)
    assert [(r.of["session"], r.turns) for r in spent.sums(asked)] == [("a", 2), ("b", 1)]
    with open(sessions / "b" / "journal.jsonl", "ab") as file:
        file.write(codec.line(ev.replace(turn(2, 3, 1.0, output=5), seq=3)))
    (sessions / "a" / "journal.jsonl").unlink()
    (row,) = spent.sums(asked, since=date(2026, 11, 22))
    assert (row.of["session"], row.turns, row.cost_usd) == ("b", 2, 1.0)
    assert spent.sums(asked, until=date(2026, 11, 1)) == []


def test_sessions_are_told_by_their_titles_too(home: Path) -> None:
    path = home / "data" / "sessions" / "a" / "journal.jsonl"
    with open(path, "ab") as file:
        file.write(codec.line(ev.SessionSet(title="count the bees", seq=99, at=NOON.format(2))))
    first, second = json.loads(told("--json", "--by", "session"))
    assert (first["session"], first["title"]) == ("a", "count the bees")
    assert second["session"] == "b"
    assert told("--by", "session").splitlines()[1].endswith("count the bees")
