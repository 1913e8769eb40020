"""Our validator's verdicts equal the reference's, folder by folder, but for its known bugs."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from skills.errors import Unreadable
from skills.skill import Scope, read
from skills.validate import validate

HERE = Path(__file__).parent
CASES = json.loads((HERE / "skill_verdicts.json").read_text())


def differs(tmp_path: Path, cases: list[list[str]]) -> list[tuple[str, str, str]]:
    """The cases of which we say something else."""
    found = []
    for number, (folder, text, verdict) in enumerate(cases):
        place = tmp_path / str(number) / folder
        place.mkdir(parents=True)
        (place / "SKILL.md").write_bytes(text.encode())
        report = validate(place)
        if verdict == "flow":
            # The reference stops at the flow style and looks no further; ours must mention it.
            mentioned = any(advice.rule == "flow" for advice in report.advice)
            if not mentioned and report.valid:
                found.append((folder, text, verdict))
        elif report.valid != (verdict == "valid"):
            found.append((folder, text, verdict))
        shutil.rmtree(place.parent)
    return found


def test_recorded_verdicts_are_ours(tmp_path: Path) -> None:
    verdicts = [case[2] for case in CASES]
    assert min(verdicts.count("valid"), verdicts.count("invalid")) > 100
    assert differs(tmp_path, CASES) == []


def test_a_loaded_skill_gives_the_same_verdict(tmp_path: Path) -> None:
    loaded = 0
    for folder, text, _ in CASES:
        place = tmp_path / folder
        place.mkdir()
        (place / "SKILL.md").write_bytes(text.encode())
        with contextlib.suppress(Unreadable):
            assert read(place, Scope.MINE, tmp_path).valid == validate(place).valid, text
            loaded += 1
        shutil.rmtree(place)
    assert loaded > 400


def test_fresh_verdicts_are_ours(tmp_path: Path) -> None:
    python = os.environ.get("SKILLS_REF_PYTHON", "")
    if not python:
        pytest.skip("SKILLS_REF_PYTHON names no interpreter that has skills-ref")
    seed = random.randrange(10**9)
    command = [python, str(HERE / "make_skill_verdicts.py"), str(seed), "400"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=50)
    assert differs(tmp_path, json.loads(done.stdout)) == [], f"seed {seed}"
