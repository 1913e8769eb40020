"""A plan file is read strictly: what is wrong is said with its line before anything starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sessions.plans.read import CheckedPlan, order

Read = Callable[[str], CheckedPlan]
Wrong = Callable[[str], list[str]]

TASK = '[[task]]\nname = "one"\nprompt = "Do it."\n'


def test_the_example_of_the_design_is_read(read: Read, tmp_path: Path) -> None:
    (tmp_path / "parsers").mkdir()
    for name in ("a.py", "b.py", ".hidden.py"):
        (tmp_path / "parsers" / name).touch()
    checked = read(
        """
[plan]
title = "Port the parsers"
goal = "What done means."
directory = "."
profile = "test"
parallel = 12
budget = {usd = 40.0, tokens = 20_000_000, hours = 9.0}
until = "07:00"
unanswered = "wait"
[[task]]
name = "report"
needs = ["port", "idea"]
prompt = "Write what changed: {port.answers} {port.diffs}"
[[task]]
name = "survey"
prompt = "List what every parser under {plan.directory} must keep."
[[task]]
name = "port"
needs = ["survey"]
for_each = {files = "parsers/*.py"}
prompt = "Port {item}. Known: {survey.answer}"
check = ["make", "test", "ONLY={item.stem}"]
tries = 3
[[task]]
name = "idea"
best_of = 4
prime = "acronym:count=100"
judge = {profile = "critic", prompt = "Which would survive a referee?"}
prompt = "…"
"""
    )
    assert [t.name for t in order(checked.plan.tasks)] == ["survey", "port", "idea", "report"]
    port = checked.plan.task("port")
    assert checked.sessions(port) == 2
    assert checked.sessions(checked.plan.task("idea")) == 4
    assert checked.plan.head.budget.tokens == 20_000_000


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[plan]\n", "it has no task"),
        ('[plan]\nparalel = 3\n' + TASK, "line 2: plan.paralel: unknown key; did you"),
        ("[plan]\nparallel = 'x'\n" + TASK, "line 2: plan.parallel: must be a whole number"),
        ("[[tasks]]\nname = 'a'\n", "line 1: tasks: unknown key; did you mean task"),
        (TASK + "trys = 3\n", "line 4: task one trys: unknown key; did you mean tries"),
        (TASK + TASK, "line 5: task one name: two tasks are called one"),
        (TASK + 'needs = ["on"]\n', "line 4: task one needs: no task is called 'on'; did"),
        (TASK + 'needs = ["one"]\n', "line 4: task one needs: goes in a circle: one needs one"),
        ('[[task]]\nname = "a"\nprompt = """\n[x]\n{itm}"""\n', "line 3: task a prompt: {itm} is"),
        (TASK + 'check = ["no-such-program"]\n', "line 4: task one check: 'no-such-program'"),
        (TASK + 'check = ["./folder"]\n', "line 4: task one check: './folder' is no program"),
        (TASK + 'for_each = {lines = "none.txt"}\n', "line 4: task one for_each: There is no file"),
        (TASK + 'for_each = {files = "*.none"}\n', "no file in"),
        (TASK + "for_each = {values = [1], lines = 'f'}\n", "needs one of files, lines, rows"),
        (TASK + 'for_each = {answer = "one"}\n', 'add "one" to needs'),
        (TASK + "best_of = 3\n", "best_of and judge go together"),
        (TASK + 'prime = "acronim"\n', "line 4: task one prime: There is no priming"),
        (TASK + 'profile = "tset"\n', "line 4: task one profile: no profile is called 'tset'; did"),
        (TASK + 'skills = ["hiku"]\n', "no skill is called 'hiku'; did you mean haiku"),
        ('[plan]\nuntil = "25:00"\n' + TASK, "line 2: plan.until: '25:00' is no time of a day"),
        ('[plan]\ndirectory = "gone"\n' + TASK, "line 2: plan.directory: there is no directory"),
        ("[plan\n" + TASK, "it is not TOML"),
        (TASK + "[task.judge]\npromt = 'x'\n", "line 5: task one judge.promt: unknown key"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(
    wrong: Wrong, tmp_path: Path, text: str, told: str
) -> None:
    (tmp_path / "folder").mkdir()
    assert any(told in finding for finding in wrong(text)), wrong(text)


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("{b.answer}", 'add "b" to needs'),
        ("{many.answer}", "write {many.answers}"),
        ("{item}", "the task has no for_each"),
        ("{ plan.goal }", "without spaces"),
        ("{plan.gaol}", "{plan.goal}"),
    ],
)
def test_a_placeholder_that_leads_nowhere_says_what_to_write(
    wrong: Wrong, place: str, told: str
) -> None:
    text = (
        f'[[task]]\nname = "a"\nneeds = ["many"]\nprompt = "{place}"\n'
        '[[task]]\nname = "b"\nprompt = "x"\n'
        '[[task]]\nname = "many"\nprompt = "{item}"\nfor_each = {values = [1, 2]}\n'
    )
    assert [f for f in wrong(text) if f.startswith("line 4: task a prompt") and told in f]


def test_a_row_without_a_field_is_told_before_anything_starts(wrong: Wrong, tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text('{"a": 1, "b": 2}\n{"a": 1}\n')
    text = '[[task]]\nname = "t"\nprompt = "{item.b}"\nfor_each = {rows = "r.jsonl"}\n'
    assert wrong(text) == ["line 3: task t prompt: item 2 of 2 has no b"]


def test_braces_that_are_no_placeholder_stay(read: Read) -> None:
    assert read('[[task]]\nname = "t"\nprompt = \'{"a": {{b}}} {} {1}\'\n')
