"""`agentdeck sessions`: over all records."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator

import pytest

from sessions.engine import lifecycle
from tests.unit.cli.conftest import Home, installed

pytestmark = pytest.mark.timeout(300)
LISTED = {
    "id", "title", "status", "backend", "model", "cwd", "created", "updated", "turns", "cost_usd",
}  # fmt: skip


@pytest.fixture(scope="module")
def recorded(server: str) -> Iterator[Home]:
    """Two sessions that were run once for all of these tests; the engine has ended."""
    with installed() as made:
        made.url = server
        made.configure()
        made.out("run", "tell of whales", "--title", "sea")
        made.out("run", "tell of ravens", "--title", "air")
        made.close()
        yield made


@pytest.fixture
def two(home: Home, recorded: Home) -> Home:
    """Two sessions, of which the older is about whales."""
    shutil.copytree(recorded.places.sessions, home.places.sessions)
    for journal in home.places.sessions.glob("*/journal.jsonl"):
        told = journal.read_text().replace(str(recorded.root), str(home.root))
        journal.write_text(told)
    for folder in (home.places.sessions, *home.places.sessions.parents):
        if folder.is_relative_to(home.home):
            folder.chmod(0o700)
    return home


def test_list_prints_the_promised_shape_newest_first(two: Home) -> None:
    rows = two.data("sessions", "list")
    assert [row["title"] for row in rows] == ["air", "sea"]
    for row in rows:
        assert row.keys() >= LISTED
        assert (row["backend"], row["model"], row["turns"]) == ("test", "scripted", 1)
        assert row["cwd"] == str(two.work)


def test_an_empty_record_lists_nothing_and_says_so(bare: Home) -> None:
    assert bare.data("sessions", "list") == []
    assert "no sessions" in bare.out("sessions", "list")


def test_the_list_works_without_an_engine(two: Home) -> None:
    two.close()
    assert len(two.ids()) == 2
    assert two.call("engine", "status").returncode == 1


def test_search_prints_the_promised_shape(two: Home) -> None:
    hits = two.data("sessions", "search", "whales")
    sea = next(row["id"] for row in two.data("sessions", "list") if row["title"] == "sea")
    assert hits
    assert all(hit.keys() >= {"id", "seq", "at", "snippet"} for hit in hits)
    assert {hit["id"] for hit in hits} == {sea}


def test_search_for_what_nobody_said_finds_nothing(two: Home) -> None:
    assert two.data("sessions", "search", "zyzzyva") == []


def test_search_takes_whatever_is_typed(two: Home) -> None:
    for query in ('"', "whales AND", "*", "a:b", "NEAR(", "-"):
        assert two.call("sessions", "search", "--json", "--", query).returncode == 0


def test_show_prints_the_conversation(two: Home) -> None:
    shown = two.out("sessions", "show", two.ids()[1])
    assert "tell of whales" in shown
    assert "You said: tell of whales" in shown


def test_an_unambiguous_beginning_of_an_id_will_do(two: Home) -> None:
    full = two.ids()[0]
    assert two.out("sessions", "show", full[:-1]) == two.out("sessions", "show", full)


def test_export_writes_every_format(two: Home) -> None:
    session = two.ids()[1]
    assert "tell of whales" in two.out("sessions", "export", session, "--format", "md")
    assert "tell of whales" in json.dumps(
        json.loads(two.out("sessions", "export", session, "--format", "json"))
    )
    page = two.out("sessions", "export", session, "--format", "html")
    assert page.lstrip().lower().startswith("<!doctype html>")
    assert "tell of whales" in page


def test_export_html_runs_nothing_that_was_said(home: Home) -> None:
    home.out("run", "<script>alert(1)</script>")
    page = home.out("sessions", "export", home.ids()[0], "--format", "html")
    assert "<script>alert" not in page


def test_export_writes_to_a_file(two: Home) -> None:
    target = two.work / "out.md"
    assert two.out("sessions", "export", two.ids()[0], "--out", str(target)) == ""
    assert "tell of ravens" in target.read_text("utf-8")


def test_archiving_hides_and_undo_shows_again(two: Home) -> None:
    session = two.ids()[0]
    two.out("sessions", "archive", session)
    assert session not in two.ids()
    assert session in [row["id"] for row in two.data("sessions", "list", "--all")]
    two.out("sessions", "archive", session, "--undo")
    assert session in two.ids()


def test_delete_says_what_goes_and_asks(two: Home) -> None:
    session = two.ids()[0]
    done = two.call("sessions", "delete", session, stdin="n\n")
    assert done.returncode == 130
    assert "1 turns" in done.stdout
    assert str(two.places.session(session)) in done.stdout
    assert session in two.ids()


def test_delete_removes_the_record_for_good(two: Home) -> None:
    session = two.ids()[0]
    two.out("sessions", "delete", session, "--yes")
    assert session not in [row["id"] for row in two.data("sessions", "list", "--all")]
    assert not two.places.session(session).exists()
    assert two.data("sessions", "search", "ravens") == []


@pytest.mark.parametrize("verb", ["show", "export", "archive", "delete"])
def test_a_session_that_is_not_there_is_named(bare: Home, verb: str) -> None:
    done = bare.call("sessions", verb, "nobody")
    assert done.returncode == 1
    assert "nobody" in done.stderr


def test_a_broken_line_is_passed_over_and_told(two: Home) -> None:
    session = two.ids()[0]
    two.close()
    path = two.places.session(session) / "journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    lines.insert(2, b'{"seq": oops\n')
    path.write_bytes(b"".join(lines))
    done = two.call("sessions", "show", session)
    assert done.returncode == 0
    assert "You said: tell of ravens" in done.stdout
    assert "line 3" in done.stderr


def test_the_index_can_be_thrown_away(two: Home) -> None:
    two.close()
    for path in two.places.state.glob("index.db*"):
        path.unlink()
    assert {hit["seq"] for hit in two.data("sessions", "search", "ravens")}


@pytest.mark.parametrize("upto", ["message.user", "text"])
def test_a_session_whose_engine_died_is_cut_off_with_and_without_a_new_engine(
    home: Home, upto: str
) -> None:
    running = home.popen("run", "stream 500 200", "--json")
    assert running.stdout is not None
    while f'"type":"{upto}"' not in (line := running.stdout.readline()):
        assert line, "the turn ended before it was cut off"
    pid = lifecycle.running_pid(home.places)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    running.communicate(timeout=60)

    def status() -> str:
        return str(home.data("sessions", "list")[0]["status"])

    assert status() == "cut-off", "nothing works where no engine runs"
    home.out("engine", "start")
    (session,) = home.ids()
    home.out("sessions", "archive", session)  # when this is answered the record is complete
    home.out("sessions", "archive", session, "--undo")
    assert status() == "cut-off" and "cut-off" in home.out("sessions", "list")
    home.call("run", "hello", "--session", session)
    assert status() in ("done", "failed"), "it has gone on"


def test_a_fork_goes_to_the_end_of_the_turn_that_is_named(two: Home) -> None:
    parent = two.ids()[1]
    two.out("run", "and of ships", "--session", parent)
    made = two.data("sessions", "fork", parent, "--turn", "1", "--title", "other way")
    assert (made["turns"], made["title"]) == (1, "other way")
    shown = two.out("sessions", "show", made["id"])
    assert "tell of whales" in shown
    assert "ships" not in shown
    assert "ships" in two.out("sessions", "show", parent)


def test_a_fork_without_a_turn_has_all_and_prints_its_id(two: Home) -> None:
    parent = two.ids()[1]
    made = two.out("sessions", "fork", parent).strip()
    assert made in two.ids()
    assert "tell of whales" in two.out("sessions", "show", made)


def test_a_fork_at_a_turn_that_is_not_there_is_refused(two: Home) -> None:
    done = two.call("sessions", "fork", two.ids()[1], "--turn", "9")
    assert done.returncode == 2
    assert "Turn 9" in done.stderr
    assert len(two.ids()) == 2


@pytest.mark.parametrize("limit", [0, 20_000])
def test_the_list_and_the_search_work_where_nothing_can_be_written(two: Home, limit: int) -> None:
    """A limit on the size of files stands for a full disk: the same calls are refused."""
    two.ids()  # there is an index
    two.places.index.unlink()
    two.file_limit = limit
    assert [row["title"] for row in two.data("sessions", "list")] == ["air", "sea"]
    assert len(two.data("sessions", "search", "whales")) == 2


def test_an_index_that_another_process_holds_is_done_without_and_left_whole(two: Home) -> None:
    import sqlite3

    two.ids()  # there is one
    before = two.places.index.read_bytes()
    other = sqlite3.connect(two.places.index)
    try:
        other.execute("begin exclusive")
        assert [row["title"] for row in two.data("sessions", "list")] == ["air", "sea"]
    finally:
        other.close()
    assert two.places.index.read_bytes() == before
    assert not two.places.index.with_suffix(".damaged").exists()
