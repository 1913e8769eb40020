"""A plan whose tasks OpenCode and Claude Code do, two profiles of each, in worktrees, with checks.

Run by `make agents`; skipped where the agents are not installed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from sessions import config
from sessions.engine.whole_deck import WholeDeck
from sessions.plans import report
from tests.agents import dialects
from tests.agents.setting import AGENTS, configuration
from tests.support.gitrig import git, repo
from tests.support.messages_server import MessagesServer, Request, Step
from tests.support.rig import rig_places, until

TWO = ("opencode", "claude-code")
pytestmark = [
    pytest.mark.skipif(not set(TWO) <= set(AGENTS), reason="run by `make agents`"),
    pytest.mark.timeout(400),
]
WORDS = ("kettle", "snow", "owl")
PROFILES = [f"{agent}-{number}" for agent in TWO for number in (1, 2)]
TASK = """
[[task]]
name = "by-{profile}"
profile = "{profile}"
for_each = {{values = ["kettle", "snow", "owl"]}}
prompt = "please write {{item}}"
check = ["grep", "-q", "about a {{item}}", "{{item}}.txt"]
"""
_TREE = re.compile(r"/[^\s\"'<>\\]*/worktrees/[^\s\"'<>\\,]*[^\s\"'<>\\,.:/]")


def script(request: Request) -> Sequence[Step]:
    """Writes a sentence into a file of the worktree that the agent says it is in."""
    speak, body = dialects.of(request), str(request.body)
    wished = re.findall(r"please write (\w+)", body)
    write, trees = dialects.writer(request), Counter(_TREE.findall(body))
    if dialects.wish(request) != "write" or not write or not trees:
        return speak.say("It is ", "written.")
    path = f"{min(trees, key=len)}/{wished[-1]}.txt"
    given = {name: f"A sentence about a {wished[-1]}.\n" for name in ("content", "file_text")}
    given |= dict.fromkeys(("filePath", "file_path", "path"), path)
    return speak.call(write["name"], dialects.filled(write, given), f"call_{request.number}")


async def test_agents_pass_checks_in_worktrees(tmp_path: Path) -> None:
    work = repo(tmp_path / "work")
    places = rig_places(tmp_path / "home")
    places.config_file.parent.mkdir(parents=True)
    profiles = "".join(
        f'[profiles.{profile}]\nbackend = "{profile[:-2]}"\npermission = "edit"\n'
        for profile in PROFILES
    )
    (tmp_path / "plan.toml").write_text(
        f'[plan]\ntitle = "Agents"\ndirectory = "{work}"\nworktrees = true\nparallel = 4\n'
        'unanswered = "fail"\n' + "".join(TASK.format(profile=profile) for profile in PROFILES)
    )
    async with MessagesServer(script) as server:
        told = configuration(server.url, tmp_path / "agents", TWO)
        places.config_file.write_text(told + profiles)
        deck = WholeDeck(places, config.load(places.config_file))
        await deck.open()
        try:
            runner = await deck.plans.begin(tmp_path / "plan.toml")
            await until(lambda: runner.idle, 300)
            data = report.build(runner.run)
            whys = {u["unit"]: u["why"] for u in (*data["failed"], *data["person"])}
            assert runner.run.over == "done", whys
        finally:
            await deck.close()
    assert len(data["done"]) == len(PROFILES) * len(WORDS)
    for unit in data["done"]:
        assert unit["by"] == "check"
        assert unit["evidence"] and unit["evidence"]["code"] == 0
        assert unit["files"] == [f"{unit['item']}.txt"]
        assert "about a" in git(work, "show", f"{unit['branch']}:{unit['item']}.txt")
    assert git(work, "status", "--porcelain") == ""
