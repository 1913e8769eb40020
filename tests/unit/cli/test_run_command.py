"""`agentdeck run`: one session without the deck, on the real engine."""

from __future__ import annotations

import hashlib
import json
import signal
from pathlib import Path
from typing import Any

import pytest

from sessions.cli.run_output import TurnOutput
from sessions.record import events as ev
from tests.support.gitrig import commit, head, repo
from tests.support.pictures import png
from tests.unit.cli.conftest import Home

pytestmark = pytest.mark.timeout(300)


def events(text: str) -> list[dict[str, Any]]:
    """The events of `--json`, one a line."""
    return [json.loads(line) for line in text.splitlines()]


def test_the_answer_is_printed_and_nothing_else(home: Home) -> None:
    done = home.call("run", "good morning")
    assert (done.returncode, done.stdout, done.stderr) == (0, "You said: good morning\n", "")


def test_a_dash_reads_the_prompt_from_stdin(home: Home) -> None:
    assert home.out("run", "-", stdin="from a pipe") == "You said: from a pipe\n"


def test_json_prints_the_events_in_order_without_gaps(home: Home) -> None:
    told = events(home.out("run", "hello", "--json", "--title", "greeting"))
    assert [e["seq"] for e in told] == list(range(1, len(told) + 1))
    assert told[0]["type"] == "session.created"
    assert told[0]["title"] == "greeting"
    assert told[0]["cwd"] == str(home.work)
    types = [e["type"] for e in told]
    for before, after in (("message.user", "turn.started"), ("turn.started", "text")):
        assert types.index(before) < types.index(after)
    ended = next(e for e in told if e["type"] == "turn.ended")
    assert ended["reason"] == "end_turn"
    assert ended["usage"]["output"] > 0
    assert "".join(e["text"] for e in told if e["type"] == "text") == "You said: hello"


def test_what_json_prints_is_what_the_journal_holds(home: Home) -> None:
    told = events(home.out("run", "hello", "--json"))
    kept = events(home.out("sessions", "show", home.ids()[0], "--json"))
    assert kept[: len(told)] == told


async def test_an_end_that_comes_before_the_turns_number_is_not_missed() -> None:
    watching = TurnOutput(as_json=True)
    ended = ev.stamp(ev.TurnEnded(turn=3, reason="end_turn"), 9)
    watching.take("s", ended)
    watching.wait_for(3)
    assert watching.ended.result() == ended


async def test_the_end_of_a_turn_before_is_not_taken_for_this_ones() -> None:
    watching = TurnOutput(as_json=True)
    watching.take("s", ev.stamp(ev.TurnEnded(turn=2, reason="end_turn"), 9))
    watching.wait_for(3)
    assert not watching.ended.done()


async def test_that_an_agent_waits_for_its_server_is_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    watching = TurnOutput(as_json=False)
    for quiet in ("Gemini CLI", ""):
        watching.take("s", ev.stamp(ev.BackendState(data={"quiet": quiet}), 9))
    assert capsys.readouterr() == ("", "Gemini CLI waits for its server.\n")


def test_a_session_goes_on_and_json_prints_the_new_turn_alone(home: Home) -> None:
    home.out("run", "first")
    session = home.ids()[0]
    told = events(home.out("run", "second", "--session", session, "--json"))
    assert home.ids() == [session]
    users = [e for e in told if e["type"] == "message.user"]
    assert [(e["turn"], e["text"]) for e in users] == [(2, "second")]
    assert home.data("sessions", "list")[0]["turns"] == 2


def test_a_permission_that_needs_a_person_ends_with_3_and_runs_nothing(home: Home) -> None:
    done = home.call("run", 'tool Bash {"command": "touch made"}')
    assert done.returncode == 3
    assert "touch made" in done.stderr
    assert not (home.work / "made").exists()
    told = events(home.out("sessions", "show", home.ids()[0], "--json"))
    assert "permission.asked" in [e["type"] for e in told]
    assert told[-1]["type"] != "turn.started"


@pytest.mark.parametrize(
    ("name", "mode", "says"),
    [
        ("SKILL.md", "edit", "tells agents what to do"),
        ("SKILL.md", "full", "asked in every mode"),
        ("made.txt", "ask", "--permission edit"),
    ],
)
def test_a_refusal_says_its_real_reason(home: Home, name: str, mode: str, says: str) -> None:
    given = json.dumps({"file_path": str(home.work / name), "content": "x"})
    done = home.call("run", f"tool Write {given}", "--permission", mode, "--yes-full")
    assert done.returncode == 3
    assert says in done.stderr
    if name == "SKILL.md":
        assert "run with --permission" not in done.stderr.lower()
    told = events(home.out("sessions", "show", home.ids()[0], "--json"))
    results = [e for e in told if e["type"] == "tool.result"]
    assert results
    assert "Interrupted by the user" not in results[0]["content"]
    assert "Nobody was there to allow it" in results[0]["content"]


