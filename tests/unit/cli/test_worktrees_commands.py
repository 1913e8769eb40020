"""`sessions diff·land·discard` and `worktrees list·prune`, as users call them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.gitrig import clean, commit, git, head, repo
from tests.unit.cli.conftest import Home
from tests.unit.cli.test_engine_command import kill

pytestmark = pytest.mark.timeout(300)


def wait_for(condition: Callable[[], bool]) -> None:
    """Fail if it does not hold within a minute."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def begin(home: Home, title: str = "Work") -> tuple[str, Path]:
    """A session in a worktree: its id and folder."""
    home.out("run", "hello", "--worktree", "--title", title)
    row: dict[str, Any] = json.loads(home.out("sessions", "list", "--json"))[0]
    return row["id"], Path(row["cwd"])


def test_diff_shows_what_is_committed_and_what_is_not(home: Home) -> None:
    repo(home.work, f="x\n")
    session, folder = begin(home)
    assert home.out("sessions", "diff", session) == "Nothing has changed.\n"
    commit(folder, "g", "committed\n")
    (folder / "f").write_text("y\n")
    (folder / "new").write_text("n\x1b[31m\n")
    told = json.loads(home.out("sessions", "diff", session, "--json"))
    assert {f["path"]: f["status"] for f in told["files"]} == {
        "f": "modified", "g": "added", "new": "added",
    }  # fmt: skip
    assert (told["id"], told["base"], told["base_ref"]) == (session, head(home.work), "main")
    assert told["dirty"]
    assert [c["subject"] for c in told["commits"]] == ["change g"]
    text = home.out("sessions", "diff", session)
    assert "+committed" in text
    assert "\x1b" not in text
    assert "not tracked" in home.out("sessions", "diff", session, "--stat")


def test_diff_without_a_worktree_shows_what_is_not_committed(home: Home) -> None:
    repo(home.work, f="x\n")
    home.out("run", "hello")
    (home.work / "f").write_text("y\n")
    told = json.loads(home.out("sessions", "diff", "last", "--json"))
    assert [f["path"] for f in told["files"]] == ["f"]


def test_diff_without_git_shows_what_the_tools_changed(home: Home) -> None:
    home.out("run", "hello")
    told = json.loads(home.out("sessions", "diff", "last", "--json"))
    assert told["files"] == []
    assert home.call("sessions", "diff", "nobody").returncode == 1


def test_land_moves_the_branch_that_it_began_at(home: Home) -> None:
    repo(home.work, f="x\n")
    session, folder = begin(home)
    new = commit(folder, "g", "1\n")
    told = json.loads(home.out("sessions", "land", session, "--json"))
    assert (told["landed"], told["onto"], told["commit"]) == (True, "main", new)
    assert head(home.work) == new
    assert clean(home.work)
    assert home.call("sessions", "land", session).returncode == 2


def test_a_conflict_ends_with_1_and_names_the_file(home: Home) -> None:
    repo(home.work, f="x\n")
    session, folder = begin(home)
    commit(folder, "f", "theirs\n")
    mine = commit(home.work, "f", "mine\n")
    done = home.call("sessions", "land", session, "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert [(c["path"], c["kind"]) for c in told["conflicts"]] == [("f", "contents")]
    assert head(home.work) == mine
    done = home.call("sessions", "land", session)
    assert done.returncode == 1
    assert "conflicts with main in f" in done.stderr


def test_a_discarded_session_is_brought_back(home: Home) -> None:
    repo(home.work, f="x\n")
    session, folder = begin(home)
    (folder / "new").write_text("n\n")
    told = json.loads(home.out("sessions", "discard", session, "--json"))
    assert told["discarded"]
    assert not folder.exists()
    done = home.call("sessions", "diff", session)
    assert done.returncode == 2
    assert "--undo" in done.stderr
    home.out("sessions", "discard", session, "--undo")
    assert (folder / "new").read_text() == "n\n"


def test_worktrees_are_listed_and_pruned(home: Home) -> None:
    repo(home.work, f="x\n")
    session, folder = begin(home)
    (row,) = json.loads(home.out("worktrees", "list", "--json"))
    assert (row["session"], row["path"], row["state"]) == (session, str(folder), "clean")
    (folder / "new").write_text("n\n")
    home.out("sessions", "discard", session)
    told = json.loads(home.out("worktrees", "prune", "--json"))
    assert (told["removed"], [r["state"] for r in told["left"]]) == ([], ["kept"])
    assert home.call("worktrees", "prune", "--kept").returncode == 130  # nobody said yes
    told = json.loads(home.out("worktrees", "prune", "--kept", "--yes", "--json"))
    assert [r["session"] for r in told["removed"]] == [session]
    checks = {c["check"]: c for c in json.loads(home.call("doctor", "--json").stdout)}
    assert checks["worktrees"]["detail"].startswith("0 of sessions, 0 kept, 0")


def test_an_engine_killed_in_a_landing_leaves_a_clean_repository(home: Home) -> None:
    repo(home.work, f="x\n")
    home.configure('[worktrees]\ncheck = ["sleep", "300"]\n')
    session, folder = begin(home)
    new = commit(folder, "g", "1\n")
    moved = commit(home.work, "h", "1\n")
    landing = home.popen("sessions", "land", session)
    note = home.places.state / "landings" / f"{session}.json"
    # The check runs: the session's branch is on top of what moved, the target is where it was.
    wait_for(lambda: note.exists() and head(folder) != new)
    kill(home)
    assert landing.wait(60) == 1
    assert clean(home.work) and clean(folder)
    home.out("engine", "start")
    assert not note.exists()
    assert (head(folder), head(home.work)) == (new, moved)
    events = [json.loads(e) for e in home.out("sessions", "show", session, "--json").splitlines()]
    assert any("cut off before main was moved" in e.get("message", "") for e in events)
    told = json.loads(home.out("sessions", "land", session, "--no-check", "--json"))
    assert told["landed"]
    assert clean(home.work)


def test_an_engine_killed_while_a_worktree_is_added_says_so(home: Home, tmp_path: Path) -> None:
    repo(home.work, **{"f": "x\n", ".gitattributes": "f filter=slow\n"})
    gate, reached = tmp_path / "gate", tmp_path / "reached"
    gate.mkdir()
    wait = f"touch {reached}; while [ -d {gate} ]; do sleep 0.05; done; cat"
    git(home.work, "config", "filter.slow.smudge", wait)
    git(home.work, "config", "filter.slow.clean", "cat")
    running = home.popen("run", "hello", "--worktree")
    wait_for(reached.exists)
    kill(home)
    gate.rmdir()  # git itself was not killed, and ends
    assert running.wait(60) != 0
    wait_for(lambda: not list((home.work / ".git" / "worktrees").glob("*/locked")))
    home.out("engine", "start")
    assert clean(home.work)
    assert git(home.work, "branch", "--list", "agentdeck/*") == ""
    (row,) = json.loads(home.out("worktrees", "list", "--json"))
    assert row["state"] == "cut-off"
    assert "cut off before its session began" in home.out("worktrees", "list")
    home.out("worktrees", "prune")
    assert json.loads(home.out("worktrees", "list", "--json")) == []


def test_delete_says_what_becomes_of_the_worktree(home: Home) -> None:
    repo(home.work, f="x\n")
    session, folder = begin(home)
    (folder / "new").write_text("n\n")
    said = home.out("sessions", "delete", session, "--yes")
    assert str(folder) in said and "kept under a ref" in said
    assert not folder.exists()
    (row,) = json.loads(home.out("worktrees", "list", "--json"))
    assert (row["state"], row["session"], row["orphan"]) == ("kept", session, True)
