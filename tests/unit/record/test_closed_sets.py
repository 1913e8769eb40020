"""The closed sets of the vocabulary: known to the type checker, open to what is read."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from sessions.errors import UsageError
from sessions.plans import record
from sessions.priming.kinds import KINDS
from sessions.record import closed_sets, codec
from sessions.record import events as ev
from sessions.record.journal import Journal
from sessions.record.summary import Reducer, SessionSummary, Summary
from sessions.record.transcript import Transcript
from sessions.runtime.queued_message import Queued

ODD: list[dict[str, Any]] = [
    {"type": "message.user", "turn": 1, "text": "Hi", "origin": "telepathy"},
    {"type": "turn.started", "turn": 1},
    {"type": "tool.call", "turn": 1, "call": "c", "name": "X", "input": {}, "kind": "dream"},
    {"type": "permission.asked", "turn": 1, "call": "c", "ask": "a", "detail_kind": "song"},
    {"type": "permission.answered", "turn": 1, "call": "c", "ask": "a", "by": "oracle"},
    {"type": "tool.result", "turn": 1, "call": "c", "status": "half"},
    {"type": "skill.set", "name": "s", "state": "dimmed"},
    {"type": "skill.used", "name": "s", "how": "osmosis"},
    {"type": "priming.injected", "id": "p", "by": "nobody-else"},
    {"type": "context.refused", "what": "smell"},
    {"type": "session.set", "permission": "almost"},
    {"type": "worktree.landed", "onto": "refs/heads/main", "how": "fly", "commit": "c"},
    {"type": "queue.set", "items": [{"id": "1", "text": "x", "origin": "owl", "mode": "sing"}]},
    {"type": "retry", "turn": 1, "kind": "sulking", "wait_s": 1.0, "attempt": 1},
    {"type": "error", "turn": 1, "kind": "hiccup", "message": "Hic."},
    {"type": "notice", "kind": "rumour", "message": "So they say."},
    {"type": "turn.ended", "turn": 1, "reason": "bored"},
]


@pytest.mark.parametrize("data", ODD, ids=lambda data: str(data["type"]))
def test_a_word_of_another_version_is_read_and_written_back(data: dict[str, Any]) -> None:
    line = json.dumps({"seq": 1, "at": "", **data})
    event = codec.decode(line)
    assert type(event) is ev.TYPES[data["type"]]
    assert data.items() <= json.loads(codec.line(event)).items()


def test_a_journal_of_such_words_opens_and_folds(tmp_path: Path) -> None:
    created = ev.SessionCreated(id="s")
    journal, _, _ = Journal.create(tmp_path / "s", created)
    for data in ODD:
        journal.append_all([codec.from_json({"seq": 0, "at": "", **data})])
    journal.close()
    again, events = Journal.open(tmp_path / "s")
    again.close()
    assert len(events) == len(ODD) + 1
    assert not [e for e in events if isinstance(e, ev.JournalRepaired | ev.Unknown)]
    reducer = Reducer("s")
    for event in events:
        reducer.apply(event)
    assert Transcript.of(events).blocks
    assert str(Queued.from_json(reducer.summary.queue[0]).origin) == "owl"


def test_a_run_s_record_keeps_them_as_well() -> None:
    ended = record.Ended(unit="a", attempt=1, state="done")
    odd = msgspec.json.encode(ended).replace(b'"done"', b'"moot"')
    assert b'"moot"' in msgspec.json.encode(msgspec.json.decode(odd, type=record.Ended))


def test_what_comes_from_outside_is_made_one_of_them() -> None:
    assert closed_sets.one_of(closed_sets.CallKind, "read", "other") == "read"
    assert closed_sets.one_of(closed_sets.CallKind, ["read"], "other") == "other"


def test_a_command_names_the_words_that_it_takes() -> None:
    from sessions.engine.commands import check
    from sessions.engine.commands.worktrees import land

    check(land, {"session": "s", "how": "squash"})
    with pytest.raises(UsageError, match="how is none of rebase, squash, merge"):
        check(land, {"session": "s", "how": "fly"})


def test_the_statuses_are_a_set_of_words() -> None:
    assert get_args(closed_sets.Status) == closed_sets.STATUSES


def test_a_summary_goes_as_it_is_declared() -> None:
    assert [*SessionSummary.__annotations__] == [*Summary("s").to_json()]
    kinds = {field.name: field.type for field in fields(Summary)}
    told = {name: kind.__forward_arg__ for name, kind in SessionSummary.__annotations__.items()}
    assert told == kinds


def test_what_happens_in_runs_and_what_priming_draws_are_closed_sets() -> None:
    assert set(get_args(closed_sets.RunEventType)) == record.TYPES.keys()
    assert set(get_args(closed_sets.DrawnKind)) == KINDS.keys()
