"""`agentdeck plan …` as users call it."""

from __future__ import annotations

import json
import os
import signal
import time

from sessions.engine import lifecycle
from tests.unit.cli.conftest import Home

PLAN = """[plan]
title = "Three words"
[[task]]
name = "word"
for_each = {values = ["one", "two", "three"]}
prompt = "Say {item}"
[[task]]
name = "all"
needs = ["word"]
prompt = "These came: {word.answers}"
"""


def test_check_says_what_a_plan_leads_to(home: Home) -> None:
    (home.work / "plan.toml").write_text(PLAN)
    assert "2 tasks, 4 sessions" in home.out("plan", "check", "plan.toml")
    told = home.data("plan", "check", "plan.toml")
    assert told["valid"]
    assert [(t["name"], t["sessions"]) for t in told["tasks"]] == [("word", 3), ("all", 1)]


def test_check_refuses_with_line_and_remedy(home: Home) -> None:
    (home.work / "plan.toml").write_text(PLAN.replace("needs", "nedes"))
    done = home.call("plan", "check", "plan.toml", "--json")
    assert done.returncode == 2
    assert "line 9: task all nedes: unknown key; did you mean needs?" in done.stderr
    assert json.loads(done.stdout)["findings"][0]["line"] == 9
    assert home.call("plan", "check", "gone.toml").returncode == 2


def test_start_runs_a_plan_to_its_end(home: Home) -> None:
    (home.work / "plan.toml").write_text(PLAN)
    done = home.call("plan", "start", "plan.toml")
    assert done.returncode == 0, done.stderr
    assert "done: 4 of 4 done" in done.stdout
    run = home.data("plan", "list")[0]
    assert (run["state"], run["counts"]) == ("done", {"done": 4})
    told = home.data("plan", "show", "last")
    assert {u["session"] for u in told["units"]} == set(home.ids())
    assert home.data("plan", "status", run["id"][:12])["id"] == run["id"]


def test_the_exit_code_says_what_came_of_it(home: Home) -> None:
    plan = home.work / "plan.toml"
    plan.write_text('[[task]]\nname = "t"\nprompt = "x"\ncheck = ["false"]\n')
    failed = home.call("plan", "start", "plan.toml")
    assert failed.returncode == 1
    assert "exit code 1" in failed.stdout
    plan.write_text(
        '[[task]]\nname = "t"\nprompt = \'tool Write {"file_path": "a", "content": "b"}\'\n'
    )
    waiting = home.call("plan", "start", "plan.toml", "--json")
    assert waiting.returncode == 3
    kinds = [json.loads(line)["type"] for line in waiting.stdout.splitlines()]
    assert (kinds[0], "unit.waiting" in kinds) == ("run.created", True)
    home.out("plan", "stop", "last")
    assert home.data("plan", "list")[0]["state"] == "stopped"
    assert home.call("plan", "show", "nothing").returncode == 1


def test_a_run_outlives_engines_that_are_killed(home: Home) -> None:
    (home.work / "plan.toml").write_text(
        "[plan]\nparallel = 4\n"
        '[[task]]\nname = "t"\nprompt = "stream {item.number} 30"\n'
        f"for_each = {{values = {list(range(8))}}}\n"
        '[[task]]\nname = "end"\nneeds = ["t"]\nprompt = "Came: {t.answers}"\n'
    )
    follows = home.popen("plan", "start", "plan.toml")
    kills = 0
    while follows.poll() is None and kills < 3:
        pid = lifecycle.running_pid(home.places)
        if pid and _sessions(home) > 2 * kills:
            os.kill(pid, signal.SIGKILL)
            kills += 1
        time.sleep(0.1)
    out, err = follows.communicate(timeout=50)
    assert follows.returncode == 0, (out, err)
    assert kills >= 2
    assert "done: 9 of 9 done" in out
    told = home.data("plan", "show", "last")
    sessions = {row["id"]: row for row in home.data("sessions", "list")}
    for unit in told["units"]:
        over = [s for s in unit["sessions"] if sessions[s]["status"] == "done"]
        assert over == [unit["session"]]
    assert told["spent"]["tokens"] == sum(u["tokens"] for u in told["units"])


def _sessions(home: Home) -> int:
    return len(list(home.places.sessions.iterdir())) if home.places.sessions.is_dir() else 0


def test_a_report_is_there_when_a_run_is_over(home: Home) -> None:
    (home.work / "plan.toml").write_text(PLAN)
    home.out("plan", "start", "plan.toml")
    assert "# Three words" in home.out("plan", "report", "last")
    home.out("plan", "report", "last", "--format", "html", "--out", "r.html")
    assert "<svg" in (home.work / "r.html").read_text()
    told = json.loads(home.out("plan", "report", "last", "--format", "json"))
    assert len(told["done"]) == 4
    (folder,) = (home.places.state / "plans").iterdir()
    assert (folder / "report.md").stat().st_mode & 0o777 == 0o600


def test_a_draft_is_a_plan_that_can_be_started(home: Home) -> None:
    spec = home.work / "SPEC.md"
    spec.write_text('# Night work\n\n- Write a {poem}\n- Read it "twice"\n')
    told = home.out("plan", "draft", "SPEC.md", "--out", "night.toml")
    assert "the spec's own parts" in told
    checked = home.data("plan", "check", "night.toml")
    assert [t["name"] for t in checked["tasks"]] == ["part-1", "part-2", "report"]
    assert home.call("plan", "draft", "SPEC.md", "--out", "night.toml").returncode == 2
    assert home.call("plan", "draft", "nowhere").returncode == 2
    home.out("run", "hello")
    assert "[[task]]" in home.data("plan", "draft", home.ids()[0])["plan"]


def test_a_whole_run_is_harvested(home: Home) -> None:
    (home.work / "plan.toml").write_text(PLAN)
    home.out("plan", "start", "plan.toml")
    assert isinstance(home.data("harvest", "--run", "last", "--list"), list)
    assert home.call("harvest", "--run", "nothing", "--list").returncode == 1
