"""Skills are found where they lie, in a fixed order, whatever the tree looks like."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from skills import discover
from skills.discover import Root, Scanner, project_folders, roots
from skills.library import Library, SkillPlaces
from skills.skill import Scope, Skill
from tests.support.skill_folders import make_skill


@pytest.fixture
def library(tmp_path: Path) -> Library:
    home = tmp_path / "home"
    home.mkdir()
    places = SkillPlaces(mine=tmp_path / "mine", keep=tmp_path / "keep", home=home)
    return Library(places)


def own(skills: list[Skill]) -> list[Skill]:
    return [skill for skill in skills if skill.scope is not Scope.BUNDLED]


def scan(root: Path) -> discover.FoundSkills:
    return Scanner().scan([Root(root, Scope.MINE)])


def test_every_scope_is_found_and_named(library: Library, tmp_path: Path) -> None:
    project = tmp_path / "work"
    make_skill(project / ".agents/skills", "in-project")
    make_skill(tmp_path / "mine", "of-mine")
    make_skill(tmp_path / "home/.claude/skills", "at-home")
    found = {skill.name: skill.scope for skill in own(library.scan(project))}
    assert found == {
        "in-project": Scope.PROJECT,
        "of-mine": Scope.MINE,
        "at-home": Scope.HOME,
    }


def test_the_bundled_skills_are_found(library: Library) -> None:
    bundled = {s.name for s in library.scan() if s.scope is Scope.BUNDLED}
    assert {"acronym-priming", "skill-creator", "compose"} <= bundled


def test_a_project_is_searched_upwards_to_the_repository(tmp_path: Path) -> None:
    (tmp_path / "repo/.git").mkdir(parents=True)
    deep = tmp_path / "repo/a/b"
    deep.mkdir(parents=True)
    folders = project_folders(deep, tmp_path / "home")
    assert folders == [deep, deep.parent, tmp_path / "repo"]


def test_a_folder_that_may_not_be_read_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, stat = tmp_path / "closed", os.stat

    def refused(path: Any, *args: Any, **kwargs: Any) -> os.stat_result:
        if str(path).startswith(f"{closed}/"):
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, *args, **kwargs)

    monkeypatch.setattr(os, "stat", refused)
    assert project_folders(closed, tmp_path) == [closed]


def test_home_is_no_project(tmp_path: Path) -> None:
    assert project_folders(tmp_path / "home/a", tmp_path / "home") == [tmp_path / "home/a"]


def test_mine_is_mine_even_where_another_program_looks_too(tmp_path: Path) -> None:
    mine = tmp_path / ".agents/skills"
    found = [root.scope for root in roots(None, mine, tmp_path) if root.path == mine]
    assert found == [Scope.MINE]


def test_a_trusted_projects_skill_comes_before_mine(library: Library, tmp_path: Path) -> None:
    project = tmp_path / "work"
    theirs = make_skill(project / ".agents/skills", "same")
    mine = make_skill(tmp_path / "mine", "same")
    library.lock.trust_folder(project)
    shadowed = {s.path: s.shadowed_by for s in own(library.scan(project))}
    assert shadowed == {theirs: None, mine: theirs}
    assert library.get("same", project).path == theirs


def test_a_strange_projects_skill_does_not_take_the_place_of_mine(
    library: Library, tmp_path: Path
) -> None:
    theirs = make_skill(tmp_path / "work/.agents/skills", "same")
    mine = make_skill(tmp_path / "mine", "same")
    shadowed = {s.path: s.shadowed_by for s in own(library.scan(tmp_path / "work"))}
    assert shadowed == {mine: None, theirs: mine}


def test_names_that_look_alike_shadow_each_other(tmp_path: Path) -> None:
    make_skill(tmp_path, "a", front="")
    folder = make_skill(tmp_path, "b")
    text = (folder / "SKILL.md").read_text().replace("name: b", "name: Ａ")
    (folder / "SKILL.md").write_text(text)
    found = scan(tmp_path).skills
    assert [s.shadowed_by for s in found] == [None, tmp_path / "a"]


def test_the_walk_stops_at_a_skill(tmp_path: Path) -> None:
    make_skill(tmp_path / "group/outer/examples", "inner")
    make_skill(tmp_path / "group", "outer")
    assert [s.name for s in scan(tmp_path).skills] == ["outer"]


def test_folders_that_hold_no_skills_are_left_out(tmp_path: Path) -> None:
    for name in (".git", "node_modules", "__pycache__", f"{discover.PARTIAL}x"):
        make_skill(tmp_path / name, "hidden")
    assert scan(tmp_path).skills == []


def test_only_the_exact_file_name_makes_a_skill(tmp_path: Path) -> None:
    folder = make_skill(tmp_path)
    (folder / "SKILL.md").rename(folder / "Skill.txt")
    assert scan(tmp_path).skills == []


def test_a_folder_that_is_a_skill_itself_is_one(tmp_path: Path) -> None:
    assert [s.name for s in scan(make_skill(tmp_path)).skills] == ["demo"]


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    make_skill(tmp_path / "a", "demo")
    (tmp_path / "a/up").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to("self")
    assert [s.name for s in scan(tmp_path).skills] == ["demo"]


def test_one_folder_that_two_roots_lead_to_is_one_skill(tmp_path: Path) -> None:
    folder = make_skill(tmp_path / "one", "demo")
    (tmp_path / "two").mkdir()
    (tmp_path / "two/demo").symlink_to(folder)
    both = [Root(tmp_path / "one", Scope.MINE), Root(tmp_path / "two", Scope.HOME)]
    assert [s.path for s in Scanner().scan(both).skills] == [folder]


def test_a_deep_tree_is_bounded(tmp_path: Path) -> None:
    make_skill(tmp_path / "1/2/3/4/5", "near")
    make_skill(tmp_path / "1/2/3/4/5/6/7", "far")
    assert [s.name for s in scan(tmp_path).skills] == ["near"]


def test_a_huge_tree_is_bounded_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discover, "MAX_FOLDERS", 5)
    for number in range(9):
        make_skill(tmp_path, f"s{number}")
    found = scan(tmp_path)
    assert len(found.skills) == 4
    assert "5 folders" in found.notices[0]


def test_what_does_not_load_is_told_and_hurts_nobody(tmp_path: Path) -> None:
    make_skill(tmp_path, "good")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad/SKILL.md").write_text("# no frontmatter")
    (tmp_path / "gone").mkdir()
    (tmp_path / "gone/SKILL.md").symlink_to("nowhere")
    (tmp_path / "pipe").mkdir()
    os.mkfifo(tmp_path / "pipe/SKILL.md")
    found = scan(tmp_path)
    assert [s.name for s in found.skills] == ["good"]
    assert sorted(b.path.name for b in found.broken) == ["bad", "gone", "pipe"]


def test_a_change_is_seen_at_the_next_scan(tmp_path: Path) -> None:
    scanner, root = Scanner(), [Root(tmp_path, Scope.MINE)]
    folder = make_skill(tmp_path)
    before = scanner.scan(root).skills[0]
    assert scanner.scan(root).skills[0] is before
    text = (folder / "SKILL.md").read_text()
    (folder / "SKILL.md").write_text(text.replace("well", "better"))
    assert "better" in scanner.scan(root).skills[0].description
    (folder / "SKILL.md").unlink()
    assert scanner.scan(root).skills == []


def test_a_name_is_found_in_spite_of_case_and_a_typing_error_gets_a_hint(
    library: Library, tmp_path: Path
) -> None:
    make_skill(tmp_path / "mine", "my-skill")
    assert library.get("My_Skill").name == "my-skill"
    with pytest.raises(Exception, match="my-skill"):
        library.get("my-skil")
