"""The index: derived, complete, and as good as new when it is thrown away."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from sessions.archive.export import FORMATS, export
from sessions.archive.index import Index
from sessions.archive.list_rows import current, current_told, listed, telling
from sessions.archive.session_lookup import find
from sessions.cli import session_index
from sessions.errors import NotFound, UsageError
from sessions.record import events as ev
from sessions.record.journal import NAME, Journal
from sessions.record.summary import Summary
from sessions.record.summary_parts import SessionAbove
from tests.support.rig import rig_places


def session(root: Path, name: str, *texts: str) -> None:
    journal, _, _ = Journal.create(
        root / "sessions" / name, ev.SessionCreated(id=name, title=f"about {name}")
    )
    for turn, text in enumerate(texts, 1):
        journal.append(ev.UserMessage(turn=turn, text=f"question {turn}"))
        for word in text.split(" "):
            journal.append(ev.Text(turn=turn, text=word + " "))
        journal.append(ev.TurnEnded(turn=turn, reason="end_turn"))
    journal.close()


@pytest.fixture
def index(tmp_path: Path) -> Index:
    session(tmp_path, "a1", "the tidal gate opened", "a second answer")
    session(tmp_path, "b2", "gates of another kind")
    index = Index.open(tmp_path / "state" / "index.db", tmp_path / "sessions")
    assert index.refresh() == 2
    return index


def test_words_over_chunks_are_found(index: Index) -> None:
    (hit,) = index.search("tidal gate")
    assert hit.id == "a1" and hit.seq == 3
    assert "tidal gate" in hit.snippet


def test_a_terminal_is_open_while_its_program_runs(tmp_path: Path) -> None:
    path, root = tmp_path / "state" / "index.db", tmp_path / "sessions"
    ended: list[ev.Event] = [ev.TerminalEnded(code=0)]
    for name, more in (("a1", []), ("b2", ended), ("c3", None)):
        made = ev.SessionCreated(id=name, backend="terminal" if more is not None else "x")
        journal, _, _ = Journal.create(root / name, made)
        said = 'printf "running": true'
        journal.append(ev.TerminalStarted(argv=[said], columns=80, rows=24))
        for event in more or ():
            journal.append(event)
        journal.close()
    index = Index.open(path, root)
    index.refresh()
    rows, told = current(path, root), current_told(path, root)
    assert {row.id: row.doubted for row in rows or ()} == {"a1": 1, "b2": 0, "c3": 0}
    assert {row[0]: row[4] for row in told or ()} == {"a1": 1, "b2": 0, "c3": 0}
    index.close()


def test_it_knows_which_sessions_another_one_started(index: Index, tmp_path: Path) -> None:
    fork: SessionAbove = {"id": "a1", "seq": 0}
    above: dict[str, SessionAbove] = {"c3": {**fork, "call": "t"}, "fork": fork}
    for name, parent in above.items():
        made = ev.SessionCreated(id=name, parent=parent)
        Journal.create(tmp_path / "sessions" / name, made)[0].close()
    index.refresh()
    repositories, started = index.groupings()
    assert started == {"c3": "a1"} and repositories.keys() >= {"a1", "c3", "fork"}


def test_the_last_word_may_be_a_beginning(index: Index) -> None:
    assert {h.id for h in index.search("gat")} == {"a1", "b2"}


@pytest.mark.parametrize("query", ['"', "a AND", "NEAR(", "*", "col:x", "a'b", "-", "", "(((", "^"])
def test_no_query_is_the_databases_own_language(index: Index, query: str) -> None:
    index.search(query)


def test_a_second_refresh_reads_nothing_and_a_third_what_is_new(
    index: Index, tmp_path: Path
) -> None:
    assert index.refresh() == 0
    session(tmp_path, "c3", "something new")
    assert index.refresh() == 1
    assert [h.id for h in index.search("new")] == ["c3"]


def test_a_session_that_is_gone_is_forgotten(index: Index, tmp_path: Path) -> None:
    import shutil

    shutil.rmtree(tmp_path / "sessions" / "b2")
    index.refresh()
    assert [s.id for s in index.summaries()] == ["a1"]
    assert index.search("another") == []


@pytest.mark.parametrize(
    "damage", [b"", b"not a database at all" * 100, b"SQLite format 3\x00" + b"\xff" * 5000]
)
def test_a_damaged_index_is_made_again(tmp_path: Path, damage: bytes) -> None:
    session(tmp_path, "a1", "the tidal gate opened")
    path = tmp_path / "state" / "index.db"
    Index.open(path, tmp_path / "sessions").close()
    path.write_bytes(damage)
    index = Index.open(path, tmp_path / "sessions")
    index.refresh()
    assert [h.id for h in index.search("tidal")] == ["a1"]
    index.close()


def test_events_are_fed_as_they_come(index: Index) -> None:
    summary = Summary("d4", status="done")
    events = [
        ev.Text(turn=1, text="fed "),
        ev.Text(turn=1, text="live"),
        ev.TurnEnded(turn=1, reason="end_turn"),
    ]
    index.feed([("d4", ev.stamp(e, n)) for n, e in enumerate(events, 1)], {"d4": summary})
    assert [h.id for h in index.search("fed live")] == ["d4"]


def test_sessions_are_found_by_what_a_person_types() -> None:
    known = [Summary("1abc", title="Tides"), Summary("1abd", title="Gates"), Summary("2xyz")]
    assert find(known, "1abc").id == "1abc"
    assert find(known, "tides").id == "1abc"
    assert find(known, "2").id == "2xyz"
    assert find(known, "last").id == "2xyz"
    with pytest.raises(UsageError, match="can mean 2"):
        find(known, "1ab")
    with pytest.raises(NotFound):
        find(known, "nothing")


@pytest.mark.parametrize("fmt", FORMATS)
def test_an_export_carries_no_control_codes_and_no_scripts(fmt: str) -> None:
    text = "<script>alert(1)</script> \x1b[2J ```\n[@click=app.quit]x[/]"
    events: list[ev.Event] = [
        ev.SessionCreated(seq=1, id="s", title="T \x1b]52;c;x\x07"),
        ev.UserMessage(seq=2, turn=1, text=text),
        ev.Text(seq=3, turn=1, text=text),
        ev.ToolCall(seq=4, turn=1, call="c", name="Bash", input={"command": text}),
        ev.ToolResult(seq=5, turn=1, call="c", status="ok", content=text),
        ev.TurnEnded(seq=6, turn=1, reason="error"),
        ev.Error(seq=7, turn=1, message=text),
    ]
    told = export(events, fmt)
    assert "\x1b" not in told and "\x07" not in told
    if fmt == "html":
        assert "<script>" not in told


def test_a_row_of_a_list_says_what_the_whole_summary_says(index: Index) -> None:
    whole = {s.id: s for s in index.summaries()}
    assert len(whole) == 2
    for row in index.rows():
        assert row._asdict() == {
            name: getattr(whole[row.id], name, told) for name, told in row._asdict().items()
        }


def test_a_summary_comes_back_from_the_index_as_it_went_in(tmp_path: Path) -> None:
    from sessions.record.summary import Reducer

    created = ev.SessionCreated(
        id="a1", title="a lone \ud800 surrogate", model="m", parent={"id": "b", "seq": 3}
    )
    journal, stamped, _ = Journal.create(tmp_path / "sessions" / "a1", created)
    reducer = Reducer("a1")
    reducer.apply(stamped)
    for event in (
        ev.UserMessage(turn=1, text="why"),
        ev.TurnEnded(turn=1, reason="end_turn", usage={"input": 3}, cost_usd=0.5),
        ev.SkillSet(name="s", state="on"),
        ev.SessionSet(archived=True),
    ):
        reducer.apply(journal.append(event)[0])
    journal.close()
    index = Index.open(tmp_path / "state" / "index.db", tmp_path / "sessions")
    index.refresh()
    (found,) = index.summaries()
    reducer.summary.title = "a lone ? surrogate"
    assert found == reducer.summary
    assert index.rows()[0].archived


def test_an_index_with_other_columns_is_made_again(tmp_path: Path) -> None:

    session(tmp_path, "a1", "the tidal gate opened")
    path = tmp_path / "state" / "index.db"
    Index.open(path, tmp_path / "sessions").close()
    with sqlite3.connect(path) as db:
        db.execute("alter table sessions drop column about")
    index = Index.open(path, tmp_path / "sessions")
    assert index.refresh() == 1
    assert [row.id for row in index.rows()] == ["a1"]


def test_of_very_many_that_hold_a_word_the_newest_are_ranked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sessions.archive.index._RANKED", 2)
    for name in ("b2", "a1", "c3"):
        session(tmp_path, name, "the tidal gate opened")
    index = Index.open(tmp_path / "state" / "index.db", tmp_path / "sessions")
    index.refresh()
    assert [hit.id for hit in index.search("tidal")] == ["c3", "b2"]


def test_an_index_takes_a_quarter_of_its_journals_and_keeps_nothing_that_is_gone(
    tmp_path: Path,
) -> None:
    words = [f"{a}{b}" for a in ("tide", "gate", "lock") for b in range(300)]
    said = [" ".join(words[(n * 7 + k * 11) % 900] for k in range(200)) for n in range(40)]
    session(tmp_path, "a1", *said)
    path = tmp_path / "state" / "index.db"
    index = Index.open(path, tmp_path / "sessions")
    index.refresh()
    journal = tmp_path / "sessions" / "a1" / "journal.jsonl"
    assert path.stat().st_size <= journal.stat().st_size / 4
    (hit, *_) = index.search("tide0 lock22")
    assert "tide0" in hit.snippet
    index.forget("a1")
    assert index.search("tide0") == []
    index.close()
    with contextlib.closing(sqlite3.connect(path)) as db:
        for table in ("messages", "numbers", "words_docsize"):
            assert db.execute(f"select count(*) from {table}").fetchone() == (0,)
        assert not db.execute("select 1 from words where words match 'tide0'").fetchall()


def test_a_text_that_can_t_be_unpacked_is_a_damaged_index(tmp_path: Path) -> None:
    session(tmp_path, "a1", "the tidal gate opened " * 20)
    index = Index.open(tmp_path / "state" / "index.db", tmp_path / "sessions")
    index.refresh()
    with contextlib.closing(sqlite3.connect(tmp_path / "state" / "index.db")) as db:
        db.execute("update messages set text = x'00ff' where typeof(text) = 'blob'")
        db.commit()
    with pytest.raises(sqlite3.DatabaseError):
        index.search("tidal")


@pytest.mark.parametrize("form", ["md", "html"])
def test_what_was_changed_is_told_by_what_it_is_now(form: str) -> None:
    events = [
        ev.SessionCreated(id="s", title="T"),
        ev.SessionSet(backend="openai", model="gpt-6.2-sol"),
        ev.SessionSet(permission="edit"),
    ]
    text = export(events, form)
    assert "backend is now openai, model is now gpt-6.2-sol" in text
    assert "permission is now edit" in text


def test_a_current_index_is_read_straight_from_its_file(index: Index, tmp_path: Path) -> None:
    rows = current(tmp_path / "state" / "index.db", tmp_path / "sessions")
    assert rows == index.rows()
    told = [listed(row) for row in rows or ()]
    assert told == [listed(summary) for summary in index.summaries()]


def test_the_list_as_json_stands_ready_in_the_index(index: Index, tmp_path: Path) -> None:
    session(tmp_path, "d4", 'é\x9b \ud800 and a "quote"')
    index.feed(
        [], {"d4": Summary("d4", title='é\x9b\ud800 "', cost_usd=float("inf"), archived=True)}
    )
    found = current_told(tmp_path / "state" / "index.db", tmp_path / "sessions")
    assert found is not None and [row[3:5] for row in found] == [(1, 0), (0, 0), (0, 0)]
    ready = telling(row[5] for row in found)
    rows = [listed(row) for row in index.rows()]
    assert rows[0]["title"] == 'é\x9b? "' and json.loads(ready)[0]["cost_usd"] is None
    assert ready == json.dumps([{**rows[0], "cost_usd": None}, *rows[1:]], indent=1)
    assert telling([]) == "[]"


@pytest.mark.parametrize("change", ["new", "grown", "gone", "none", "version", "damaged"])
def test_an_index_that_is_not_current_is_not_read(
    index: Index, tmp_path: Path, change: str
) -> None:
    path, journals = tmp_path / "state" / "index.db", tmp_path / "sessions"
    index.close()
    if change == "new":
        session(tmp_path, "c3", "one more")
    elif change == "grown":
        with (journals / "a1" / NAME).open("ab") as file:
            file.write(b"{}\n")
    elif change == "gone":
        (journals / "a1" / NAME).unlink()
    elif change == "none":
        path.unlink()
    elif change == "version":
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.execute("pragma user_version = 4")
    else:
        path.write_bytes(b"no database" * 1000)
    assert current(path, journals) is None and current_told(path, journals) is None


def test_a_command_does_not_keep_its_user_waiting_for_an_index_that_another_process_holds(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTDECK_HOME", str(tmp_path))
    here = rig_places(tmp_path)
    here.index.parent.mkdir(parents=True, exist_ok=True)
    Index.open(here.index, here.sessions).close()
    waits, connect = [], sqlite3.connect

    def hasty(path: str, *, timeout: float = 5.0, **how: Any) -> sqlite3.Connection:
        waits.append(timeout if path != ":memory:" else 0.0)
        made: sqlite3.Connection = connect(path, timeout=0.01, **how)
        return made

    with contextlib.closing(connect(here.index)) as other:
        other.execute("begin exclusive")
        monkeypatch.setattr(sqlite3, "connect", hasty)
        assert current_told(here.index, here.sessions) is None
        assert current(here.index, here.sessions) is None
        with session_index.index() as known:
            assert known.unkept == "another process has it"
    assert sum(waits) < 5
