"""`agentdeck skills …`: what it prints and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from sessions.cli.skills import skills
from sessions.errors import AgentdeckError, NeedsPerson, NotFound
from sessions.library import library
from tests.support.invoked import invoke
from tests.support.skill_folders import make_skill

LISTED = {"name", "description", "path", "scope", "shadowed_by", "listing_tokens", "valid"}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AGENTDECK_HOME", str(tmp_path / "deck"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


def call(*args: str) -> Result:
    result = invoke(skills, args)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def as_json(*args: str) -> Any:
    return json.loads(call(*args, "--json").stdout)


def mine(place: Path) -> Path:
    return place / "deck/skills"


def test_list_prints_the_shape_that_was_promised(place: Path) -> None:
    folder = make_skill(mine(place))
    rows = {row["name"]: row for row in as_json("list")}
    assert rows["demo"].keys() >= LISTED
    assert rows["demo"]["path"] == str(folder)
    assert (rows["demo"]["scope"], rows["demo"]["valid"]) == ("mine", True)
    assert rows["deepen"]["scope"] == "bundled"


def test_configured_folders_are_looked_at(place: Path) -> None:
    folder = make_skill(place / "more", "extra")
    (place / "deck").mkdir()
    (place / "deck/config.toml").write_text(f'[skills]\npaths = ["{place}/more"]\n')
    rows = {row["name"]: row for row in as_json("list")}
    assert (rows["extra"]["path"], rows["extra"]["scope"]) == (str(folder), "configured")


def test_list_shows_what_shadows_what(place: Path) -> None:
    winner = make_skill(mine(place))
    make_skill(place / "home/.claude/skills")
    rows = [row for row in as_json("list") if row["name"] == "demo"]
    assert [row["shadowed_by"] for row in rows] == [None, str(winner)]


def test_list_tells_people_what_does_not_load(place: Path) -> None:
    make_skill(mine(place), "good")
    (mine(place) / "bad").mkdir()
    (mine(place) / "bad/SKILL.md").write_text("nothing")
    result = call("list")
    assert "good" in result.stdout
    assert "1 folder" in result.stderr
    assert "frontmatter" in call("list", "--broken").stdout
    assert as_json("list", "--broken")[0]["rule"] == "no-frontmatter"


def test_no_foreign_text_reaches_the_terminal_as_control_codes(place: Path) -> None:
    folder = make_skill(mine(place), description="'x'", body="\x1b]0;evil\x07\x9b31m\n")
    (folder / "a\x1b[2J.py").write_text("curl x\x1b[31m | sh\n")
    for args in (["list"], ["show", "demo", "--review"], ["validate", str(folder)]):
        output = call(*args).output
        assert all(c.isprintable() or c == "\n" for c in output)


def test_show_has_everything_about_one(place: Path) -> None:
    make_skill(mine(place), front="allowed-tools: Read\n", files={"scripts/a.py": "1"})
    data = as_json("show", "demo", "--review")
    assert data["files"] == ["SKILL.md", "scripts/a.py"]
    assert data["allowed_tools"] == ["Read"]
    assert data["review"]["scripts"] == ["scripts/a.py"]
    assert "Do it." in call("show", "demo").stdout


def test_an_unknown_name_names_the_nearest() -> None:
    with pytest.raises(NotFound, match="deepen"):
        call("show", "deepn")


def test_validate_prints_an_object_a_line_in_the_order_given(place: Path) -> None:
    good, bad = make_skill(place / "x", "good"), make_skill(place / "x", "Bad")
    result = call("validate", str(bad), str(good), str(place / "nowhere"), "--json")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["path"] for row in rows] == [str(bad), str(good), str(place / "nowhere")]
    assert [row["valid"] for row in rows] == [False, True, False]
    assert rows[0]["findings"][0].keys() >= {"rule", "line", "message"}
    assert rows[1]["findings"] == []
    assert result.exit_code == 1


def test_validate_ends_well_if_all_are_valid(place: Path) -> None:
    assert call("validate", str(make_skill(place / "x"))).exit_code == 0


def test_validate_takes_a_tree_for_the_skills_in_it(place: Path) -> None:
    make_skill(place / "x", "one")
    make_skill(place / "x/y", "two")
    assert len(call("validate", str(place / "x"), "--json").stdout.splitlines()) == 2


def test_validate_shows_people_where_and_what_to_do(place: Path) -> None:
    folder = make_skill(place / "x", front="version: 1\n")
    output = call("validate", str(folder)).stdout
    assert f"{folder}/SKILL.md:4: unknown-key: " in output
    assert "metadata" in output


def test_add_review_trust_and_use(place: Path) -> None:
    source = make_skill(place / "src", files={"scripts/a.sh": "curl https://x.example\n"})
    output = call("add", str(source)).stdout
    assert "https://x.example" in output
    assert "skills trust demo" in output
    shelf = library()
    with pytest.raises(Exception, match="reviewed"):
        shelf.require(shelf.get("demo"))
    assert as_json("trust", "demo")[0]["trusted"] is True
    assert library().require(shelf.get("demo"))
    assert as_json("trust", "demo", "--revoke")[0]["trusted"] is False
    with pytest.raises(Exception, match="reviewed"):
        library().require(shelf.get("demo"))


def test_add_refuses_in_plain_words(place: Path) -> None:
    folder = make_skill(place / "src")
    (folder / "leak").symlink_to("/etc/passwd")
    with pytest.raises(AgentdeckError, match="leak is a link that leaves the folder"):
        call("add", str(folder))
    assert [row for row in as_json("list") if row["scope"] == "mine"] == []


def test_a_removed_skill_is_put_back(place: Path) -> None:
    folder = make_skill(mine(place))
    assert as_json("remove", "demo")[0]["was"] == str(folder)
    assert not folder.exists()
    assert as_json("remove", "--undo") == [{"path": str(folder)}]
    assert folder.exists()


def test_a_projects_skill_waits_for_the_folders_trust(place: Path) -> None:
    make_skill(place / "work/.agents/skills", "theirs")
    with pytest.raises(NeedsPerson, match="--folder"):
        call("trust", "theirs")
    assert as_json("trust", "--folder", str(place / "work"))[0]["trusted"] is True
    assert as_json("trust", "theirs")[0]["trusted"] is True


@pytest.mark.parametrize("args", [["validate"], ["remove"], ["trust"], ["nonsense"]])
def test_wrong_usage_is_exit_code_two(args: list[str]) -> None:
    assert call(*args).exit_code == 2


@pytest.mark.parametrize("command", ["list", "show", "validate", "add", "remove", "trust"])
def test_every_command_explains_itself(command: str) -> None:
    assert call(command, "-h").exit_code == 0


def test_what_the_library_keeps_is_for_the_user_alone(place: Path) -> None:
    call("add", str(make_skill(place / "src")), "--trust")
    call("remove", "demo")
    for path in (place / "deck").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
