"""A skill's folder that a session wrote is one byproduct, and becomes a draft as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessions.errors import AgentdeckError
from sessions.harvest.service import Harvest
from sessions.record import events as ev
from skills import entries
from skills.validate import validate
from tests.support.rig import rig_places
from tests.unit.harvest.test_service import SECRET, record

MD = """---
name: tide-tables
description: Makes tide tables. Use when somebody asks for high water.
license: MIT
---

# Tide tables

Run `scripts/tides.py HARBOUR`; see references/harbours.md.
"""


def written(root: Path, base: str = "tide-tables/") -> Harvest:
    """A session that wrote a skill and something else, and ran its script."""
    events: list[ev.Event] = [ev.UserMessage(turn=1, text="Make a skill of it")]
    files = {
        f"{base}SKILL.md": MD,
        f"{base}scripts/tides.py": "print('high water')\n",
        f"{base}references/harbours.md": f"Emden, token {SECRET}\n",
        "notes.txt": "not of the skill\n",
    }
    for number, (path, content) in enumerate(files.items()):
        given = {"file_path": path, "content": content}
        events.append(ev.ToolCall(turn=1, call=f"w{number}", name="Write", input=given))
        events.append(ev.ToolResult(turn=1, call=f"w{number}", status="ok"))
    command = {"command": f"python3 {base}scripts/tides.py"}
    events.append(ev.ToolCall(turn=1, call="r", name="Bash", input=command))
    events.append(ev.ToolResult(turn=1, call="r", status="ok", data={"exit_code": 0}))
    record(root, "s1", *events, ev.TurnEnded(turn=1, reason="end_turn"))
    return Harvest(rig_places(root))


def test_the_folder_is_one_thing_and_the_rest_another(tmp_path: Path) -> None:
    found = {f.path: f for f in written(tmp_path).byproducts(["s1"]) if f.path}
    assert set(found) == {"tide-tables/SKILL.md", "notes.txt"}
    skill = found["tide-tables/SKILL.md"]
    assert skill.kind == "skill" and skill.signals["passed"] and skill.text == MD
    assert set(skill.signals["files"]) == {"scripts/tides.py", "references/harbours.md"}


def test_in_the_working_directory_only_a_skills_folders_belong_to_it(tmp_path: Path) -> None:
    found = {f.path: f for f in written(tmp_path, "").byproducts(["s1"]) if f.path}
    assert set(found) == {"SKILL.md", "notes.txt"}
    assert set(found["SKILL.md"].signals["files"]) == {"scripts/tides.py", "references/harbours.md"}


def test_it_is_drafted_as_it_was_written_and_installed(tmp_path: Path) -> None:
    harvest = written(tmp_path)
    assert "tide-tables/SKILL.md was written here" in harvest.suggestions.why("s1")
    (chosen,) = harvest.worth(harvest.byproducts(["s1"]), named=True)
    draft = harvest.create([chosen])
    assert draft.name == "tide-tables" and draft.description.startswith("Makes tide tables.")
    assert draft.body.strip() == MD.split("---\n")[2].strip()
    assert draft.files["scripts/tides.py"] == b"print('high water')\n"
    assert SECRET.encode() not in b"".join(draft.all_files().values())
    assert any("license" in flag for flag in draft.flags)
    assert set(draft.file_receipts.values()) == {chosen.id}
    path = harvest.install(draft.name)
    assert path.name == "tide-tables" and validate(path).findings == ()


def test_a_bomb_in_a_written_skill_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More files than a skill may have, and a name that leads out of its folder."""
    monkeypatch.setattr(entries, "MAX_FILES", 10)
    events: list[ev.Event] = [ev.UserMessage(turn=1, text="Make a skill of it")]
    files = {"tide-tables/SKILL.md": MD, "tide-tables/../../out.sh": "echo out\n"}
    files |= {f"tide-tables/scripts/{n}.py": f"print({n})\n" for n in range(12)}
    for number, (path, content) in enumerate(files.items()):
        given = {"file_path": path, "content": content}
        events.append(ev.ToolCall(turn=1, call=f"w{number}", name="Write", input=given))
        events.append(ev.ToolResult(turn=1, call=f"w{number}", status="ok"))
    record(tmp_path, "s1", *events)
    harvest = Harvest(rig_places(tmp_path))
    (chosen,) = harvest.of_named(["s1"])
    assert "out.sh" not in str(sorted(chosen.signals["files"]))
    with pytest.raises(AgentdeckError):
        harvest.install(harvest.create([chosen]).name)
    assert not list(rig_places(tmp_path).my_skills.glob("*/SKILL.md"))