def test_read_only_denies_without_asking(home: Home) -> None:
    given = json.dumps({"file_path": str(home.work / "made"), "content": "x"})
    done = home.call("run", f"tool Write {given}", "--permission", "read-only", "--json")
    assert done.returncode == 0
    results = [e for e in events(done.stdout) if e["type"] == "tool.result"]
    assert [r["status"] for r in results] == ["denied"]
    assert not (home.work / "made").exists()


def test_edit_mode_writes_in_the_working_directory(home: Home) -> None:
    given = json.dumps({"file_path": str(home.work / "made"), "content": "x"})
    home.out("run", f"tool Write {given}", "--permission", "edit")
    assert (home.work / "made").read_text() == "x"


def test_a_limit_ends_with_3(home: Home) -> None:
    (home.work / "a").write_text("there")
    given = json.dumps({"file_path": str(home.work / "a")})
    done = home.call("run", f"tool Read {given}", "--max-turns", "1")
    assert done.returncode == 3
    assert "limit" in done.stderr


def test_interrupting_ends_with_130_and_keeps_what_came(home: Home) -> None:
    process = home.popen("run", "stream 2000 40", "--json")
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["type"] == "text":
            break
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in stderr
    told = events(home.out("sessions", "show", home.ids()[0], "--json"))
    assert "word0" in "".join(e["text"] for e in told if e["type"] == "text")
    assert [e["reason"] for e in told if e["type"] == "turn.ended"] == ["interrupted"]


def test_a_server_that_cannot_be_reached_ends_with_1_and_a_remedy(home: Home) -> None:
    home.url = "http://127.0.0.1:9"
    home.configure()
    done = home.call("run", "hello")
    assert done.returncode == 1
    assert "can't be reached" in done.stderr
    assert "nothing listens there" in done.stderr
    assert "Errno" not in done.stderr
    assert "base_url" in done.stderr


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--backend", "nobody"), "nobody"),
        (("--profile", "nobody"), "nobody"),
        (("--session", "nobody"), "nobody"),
        (("--cwd", "/nowhere/at/all"), "/nowhere/at/all"),
        (("--skill", "no-such-skill"), "no-such-skill"),
    ],
)
def test_what_is_not_there_is_named(home: Home, words: tuple[str, str], named: str) -> None:
    done = home.call("run", "hello", *words)
    assert done.returncode in (1, 2)
    assert named in done.stderr
    assert not done.stdout


def test_an_answer_cannot_steer_the_terminal(home: Home) -> None:
    assert "\x1b" not in home.out("run", "look: \x1b]0;pwned\x07 \x1b[2J done")


def test_a_worktree_is_made_from_the_base_that_is_named(home: Home) -> None:
    repo(home.work, f="x\n")
    first = head(home.work)
    commit(home.work, "f", "y\n")
    told = events(home.out("run", "Say hello!", "--worktree", "--base", first[:12], "--json"))
    made = next(e for e in told if e["type"] == "worktree.added")
    assert made["branch"] == f"agentdeck/say-hello-{told[0]['id']}"
    assert (made["base"], told[0]["cwd"]) == (first, made["path"])
    assert (Path(made["path"]) / "f").read_text() == "x\n"
    row = json.loads(home.out("sessions", "list", "--json"))[0]
    assert (row["repository"], row["branch"]) == (home.work.name, made["branch"])


def test_where_there_can_be_no_worktree_a_sentence_says_so(home: Home) -> None:
    done = home.call("run", "hello", "--worktree")
    assert (done.returncode, done.stdout) == (2, "")
    assert "is in no git repository" in done.stderr
    done = home.call("run", "hello", "--worktree", "--session", "last")
    assert done.returncode == 2


def test_what_is_attached_is_kept_by_its_hash_and_what_is_not_there_is_told_at_once(
    home: Home,
) -> None:
    (home.work / "a.png").write_bytes(png())
    told = events(home.out("run", "look", "--attach", "a.png", "--json"))
    (kept,) = next(e for e in told if e["type"] == "message.user")["attachments"]
    assert (kept["name"], kept["media_type"]) == ("a.png", "image/png")
    assert hashlib.sha256(png()).hexdigest() in kept["path"]
    wrong = home.call("run", "look", "--image", "none.png")
    assert wrong.returncode == 2 and "none.png can't be attached" in wrong.stderr
