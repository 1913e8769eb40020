"""The bundled skill-creator's check and the deck's own agree on what a valid skill is."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from sessions.harvest.draft import MAX_DESCRIPTION
from skills import validate as ours
from tests.unit.harvest.recordings import CWD, KINDS

BUNDLED = Path(ours.__file__).parent / "bundled" / "skill-creator"
GOOD = "name: tides\ndescription: Makes tide tables. Use when high water is asked for.\n"
FRONTS = {
    "good": GOOD,
    "every key": f"{GOOD}license: M\ncompatibility: any\nallowed-tools: Rg\nmetadata:\n  a: b\n",
    "an unknown key": f"{GOOD}version: 1\n",
    "no name": "description: x. Use when y.\n",
    "no description": "name: tides\n",
    "an empty description": "name: tides\ndescription:\n",
    "capitals": GOOD.replace("tides", "Tides", 1),
    "two hyphens": GOOD.replace("tides", "ti--des", 1),
    "a hyphen at the end": GOOD.replace("tides", "tides-", 1),
    "an underscore": GOOD.replace("tides", "ti_des", 1),
    "another name than the folder": GOOD.replace("tides", "ebbs", 1),
    "a long description": f"name: tides\ndescription: {'x' * (MAX_DESCRIPTION + 1)}\n",
    "a description of all characters": f"name: tides\ndescription: {'x' * MAX_DESCRIPTION}\n",
    "a long compatibility": f"{GOOD}compatibility: {'x' * 501}\n",
    "a quoted description": 'name: tides\ndescription: "Tides: use when asked"\n',
    "a key twice": f"{GOOD}name: tides\n",
}
TEXTS = {
    "good": f"---\n{GOOD}---\n\nDo it.\n",
    "nothing": "",
    "no frontmatter": "# Tides\n",
    "never closed": f"---\n{GOOD}\nDo it.\n",
    "a dead link": f"---\n{GOOD}---\n\nSee [more](references/more.md).\n",
    "no instructions": f"---\n{GOOD}---\n",
    "carriage returns": f"---\n{GOOD}---\n\nDo it.\n".replace("\n", "\r\n"),
    "a blank line first": f"\n---\n{GOOD}---\n\nDo it.\n",
}
CASES = {
    **TEXTS,
    **{f"key: {name}": f"---\n{front}---\n\nDo it.\n" for name, front in FRONTS.items()},
}


@pytest.fixture(scope="module")
def bundled() -> Any:
    """The bundled script as a module."""
    spec = importlib.util.spec_from_file_location("bundled_creator", BUNDLED / "scripts/skill.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("case", CASES)
def test_one_finds_valid_what_the_other_does(tmp_path: Path, bundled: Any, case: str) -> None:
    folder = tmp_path / "tides"
    folder.mkdir()
    (folder / "SKILL.md").write_bytes(CASES[case].encode())
    problems, _ = bundled.check(folder)
    report = ours.validate(folder)
    assert (not problems) == report.valid, (problems, report.findings)


def test_their_rules_are_the_same_figures(bundled: Any) -> None:
    assert set(bundled.KEYS) == set(ours.FIELDS)
    text = (BUNDLED / "SKILL.md").read_text()
    for told in ("under 500 lines", "at most 1,024 characters", "a-z, 0-9 and hyphens"):
        assert told in text, told


def test_a_draft_of_the_decks_passes_both(tmp_path: Path, bundled: Any) -> None:
    from sessions.harvest.service import Harvest
    from tests.support.rig import rig_places
    from tests.unit.harvest.test_service import record

    record(tmp_path, "s1", *KINDS["plot"]().events, cwd=CWD)
    harvest = Harvest(rig_places(tmp_path))
    folder = harvest.drafts / harvest.create(harvest.of_named(["s1"])).name
    assert bundled.check(folder) == ([], [])
    assert ours.validate(folder).findings == ()
