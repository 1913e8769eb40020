"""`agentdeck plan …` as users call it."""

from __future__ import annotations

import json

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
