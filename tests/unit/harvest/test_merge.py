"""A draft meets a skill that is there: nothing of the user's is lost."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sessions.errors import AgentdeckError, NotFound
from sessions.harvest.byproducts import Found
from sessions.harvest.draft import SkillDraft
from sessions.harvest.merge import places
from sessions.harvest.service import Harvest
from sessions.harvest.usage import count, look
from sessions.record import events as ev
from skills.validate import validate
from tests.unit.harvest.test_service import SCRIPT, record, worked


def installed(root: Path) -> tuple[Harvest, Path]:
    """A harvested skill of mine, called `sums`."""
    harvest = worked(root)
    harvest.create(harvest.byproducts(["s1"]), "sums")
    return harvest, harvest.install("sums")


def again(harvest: Harvest, root: Path) -> SkillDraft:
    """A second draft of nearly the same, with one line more."""
    draft = harvest.create(harvest.byproducts(["s1"]), "sums-again")
    md = harvest.drafts / draft.name / "SKILL.md"
    md.write_text(md.read_text() + "- A line of the draft's.\n")
    return harvest.edited(draft.name)


def test_update_keeps_what_the_user_edited_and_takes_what_is_new(tmp_path: Path) -> None:
    harvest, path = installed(tmp_path)
    md = path / "SKILL.md"
    md.write_text(md.read_text().replace("# Sums", "# Sums\n\nMind the units."))
    draft = again(harvest, tmp_path)
    assert [n.offer for n in harvest.neighbours(draft)][:1] == ["update"]
    merged = harvest.merge(draft.name, "sums")
    assert merged.name == "sums" and merged.into == "sums" and merged.version == 2
    assert "Mind the units." in merged.body and "A line of the draft's." in merged.body
    assert harvest.names() == ["sums"] and "+- A line" in merged.rounds[-1]["diff"]
    harvest.install("sums")
    assert "Mind the units." in md.read_text() and "A line of the draft's." in md.read_text()
    assert validate(path).findings == ()


def test_where_both_changed_one_line_both_stand_and_nothing_is_installed(tmp_path: Path) -> None:
    harvest, path = installed(tmp_path)
    md = path / "SKILL.md"
    md.write_text(md.read_text().replace("## Rules", "## My rules"))
    draft = again(harvest, tmp_path)
    text = harvest.drafts / draft.name / "SKILL.md"
    text.write_text(text.read_text().replace("## Rules", "## Laws"))
    harvest.merge(draft.name, "sums")
    with pytest.raises(AgentdeckError, match="changed by you and by the draft"):
        harvest.install("sums")
    assert "## Laws" not in md.read_text(), "the installed skill is as it was"
    text = harvest.drafts / "sums" / "SKILL.md"
    lines = [x for x in text.read_text().splitlines() if x[:7] not in ("<<<<<<<", "=======")]
    text.write_text("\n".join(x for x in lines if not x.startswith((">>>>>>>", "## Laws"))))
    harvest.edited("sums")
    harvest.install("sums")
    assert "## My rules" in md.read_text()


def test_a_script_that_the_user_changed_stays_and_the_drafts_lies_beside(tmp_path: Path) -> None:
    harvest, path = installed(tmp_path)
    (path / "scripts" / "total.py").write_text("print('mine')\n")
    merged = harvest.merge(again(harvest, tmp_path).name, "sums")
    assert merged.files["scripts/total.py"] == b"print('mine')\n"
    assert merged.files["scripts/total-draft.py"] == SCRIPT.encode()
    assert any("both changed scripts/total.py" in flag for flag in merged.flags)


def test_a_skill_written_by_hand_is_extended_below_its_own_text(tmp_path: Path) -> None:
    harvest = worked(tmp_path)
    mine = harvest.places.my_skills / "sums"
    mine.mkdir(parents=True)
    own = "---\nname: sums\ndescription: Mine.\n---\n\n# Sums\n\nBy hand.\n"
    (mine / "SKILL.md").write_text(own)
    merged = harvest.merge(again(harvest, tmp_path).name, "sums")
    assert merged.body.startswith("# Sums\n\nBy hand.\n") and merged.description == "Mine."
    assert "A line of the draft's." in merged.body and "scripts/total.py" in merged.files


def test_undo_of_an_update_brings_the_version_before_back(tmp_path: Path) -> None:
    harvest, path = installed(tmp_path)
    before = (path / "SKILL.md").read_bytes()
    harvest.merge(again(harvest, tmp_path).name, "sums")
    harvest.install("sums")
    assert (path / "SKILL.md").read_bytes() != before
    harvest.uninstall("sums")
    assert (path / "SKILL.md").read_bytes() == before


@pytest.mark.parametrize("into", ["nothing", "../../etc", ""])
def test_only_a_skill_of_mine_can_be_updated(tmp_path: Path, into: str) -> None:
    harvest = worked(tmp_path)
    draft = again(harvest, tmp_path)
    with pytest.raises(NotFound):
        harvest.merge(draft.name, into)
    assert harvest.names() == [draft.name]


def test_a_line_put_above_others_takes_none_of_their_receipts(tmp_path: Path) -> None:
    harvest = worked(tmp_path)
    draft = harvest.create(harvest.byproducts(["s1"]))
    receipts = {line.text: line.receipt for line in draft.lines}
    md = harvest.drafts / draft.name / "SKILL.md"
    head, _, rest = md.read_text().partition("## ")
    md.write_text(f"{head}A line of mine.\n\n## {rest}")
    for line in harvest.edited(draft.name).lines:
        assert line.receipt == receipts.get(line.text, ""), line.text


def test_looking_at_a_draft_is_no_round(tmp_path: Path) -> None:
    harvest = worked(tmp_path)
    draft = harvest.create(harvest.byproducts(["s1"]))
    assert harvest.edited(draft.name).rounds == [] and harvest.draft(draft.name).version == 1


def test_uses_count_as_help_unless_undone_or_corrected() -> None:
    def turn(number: int, text: str = "go") -> list[ev.Event]:
        return [
            ev.UserMessage(turn=number, text=text),
            ev.SkillUsed(name="sums", how="tool", turn=number, at=f"2026-01-0{number}"),
            ev.TurnEnded(turn=number, reason="end_turn"),
        ]

    events = [*turn(1), *turn(2), *turn(3, "No, that is wrong, use Decimal"), *turn(4)]
    events.append(ev.TurnUndone(turn=4))
    assert count(look(events)) == {"sums": (4, 2, "2026-01-04")}


def test_what_nobody_used_for_weeks_is_offered_for_the_archive(tmp_path: Path) -> None:
    import os

    harvest, path = installed(tmp_path)
    (fresh,) = harvest.uses()
    assert (fresh.name, fresh.used, fresh.idle) == ("sums", 0, False)
    old = (datetime.now(UTC) - timedelta(weeks=8)).timestamp()
    os.utime(path / "SKILL.md", (old, old))
    assert harvest.uses()[0].idle


async def test_a_model_is_asked_once_which_messages_would_open_the_skill(tmp_path: Path) -> None:
    harvest = worked(tmp_path)
    draft = harvest.create(harvest.byproducts(["s1"]))
    asked: list[str] = []

    async def ask(prompt: str) -> str:
        asked.append(prompt)
        lines = [x.partition(": ") for x in prompt.splitlines() if x[:1].isdigit()]
        return ", ".join(n for n, _, text in lines if "sum" in text.lower() or "No," in text)

    check = await harvest.check_by_model(draft, ask)
    assert check.passed and len(asked) == 1 and "2/2" in check.detail

    async def babble(prompt: str) -> str:
        return "I am a skill."

    assert (await harvest.check_by_model(draft, babble)).passed is None
    kept = harvest.keep_check(draft.name, check)
    assert json.loads((harvest.drafts / kept.name / "harvest.json").read_text())["checks"]


OTHER = "import json\nimport pathlib\nprint(json.loads(pathlib.Path('boats.json').read_text()))\n"


def two_scripts(harvest: Harvest) -> SkillDraft:
    """A draft with the script that my skill `sums` has, and another one."""
    found = harvest.byproducts(["s1"])
    boats = Found("file", OTHER, "/home/ada/work/boats.py", origin=found[0].origin)
    boats.signals |= {"ran": True, "passed": True, "command": "python3 boats.py"}
    return harvest.create([*found, boats], "boats")


def test_a_split_brings_what_is_known_home_and_leaves_the_rest_a_draft(tmp_path: Path) -> None:
    harvest, _ = installed(tmp_path)
    draft = two_scripts(harvest)
    near = harvest.neighbours(draft)[0]
    assert (near.name, near.offer, near.parts) == ("sums", "split", ("scripts/total.py",))
    home = harvest.merge(draft.name, "sums", "split")
    assert home.name == "sums" and set(home.files) == {"scripts/total.py"}
    rest = harvest.draft("boats")
    assert set(rest.files) == {"scripts/boats.py"} and "total.py" not in rest.body
    assert "boats.py" not in home.body and "scripts/boats.py" in rest.body
    assert "## Files\n\n- `scripts/boats.py`" in rest.body, "no heading stands over nothing"
    for name in ("sums", "boats"):
        assert validate(harvest.install(name)).findings == ()


def test_a_draft_that_is_all_of_one_skill_is_not_split(tmp_path: Path) -> None:
    harvest, _ = installed(tmp_path)
    draft = again(harvest, tmp_path)
    with pytest.raises(AgentdeckError, match="nothing to split"):
        harvest.merge(draft.name, "sums", "split")
    assert harvest.names() == [draft.name]


def test_an_extension_changes_nothing_of_the_skills_own_text(tmp_path: Path) -> None:
    harvest, path = installed(tmp_path)
    before = (path / "SKILL.md").read_text()
    draft = again(harvest, tmp_path)
    md = harvest.drafts / draft.name / "SKILL.md"
    md.write_text(md.read_text().replace("## Files", "## Laws"))
    harvest.edited(draft.name)
    merged = harvest.merge(draft.name, "sums", "extend")
    assert merged.skill_md().startswith(before.rstrip()) and "## Laws" in merged.body


@pytest.mark.parametrize(
    ("keep", "there", "gone"),
    [("yours", "## My rules", "## Laws"), ("draft", "## Laws", "## My rules")],
)
def test_a_place_that_both_changed_is_decided(
    tmp_path: Path, keep: str, there: str, gone: str
) -> None:
    harvest, path = installed(tmp_path)
    (path / "SKILL.md").write_text(
        (path / "SKILL.md").read_text().replace("## Rules", "## My rules")
    )
    draft = again(harvest, tmp_path)
    text = harvest.drafts / draft.name / "SKILL.md"
    text.write_text(text.read_text().replace("## Rules", "## Laws"))
    merged = harvest.merge(draft.name, "sums")
    assert "!! changed by you and by the draft" in merged.rounds[-1]["three_way"]
    (place,) = places(merged)
    assert (place.yours, place.draft) == ("## My rules", "## Laws")
    with pytest.raises(AgentdeckError):
        harvest.resolve("sums", 1, keep)
    decided = harvest.resolve("sums", 0, keep)
    assert there in decided.body and gone not in decided.body and not places(decided)
    assert decided.rounds[-1]["kept"] == keep and not decided.flags
    harvest.install("sums")


@pytest.mark.parametrize("keep", ["yours", "draft", "both"])
def test_a_script_that_both_changed_is_decided(tmp_path: Path, keep: str) -> None:
    harvest, path = installed(tmp_path)
    (path / "scripts" / "total.py").write_text("print('mine')\n")
    merged = harvest.merge(again(harvest, tmp_path).name, "sums")
    assert [place.name for place in places(merged)] == ["scripts/total.py"]
    files = harvest.resolve("sums", 0, keep).files
    mine, theirs = b"print('mine')\n", SCRIPT.encode()
    assert files["scripts/total.py"] == (theirs if keep == "draft" else mine)
    assert files.get("scripts/total-draft.py") == (theirs if keep == "both" else None)
    assert not places(harvest.draft("sums"))


def test_an_update_with_other_material_takes_nothing_away(tmp_path: Path) -> None:
    harvest, path = installed(tmp_path)
    before = (path / "SKILL.md").read_text()
    record(
        tmp_path,
        "s9",
        ev.UserMessage(turn=1, text="Write me the mean"),
        ev.ToolCall(turn=1, call="a", name="Write", input={"file_path": "mean.py", "content": "1"}),
        ev.ToolResult(turn=1, call="a", status="ok"),
        ev.ToolCall(turn=1, call="b", name="Bash", input={"command": "python3 mean.py"}),
        ev.ToolResult(turn=1, call="b", status="ok", data={"exit_code": 0}),
    )
    draft = harvest.create(harvest.byproducts(["s9"]), "means")
    merged = harvest.merge(draft.name, "sums")
    now = merged.skill_md().splitlines()
    assert [line for line in before.splitlines()[3:] if line not in now] == []
    assert "- `scripts/mean.py`: run as `python3 mean.py`, which passed" in now
    assert "sum the numbers" in merged.description and "mean.py" in merged.description
    by_text = {line.text: line.receipt for line in merged.lines}
    assert all(by_text[line] for line in now if line.startswith("- "))
    assert not places(merged)
    harvest.install("sums")
    assert validate(path).findings == ()
