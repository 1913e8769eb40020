"""Skills that an agent reads by itself: switched off where it can be, else shown and told once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sessions.api.skills import SkillListed
from sessions.backends.acp.backend import AcpBackend, AgentConfig
from sessions.backends.acp.own_skills import meta, read_by, switched_off
from sessions.features.session_skills import SessionSkills
from skills.library import Library, SkillPlaces
from skills.skill import State
from tests.support.skill_folders import DESCRIPTION, make_skill
from tui.panels.skills.rows import skill_row


def test_each_agents_own_switch_leaves_what_the_user_has_set(tmp_path: Path) -> None:
    given = {"OPENCODE_PERMISSION": '{"bash":"ask","skill":"allow"}'}
    told = switched_off("opencode", given, (), tmp_path)
    assert json.loads(told["OPENCODE_PERMISSION"]) == {"skill": "allow", "bash": "ask"}
    told = switched_off("opencode", {"OPENCODE_PERMISSION": '{"bash":"ask"}'}, (), tmp_path)
    assert json.loads(told["OPENCODE_PERMISSION"]) == {"skill": "deny", "bash": "ask"}
    assert told["OPENCODE_PERMISSION"].index("skill") > told["OPENCODE_PERMISSION"].index("bash")
    told = switched_off("codex", {"CODEX_CONFIG": '{"skills":{"config":[]}}'}, (), tmp_path)
    assert json.loads(told["CODEX_CONFIG"])["skills"] == {
        "config": [],
        "include_instructions": False,
    }
    assert switched_off("vibe", {"A": "b"}, (), tmp_path) == {
        "A": "b",
        "VIBE_DISABLED_SKILLS": '["*"]',
    }
    told = switched_off("gemini", {}, ("demo",), tmp_path)
    assert told == {"GEMINI_PROMPT_AGENTSKILLS": "0"}
    assert switched_off("somebody", {"A": "b"}, ("demo",), tmp_path) == {"A": "b"}


def test_qwens_settings_are_those_of_the_machine_with_the_skills_off(tmp_path: Path) -> None:
    name = "QWEN_CODE_SYSTEM_SETTINGS_PATH"
    theirs = tmp_path / "theirs.json"
    theirs.write_text('{"ui": {"x": 1}, "skills": {"disabled": ["a"]}}')
    told = switched_off("qwen", {name: str(theirs)}, ("demo",), tmp_path)
    written = Path(told[name])
    assert written != theirs and theirs.read_text().count("demo") == 0
    assert json.loads(written.read_text()) == {
        "ui": {"x": 1},
        "skills": {"disabled": ["a", "demo"]},
    }


def test_claude_is_told_with_each_session() -> None:
    told = meta("claude-code", ["b", "a"])["_meta"]["claudeCode"]["options"]["settings"]
    assert told == {"skillOverrides": {"a": "off", "b": "off"}}
    assert meta("gemini", ["a"]) == {}


@pytest.mark.parametrize(
    ("agent", "off", "where", "own"),
    [
        ("gemini", (), "home/.gemini/skills", False),
        ("copilot", (), "work/.github/skills", True),
        ("codex", (), "home/.agents/skills", False),
        ("somebody", (), "home/.agents/skills", False),
        ("qwen", None, "home/.qwen/skills", False),
        ("qwen", ("demo",), "home/.qwen/skills", False),
        ("qwen", ("other",), "home/.qwen/skills", True),
        ("claude-code", (), "work/.claude/skills", True),
    ],
)
def test_what_can_not_be_switched_off_is_known_by_its_folder(
    agent: str,
    off: tuple[str, ...] | None,
    where: str,
    own: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    skills = [("demo", tmp_path / where / "demo")]
    found = read_by(agent, off, skills, tmp_path / "work" / "below")
    assert found == (frozenset({"demo"}) if own else frozenset())


async def test_an_agent_elsewhere_reads_none_of_ours(tmp_path: Path) -> None:
    backend = AcpBackend(AgentConfig("g", ("ssh", "host", "gemini", "--acp"), state=tmp_path))
    skills = [("demo", Path.home() / ".gemini/skills/demo")]
    assert backend.own_skills(skills, tmp_path) == frozenset()


class Session:
    """As much of a session as its skills need."""

    def __init__(self, cwd: Path) -> None:
        self.observers: list[object] = []
        self.summary = self
        self.cwd = str(cwd)


async def test_nothing_is_told_twice_and_its_price_is_counted(tmp_path: Path) -> None:
    make_skill(tmp_path / "mine", "theirs")
    make_skill(tmp_path / "mine", "ours")
    library = Library(SkillPlaces(tmp_path / "mine", tmp_path / "keep", tmp_path / "home"))
    skills = SessionSkills(Session(tmp_path), library, lambda _: frozenset({"theirs"}))  # type: ignore[arg-type]
    skills.states = {"theirs": State.ON, "ours": State.ON}
    listing = skills._listing("path")
    assert listing.count(DESCRIPTION) == 1 and "theirs" not in listing
    rows = {row["name"]: row["own"] for row in skills.rows() if row["scope"] == "mine"}
    assert rows == {"theirs": True, "ours": False}
    both = skills.cost()["tokens"]
    skills.states = {"ours": State.ON}
    assert skills.cost()["tokens"] == both, "off here, and in its model's view all the same"


def test_its_row_says_so() -> None:
    skill: SkillListed = {
        "name": "demo", "description": "", "path": "/s/demo", "scope": "home",
        "shadowed_by": None, "state": "off",
        "usable": True, "used": 0, "listing_tokens": 40, "body_tokens": 100, "own": True,
    }  # fmt: skip
    assert "agent's own" in "".join(text for text, _ in skill_row(skill, 90).cells)
    assert " own" in "".join(text for text, _ in skill_row(skill, 50).cells)
