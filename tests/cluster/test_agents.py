"""Claude Code and OpenCode as tasks on Ray: AGENTDECK_AGENTS names the folder that has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessions.plans import report
from tests.agents.setting import AGENTS, configuration
from tests.agents.test_plan import PROFILES, TASK, TWO, WORDS, script
from tests.cluster.conftest import LONG_S, Decks
from tests.support.gitrig import git, repo
from tests.support.rig import until

pytest.importorskip("ray")
pytestmark = [
    pytest.mark.skipif(not set(TWO) <= set(AGENTS), reason="the agents are not here"),
    pytest.mark.timeout(900),
]


async def test_agents_pass_checks_as_actors(
    decks: Decks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each in a worktree on its node; the key goes along because the plan names it."""
    work = repo(tmp_path / "work")
    decks.server.script = script
    told = configuration(decks.server.url, tmp_path / "agents", TWO)
    profiles = PROFILES[::2]
    decks.more = told[told.index(f"[backends.{TWO[0]}]") :] + "".join(
        f'[profiles.{each}]\nbackend = "{each[:-2]}"\npermission = "edit"\n' for each in profiles
    )
    monkeypatch.setenv("ANTHROPIC_API_KEY", "local")
    (tmp_path / "plan.toml").write_text(
        f'[plan]\ntitle = "Agents"\ndirectory = "{work}"\nworktrees = true\nparallel = 2\n'
        'where = "ray"\nkeys = ["ANTHROPIC_API_KEY"]\nunanswered = "fail"\n'
        + "".join(TASK.format(profile=each) for each in profiles)
    )
    far = await decks.open()
    runner = await far.deck.plans.begin(tmp_path / "plan.toml")
    await until(lambda: runner.idle, LONG_S * 6)
    data = report.build(runner.run)
    whys = {u["unit"]: u["why"] for u in (*data["failed"], *data["person"])}
    assert runner.run.over == "done", whys
    assert len(data["done"]) == len(profiles) * len(WORDS)
    for unit in data["done"]:
        assert unit["files"] == [f"{unit['item']}.txt"]
        assert "about a" in git(work, "show", f"{unit['branch']}:{unit['item']}.txt")
