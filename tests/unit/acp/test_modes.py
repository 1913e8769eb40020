"""An agent that nobody described is held in the mode that says of itself that it asks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import cast

import pytest

from sessions.backends.acp.backend import AcpBackend, AgentConfig
from sessions.backends.acp.modes import asking, told, unread
from sessions.backends.acp.options import Options
from sessions.backends.acp.process import AgentProcess
from sessions.config.known_agents import AGENTS
from sessions.record import events as ev
from sessions.record.summary_parts import AgentChoice

# As the agents tell them (seen in November 2026); the last ones are made up.
CLAUDE = {
    "auto": "Auto|Use a model classifier to approve or deny permission prompts",
    "default": "Manual|Always ask before making changes",
    "acceptEdits": "Accept edits|Automatically accept all file edits",
    "plan": "Plan|Create a plan before making changes",
    "bypassPermissions": "Bypass permissions|Accept all permissions",
}
GEMINI = {
    "default": "Default|Prompts for approval",
    "autoEdit": "Auto Edit|Auto-approves edit tools",
    "yolo": "YOLO|Auto-approves all tools",
    "plan": "Plan|Read-only mode",
}
CODEX = {
    "read-only": "Read-only|Requires approval to edit files and access the internet.",
    "agent": "Agent|Work on your own; a model reviews approvals automatically",
    "agent-full-access": "Full access|Never ask",
}
CASES = [
    (CLAUDE, "auto", "default"),
    (CLAUDE, "default", "default"),
    (GEMINI, "yolo", "default"),
    (CODEX, "agent", "read-only"),
    ({"go": "Go|Runs it without asking", "slow": "Slow|Confirms each step"}, "go", "slow"),
    ({"a": "A|Asks first", "b": "B|Asks before each command"}, "b", "b"),
    ({"default": "default|", "auto": "auto|"}, "auto", "default"),
    ({"auto": "Auto|", "plan": "Plan|"}, "auto", "plan"),
    ({"fast": "Fast|", "slow": "Slow|"}, "fast", ""),
    ({"x": "X|Never asks. Does it."}, "x", ""),
    ({"ask": "Ask|", "skip": "Skip|Skips every prompt"}, "skip", "ask"),
    ({}, "", ""),
    # Ids are read whatever is said beside them.
    ({"acceptEdits": "編輯|…", "manual": "手|…"}, "acceptEdits", "manual"),
    (
        {"https://x.test/modes#autopilot": "A|", "https://x.test/modes#ask": "B|"},
        "https://x.test/modes#autopilot",
        "https://x.test/modes#ask",
    ),
    # And words of other languages.
    ({"a": "自动|无需确认，直接执行", "b": "手动|每次执行前询问"}, "a", "b"),
    ({"a": "自動|確認せずに実行します", "b": "通常|実行前に確認します"}, "a", "b"),
    ({"a": "자동|확인 없이 실행", "b": "기본|실행 전에 묻습니다"}, "a", "b"),
    ({"a": "Frei|Handelt ohne zu fragen", "b": "Vorsichtig|Fragt vor jeder Änderung"}, "a", "b"),
    ({"a": "Libre|Agit sans demander", "b": "Prudent|Demande avant chaque action"}, "a", "b"),
    ({"a": "Libre|Actúa sin preguntar", "b": "Normal|Pregunta antes de actuar"}, "a", "b"),
    ({"a": "Livre|Age sem perguntar", "b": "Normal|Pergunta antes de agir"}, "a", "b"),
    (
        {"a": "Свобода|Без подтверждения", "b": "Обычный|Спрашивает перед каждым действием"},
        "a",
        "b",
    ),
    ({"a": "Fragment|Writes fragments"}, "a", ""),
]


def choices(modes: dict[str, str]) -> list[AgentChoice]:
    parts = {value: words.partition("|") for value, words in modes.items()}
    return [{"value": v, "name": n, "description": d} for v, (n, _, d) in parts.items()]


@pytest.mark.parametrize(("modes", "current", "held"), CASES)
def test_the_mode_that_asks_is_known_by_its_words(
    modes: dict[str, str], current: str, held: str
) -> None:
    assert asking(choices(modes), current) == held


def test_a_kind_that_the_agent_tells_goes_before_its_words() -> None:
    """As Codex's adapter does it in `_meta` (August 2026)."""
    options = Options(None)
    given = {"free": ("Ask", "full_access"), "look": ("Ask", "plan"), "mine": ("M", "standard")}
    offered = [
        {"id": i, "name": name, "_meta": {"kind": kind}} for i, (name, kind) in given.items()
    ]
    options.take({"modes": {"currentModeId": "free", "availableModes": offered}})
    (listed,) = options.listed()
    assert asking(listed["choices"], "free") == "mine"


