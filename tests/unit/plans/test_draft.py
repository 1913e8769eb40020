"""A model's plan is read before anybody gets it; its faults go back to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sessions.backends.base import Reply
from sessions.plans.draft import draft, spec_of
from sessions.plans.read import parse
from tests.unit.plans.conftest import configuration

GOOD = 'Here:\n```toml\n[[task]]\nname = "a"\nprompt = "Do it."\n```\nQUESTIONS\n- Which one?\n'


class Model:
    """Says what it is told, one answer after the other."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, messages: Sequence[Mapping[str, Any]]) -> Reply:
        self.asked.append(str(messages[-1]["content"]))
        return Reply(self.answers.pop(0))


async def test_a_plan_that_is_wrong_goes_back_with_its_faults(tmp_path: Path) -> None:
    model = Model(GOOD.replace("prompt", "promt"), GOOD)
    made = await draft(model, "Do it.", tmp_path, configuration())
    assert "did you mean prompt?" in model.asked[1]
    assert (made.questions, made.note) == (["Which one?"], "")
    text = made.file("SPEC.md")
    assert "# - Which one?" in text
    assert parse(text, tmp_path, configuration()).plan.tasks[0].name == "a"


async def test_what_a_model_cant_do_is_not_passed_on(tmp_path: Path) -> None:
    spec = 'Night\n\n## First """ {x}\n## Second\n'
    made = await draft(Model("no", "no", "no"), spec, tmp_path, configuration())
    assert "could not be read" in made.note
    plan = parse(made.file("x\n[plan]"), tmp_path, configuration()).plan
    assert [t.name for t in plan.tasks] == ["part-1", "part-2", "report"]


def test_a_folder_of_notes_is_one_spec(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("two")
    (tmp_path / "a.md").write_text("one")
    (tmp_path / ".hidden.md").write_text("no")
    assert spec_of(tmp_path) == "# a.md\n\none\n\n# b.txt\n\ntwo"
