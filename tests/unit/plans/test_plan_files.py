"""The plans of a directory are found, with what each leads to or what is wrong with it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sessions.errors import UsageError
from sessions.plans import plan_files
from tests.unit.plans.conftest import configuration

TASK = '[[task]]\nname = "one"\nprompt = "Do it."\n'


def test_plans_are_told_from_other_files_and_the_newest_comes_first(tmp_path: Path) -> None:
    (tmp_path / "plans").mkdir()
    files = {"pyproject.toml": "[tool]\n", "a.toml": TASK, "plans/b.toml": TASK, "c.plan.toml": "x"}
    for number, (name, text) in enumerate(files.items()):
        (tmp_path / name).write_text(text)
        os.utime(tmp_path / name, (number, number))
    (tmp_path / "d.toml").mkdir()
    found = plan_files.found(tmp_path, configuration(), [])
    assert [Path(plan["path"]).name for plan in found] == ["c.plan.toml", "b.toml", "a.toml"]
    assert found[0]["fault"] and not found[1]["fault"]
    assert (found[1]["tasks"], found[1]["sessions"], found[1]["more"]) == (1, 1, False)


def test_a_new_one_can_be_started_as_it_is_and_takes_no_others_place(tmp_path: Path) -> None:
    first, second = plan_files.begin(tmp_path), plan_files.begin(tmp_path)
    assert first != second
    told = plan_files.look(first, configuration(), [])
    assert not told["fault"] and told["sessions"] == 3


def test_a_directory_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't be read"):
        plan_files.found(tmp_path / "none", configuration(), [])
