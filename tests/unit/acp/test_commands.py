"""How an agent's command is read: which agent it starts, where, and how to sign in to it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from sessions.backends.acp.signin import ways
from sessions.config.known_agents import AGENTS, COMMON_ENV, carried, is_remote, known_by_command
from sessions.importers.homes import homes

OPENCODE = AGENTS["opencode"]


@pytest.mark.parametrize(
    "command",
    [
        ["opencode", "acp"],
        ["/opt/bin/opencode", "acp"],
        ["ssh", "host", "opencode", "acp"],
        ["ssh", "host", "cd /srv/project && exec opencode acp"],
        ["docker", "exec", "-i", "box", "opencode", "acp"],
        ["sh", "-c", "exec /opt/bin/opencode acp"],
    ],
)
def test_a_known_agent_is_known_however_it_is_started(command: list[str]) -> None:
    assert known_by_command(command) is OPENCODE


def test_an_agent_keeps_its_own_where_an_import_looks_for_it() -> None:
    def places(env: dict[str, str]) -> dict[str, list[Path]]:
        return homes(Path("/none"), env)

    names = {
        "CLAUDE_CONFIG_DIR", "CODEX_HOME", "COPILOT_HOME", "GEMINI_CLI_HOME", "OPENCODE_DB",
        "QWEN_HOME", "QWEN_RUNTIME_DIR", "VIBE_HOME", "XDG_DATA_HOME",
    }  # fmt: skip
    for name in names:
        moved = places({name: "/moved"})
        for agent, known in AGENTS.items():
            if moved[agent] != places({})[agent]:
                assert name in (*known.keys, *COMMON_ENV), f"{agent} does not see {name}"


ASKS = f"OPENCODE_PERMISSION={OPENCODE.env()['OPENCODE_PERMISSION']}"


def test_a_command_of_this_machine_stays_as_it_is() -> None:
    assert carried(["opencode", "acp"], OPENCODE) == ["opencode", "acp"]


def test_opencode_asks_for_every_tool_that_does_not_only_look() -> None:
    rules = json.loads(OPENCODE.env()["OPENCODE_PERMISSION"])
    # The last rule that fits counts: what an MCP server brings has any name.
    assert next(iter(rules)) == "*" and rules["*"] == "ask"
    allowed = {name for name, rule in rules.items() if rule == "allow"}
    assert allowed == {"glob", "grep", "list", "todowrite", "todoread", "task"}


def test_what_makes_an_agent_ask_goes_along_to_a_container() -> None:
    made = carried(["docker", "exec", "-i", "opencode", "opencode", "acp"], OPENCODE)
    assert made[:5] == ["docker", "exec", "-i", "opencode", "env"]
    made = carried(["kubectl", "exec", "-i", "pod", "--", "opencode", "acp"], OPENCODE)
    assert made[:6] == ["kubectl", "exec", "-i", "pod", "--", "env"]
    assert ASKS in made
    assert made[-2:] == ["opencode", "acp"]


@pytest.mark.parametrize("words", [["opencode", "acp"], ["cd '/a b' && exec opencode acp"]])
def test_over_ssh_it_is_quoted_for_the_shell_over_there(words: list[str]) -> None:
    made = carried(["ssh", "-T", "host", *words], OPENCODE)
    assert made[:3] == ["ssh", "-T", "host"]
    line = shlex.split(" ".join(made[3:]))  # ssh joins its words
    assert ASKS in line
    assert line[-2:] == ["opencode", "acp"]


def test_no_secret_goes_along() -> None:
    made = carried(["ssh", "host", "opencode", "acp"], OPENCODE)
    assert "PASSWORD" not in " ".join(made)


def test_one_signs_in_where_the_agent_runs() -> None:
    command = ["ssh", "host", "opencode", "acp"]
    assert is_remote(command)
    info = {"authMethods": [{"id": "t", "name": "Log in", "type": "terminal", "args": ["login"]}]}
    (way,) = ways(info, command, OPENCODE)
    assert way.kind == "variable" and not way.command
    assert "on the agent's machine" in way.description
