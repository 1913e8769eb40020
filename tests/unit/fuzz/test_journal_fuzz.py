"""Journals whose lines are JSON and yet wrong: opened, folded, indexed, exported, replayed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from sessions.archive.export import FORMATS, export
from sessions.archive.index import Index
from sessions.engine.replay import Replay
from sessions.errors import AgentdeckError
from sessions.harvest.byproducts import byproducts
from sessions.record.context import Context
from sessions.record.journal import NAME, Faults, Journal, read
from sessions.record.summary import Reducer
from sessions.record.transcript import Transcript
from tests.unit.fuzz.events import one_of_each
from tests.unit.fuzz.strategies import fuzzed, gone_bad

pytestmark = pytest.mark.timeout(300)

GOOD = one_of_each()


def written(folder: Path, lines: list[Any]) -> Path:
    """A session's folder with these lines."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "files").mkdir(parents=True)
    path = folder / NAME
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@given(lines=gone_bad(GOOD, 6))
@fuzzed
def test_whatever_the_lines_hold_everything_that_reads_them_goes_on(
    tmp_path_factory: pytest.TempPathFactory, lines: list[Any]
) -> None:
    root = tmp_path_factory.getbasetemp() / "fuzz-journal"
    path = written(root / "sessions" / "s1", lines)
    events = list(read(path, Faults()))
    reducer, context = Reducer(), Context(path.parent)
    for event in events:
        reducer.apply(event)
        context.apply(event)
    context.messages()
    json.dumps(reducer.summary.to_json())
    Transcript.of(events)
    for fmt in FORMATS:
        export(events, fmt)
    replay = Replay(path, 1, 10**9, compact=True)
    while replay.part():
        pass
    byproducts("s1", events)
    index = Index.open(root / "index.db", root / "sessions")
    try:
        index.refresh()
        index.search("words", 10)
    finally:
        index.close()
    (root / "index.db").unlink()


@given(lines=gone_bad(GOOD, 3))
@fuzzed
def test_such_a_journal_opens_for_going_on_or_says_why_not(
    tmp_path_factory: pytest.TempPathFactory, lines: list[Any]
) -> None:
    path = written(tmp_path_factory.getbasetemp() / "fuzz-open" / "s1", lines)
    before = path.read_bytes()
    try:
        journal, events = Journal.open(path.parent)
    except AgentdeckError as error:
        assert error.hint
        assert path.read_bytes() == before
        return
    journal.close()
    assert path.read_bytes().startswith(before)
    seqs = [event.seq for event in events]
    assert journal._seq == max(seqs)
