"""Upkeep says which skills were used, by whom, with what outcome, and shows the messages."""

from __future__ import annotations

import os
import time
from itertools import chain
from pathlib import Path

import pytest

from sessions.api.harvest import SkillKept
from sessions.cli.skills import skills
from sessions.config.model import UpkeepConfig
from sessions.harvest.service import Harvest
from sessions.record import events as ev
from sessions.record.closed_sets import SkillUse
from tests.support.invoked import invoke
from tests.support.rig import rig_places
from tests.unit.harvest.test_service import record

TIDES = "Makes tide tables of a harbour. Use when somebody asks for high water or a tide table."


def skill(root: Path, name: str, description: str = TIDES, *, weeks: float = 0) -> None:
    """A skill of mine, as old as it is said."""
    file = rig_places(root).my_skills / name / "SKILL.md"
    file.parent.mkdir(parents=True)
    file.write_text(f"---\nname: {name}\ndescription: {description}\n---\n\n# {name}\n")
    then = time.time() - weeks * 7 * 86_400
    os.utime(file, (then, then))


def turn(number: int, text: str, name: str = "", how: SkillUse = "tool") -> list[ev.Event]:
    used = [ev.SkillUsed(name=name, how=how, turn=number)] if name else []
    ended = ev.TurnEnded(turn=number, reason="end_turn")
    return [ev.UserMessage(turn=number, text=text), *used, ended]


def upkeep(root: Path, *turns: list[ev.Event], on: str = "tides") -> dict[str, SkillKept]:
    events = [event for each in turns for event in each]
    record(root, "s1", ev.SkillSet(name=on, state="on"), *events)
    harvest = Harvest(rig_places(root))
    again = harvest.upkeep()  # the second time from what was remembered
    assert harvest.upkeep() == again
    return {each["name"]: each for each in again}


def test_who_used_a_skill_and_with_what_outcome(tmp_path: Path) -> None:
    skill(tmp_path, "tides")
    found = upkeep(
        tmp_path,
        turn(1, "High water in Emden?", "tides"),
        turn(2, "No, that is wrong"),
        turn(3, "And a table?", "tides", "user"),
    )["tides"]
    assert (found["used"], found["by_model"], found["by_user"], found["helped"]) == (2, 1, 1, 1)
    assert found["says"] == []


def test_a_trial_of_a_skill_is_no_use_of_it(tmp_path: Path) -> None:
    skill(tmp_path, "tides")
    _, used, ended = turn(1, "", "tides")
    tried = ev.UserMessage(turn=1, text="Try it", origin="harvest")
    found = upkeep(tmp_path, [tried, used, ended], turn(2, "High water?", "tides", "user"))["tides"]
    assert (found["used"], found["by_model"], found["by_user"], found["offered"]) == (1, 0, 1, 1)


def test_one_that_fires_too_often_is_shown_with_the_messages_that_say_so(tmp_path: Path) -> None:
    skill(tmp_path, "tides")
    turns = []
    for number in range(1, 10, 2):
        turns += [turn(number, f"Sum column {number}", "tides"), turn(number + 1, "No, stop that")]
    found = upkeep(tmp_path, *turns)["tides"]
    assert "opened too often" in found["says"][0] and "Sum column 9" in found["messages"]


@pytest.mark.parametrize(
    ("text", "said"),
    [("A tide table of harbour {}", "never opened, though its words fit 12"),
     ("Paint wall {} green", "never triggered")],
)  # fmt: skip
def test_one_that_never_fires_is_shown_with_the_messages_that_say_so(
    tmp_path: Path, text: str, said: str
) -> None:
    skill(tmp_path, "tides")
    found = upkeep(tmp_path, *(turn(n, text.format(n)) for n in range(1, 13)))["tides"]
    assert said in found["says"][0] and text.format(12) in found["messages"]


def test_what_is_stale_and_what_overlaps_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    skill(tmp_path, "tides", weeks=20)
    skill(tmp_path, "tide-tables")
    skill(tmp_path, "bread", "Bakes a loaf of rye. Use when there is sourdough to be used up.")
    found = upkeep(tmp_path)
    assert [s.split(":")[0] for s in found["tides"]["says"]] == [
        "stale", "says what tide-tables says",
    ]  # fmt: skip
    assert found["bread"]["says"] == []
    monkeypatch.setenv("AGENTDECK_HOME", str(rig_places(tmp_path).config_file.parent))
    told = invoke(skills, ["upkeep"])
    assert told.exit_code == 0


def test_when_a_skill_wants_a_look_is_the_users_to_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    skill(tmp_path, "tides", weeks=3)
    skill(tmp_path, "tide-tables", weeks=3)
    turns = [turn(1, "Sum a column", "tides"), turn(2, "No, stop that"), turn(3, "Paint it")]
    record(tmp_path, "s1", ev.SkillSet(name="tide-tables", state="on"), *chain(*turns))
    harvest = Harvest(rig_places(tmp_path))

    def says(**limits: float) -> list[str]:
        every = {"stale_weeks": 0, "offered": 0, "opened": 0, "alike": 0}
        found = harvest.upkeep(UpkeepConfig(**{**every, **limits}))  # type: ignore[arg-type]
        return [each["name"] + ": " + said for each in found for said in each["says"]]

    assert says() == []
    assert says(stale_weeks=2)[0].endswith("stale: not used for 2 weeks; put it away?")
    assert says(offered=2)[0].startswith("tide-tables: never triggered: it was on for 3")
    assert says(opened=1)[0].startswith("tides: opened too often: it helped in 0 of 1")
    assert says(opened=1, helped=0) == [] and len(says(alike=0.1)) == 2
    assert [each.idle for each in harvest.uses(UpkeepConfig(stale_weeks=2))] == [True, False]
    rig_places(tmp_path).config_file.write_text("[skills.upkeep]\nopened = 1\nalike = 0\n")
    monkeypatch.setenv("AGENTDECK_HOME", str(rig_places(tmp_path).config_file.parent))
    told = invoke(skills, ["upkeep"])
    assert "opened too often" in told.output and "says what" not in told.output
