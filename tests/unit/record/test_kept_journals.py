"""Journals that were written once and are kept for ever: every version reads them.

Each folder of `tests/fixtures/journals` is named by the format and by what wrote it, the commit
or the day, and is never edited: a new type of event comes with a further journal, of a session that
is called Sums and that its user spoke to first.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from sessions.record import codec
from sessions.record import events as ev
from sessions.record.context import Context
from sessions.record.journal import NAME, Faults, Journal, read
from sessions.record.summary import Reducer
from sessions.record.transcript import Transcript

KEPT = Path(__file__).parents[2] / "fixtures" / "journals"
OLD, TODAY = "v1-48c372c", "v1-2026-11-29"
NAMES = sorted(p.name for p in KEPT.iterdir())
each = pytest.mark.parametrize("name", NAMES)


def told(name: str) -> list[ev.JSON]:
    return [json.loads(line) for line in (KEPT / name / NAME).read_bytes().splitlines()]


def test_the_journals_of_all_versions_are_there() -> None:
    assert {"v1", OLD, TODAY, f"{TODAY}-mirror"} <= set(NAMES)


@each
def test_a_kept_journal_opens_and_stays_as_it_is(name: str, tmp_path: Path) -> None:
    before = (KEPT / name / NAME).read_bytes()
    folder = tmp_path / name
    shutil.copytree(KEPT / name, folder)
    journal, events = Journal.open(folder)
    journal.close()
    assert journal.read_only is None
    assert [e.seq for e in events] == list(range(1, len(before.splitlines()) + 1))
    assert (folder / NAME).read_bytes() == before


@each
def test_a_kept_journal_goes_on(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    shutil.copytree(KEPT / name, folder)
    before = (folder / NAME).read_bytes()
    journal, events = Journal.open(folder)
    stamped, line = journal.append(ev.Text(turn=9, text="It goes on."))
    journal.close()
    assert stamped.seq == len(events) + 1
    assert (folder / NAME).read_bytes() == before + line


@each
def test_every_line_is_rewritten_as_it_was(name: str) -> None:
    """Beside the fields that have come since; read again, it is the same event."""
    faults = Faults()
    events = list(read(KEPT / name / NAME, faults))
    assert faults.found == [] and faults.gaps == 0 and not faults.torn
    for event, was in zip(events, told(name), strict=True):
        line = codec.line(event)
        now = json.loads(line)
        assert {k: v for k, v in now.items() if k in was} == was
        again = codec.decode(line)
        assert again == event and again.extra == event.extra


def test_what_this_version_does_not_know_survives_a_rewrite() -> None:
    events = list(read(KEPT / TODAY / NAME))
    unknown = [e for e in events if isinstance(e, ev.Unknown)]
    assert [(e.name, e.data) for e in unknown] == [
        ("hologram.projected", {"beam": 3, "parts": [{"x": 1.5}, None]})
    ]
    assert [e.extra for e in events if e.extra] == [{"colour": "amber"}, {"urgency": 2}]


@each
def test_a_kept_journal_folds_into_all_that_is_made_of_one(name: str, tmp_path: Path) -> None:
    events = list(read(KEPT / name / NAME))
    reducer, context = Reducer(), Context(tmp_path)
    for event in events:
        reducer.apply(event)
        context.apply(event)
    created = events[0]
    assert isinstance(created, ev.SessionCreated)
    assert (reducer.summary.id, reducer.summary.title) == (created.id, "Sums")
    assert reducer.summary.host == created.host
    assert Transcript.of(events).blocks
    assert context.messages()[0]["role"] == "user"


def test_every_type_of_event_stands_in_a_kept_journal() -> None:
    there = {line["type"] for name in NAMES for line in told(name)}
    assert set(ev.TYPES) - there == set(), (
        "Write a journal that has it with this version's Journal, and keep it in a new folder."
    )