def test_words_that_are_not_read_are_told_to_be_so() -> None:
    mode: AgentChoice = {"value": "x", "name": "ماشین", "description": "همه"}
    assert unread([mode]) and not unread(choices(CLAUDE))
    said = told("X", mode, None, foreign=True)
    assert "may act unasked. What they say may be in a language that is not read here." in said


def test_its_user_is_told_what_was_found() -> None:
    auto, manual, *_ = choices(CLAUDE)
    assert "was put into “Manual”, which asks before it acts, as it says" in told("X", auto, manual)
    assert "is in its mode “Manual”" in told("X", manual, manual)
    assert "may act unasked. It is in “Auto”" in told("X", auto, None)
    assert "\x1b" not in told("X", auto, {"value": "m", "name": "a\x1b[2Jsk"})


async def test_that_is_said_once_in_the_session(tmp_path: Path) -> None:
    from tests.support.host import FakeHost

    agent = str(Path(__file__).parents[2] / "support" / "scripted_agent.py")
    command = [sys.executable, agent, "--state", str(tmp_path / "agent.json")]
    backend = AcpBackend(AgentConfig("odd", command, state=tmp_path))
    try:
        conversation = await backend.open("s", tmp_path, {})
        host = FakeHost(tmp_path)
        host.say("say it")
        for _ in range(2):
            await conversation.turn(host)
            backend.restart()
        notices = [e.message for e in host.events if isinstance(e, ev.Notice)]
        assert len(notices) == 1
        assert "“auto” and was put into “default”" in notices[0]
    finally:
        await backend.close()


ALLOW_ALL: ev.JSON = {
    "type": "select",
    "id": "allow_all",
    "name": "Allow All",
    "category": "permissions",
    "description": "Controls whether Copilot prompts for approval",
    "options": [
        {"value": "on", "name": "On", "description": "Automatically approve all requests"},
        {"value": "off", "name": "Off", "description": "Require approval for requests"},
    ],
}
SWITCH: ev.JSON = {"type": "boolean", "id": "x", "category": "permissions"}
SAID = "Copilot has its option “Allow All” at “On”: it may act unasked. "


@pytest.mark.parametrize(
    ("option", "acts"),
    [
        ({**ALLOW_ALL, "currentValue": "on"}, True),
        ({**ALLOW_ALL, "currentValue": "off"}, False),
        ({**ALLOW_ALL, "currentValue": "on", "category": "model_config"}, False),
        ({**SWITCH, "name": "Allow all tools", "currentValue": True}, True),
        ({**SWITCH, "name": "Allow all tools", "currentValue": False}, False),
        ({**SWITCH, "name": "Ask before commands", "currentValue": False}, True),
        ({**SWITCH, "name": "Ask before commands", "currentValue": True}, False),
        ({**SWITCH, "name": "Log them", "currentValue": True}, False),
    ],
)
def test_an_option_by_which_nothing_is_asked_is_told(option: ev.JSON, acts: bool) -> None:
    options = Options(None)
    options.take({"config_options": [option]})
    assert ("it may act unasked" in options.held("Copilot")) == acts


def test_it_is_told_at_the_start_and_when_it_goes_on_but_not_to_who_chose_it() -> None:
    on, off = ({**ALLOW_ALL, "currentValue": value} for value in ("on", "off"))
    options = Options(None)
    options.take({"config_options": [on]})
    assert options.held("Copilot").startswith(SAID)
    assert options.went("Copilot", {"config_options": [on]}) == ""
    options.take({"config_options": [off]})
    went = options.went("Copilot", {"config_options": [on]})
    assert went.startswith("Copilot put its option “Allow All” to “On”: it may act unasked from")
    options.wanted["allow_all"] = "on"
    assert options.held("Copilot") == ""


@pytest.mark.parametrize("permission", ["read-only", "ask", "edit", "full"])
async def test_it_is_never_chosen_for_the_user(permission: str) -> None:
    options = Options(AGENTS["copilot"])
    options.take({"config_options": [{**ALLOW_ALL, "currentValue": "off"}]})
    await options.apply(cast("AgentProcess", None), "s", "", permission)  # it would ask of None
    assert options.listed()[0]["current"] == "off"
